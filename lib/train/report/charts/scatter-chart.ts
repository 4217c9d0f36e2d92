/** Predictions of a regression against targets, as an SVG. */
import { escapeHtml } from "../../../data/inspect/escape-html";
import { significant } from "../../../data/inspect/numbers";
import { BLUE, svg } from "../../../data/inspect/svg";
import { axisOver, drawAxes } from "./axes";

const WIDTH = 420;
const PLOT = { left: 64, right: 404, top: 10, bottom: 310 };
const HEIGHT = 352;

export interface TargetPoint {
  readonly row: number;
  readonly actual: number;
  readonly predicted: number;
}

/** Right predictions lie on the diagonal. Nothing where there is no point. */
export function scatterChart(points: readonly TargetPoint[]): string {
  const finite = points.filter(({ actual, predicted }) => Number.isFinite(actual) && Number.isFinite(predicted));
  if (finite.length === 0) return "";
  const axis = axisOver(finite.flatMap(({ actual, predicted }) => [actual, predicted]));
  const { across, up, drawn } = drawAxes(PLOT, axis, axis);
  const dots = finite.map(
    ({ row, actual, predicted }) =>
      `<circle cx="${across(actual)}" cy="${up(predicted)}" r="3" fill="${BLUE}" fill-opacity=".6"><title>${escapeHtml(`row ${row}: target ${significant(actual)}, predicted ${significant(predicted)}`)}</title></circle>`,
  );
  return svg(
    "predictions against targets",
    HEIGHT,
    [
      ...drawn,
      `<path d="M${across(axis.low)} ${up(axis.low)}L${across(axis.high)} ${up(axis.high)}" fill="none" stroke="currentColor" stroke-dasharray="4 3" stroke-opacity=".6"></path>`,
      ...dots,
      `<text x="${PLOT.right}" y="${PLOT.bottom + 34}" text-anchor="end">target</text>`,
      `<text x="${PLOT.left + 8}" y="${PLOT.top + 10}">predicted</text>`,
    ],
    WIDTH,
  );
}
