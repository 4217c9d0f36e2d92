/** The calibration curve: how often predictions come true, by how probable the model says they are. */
import { escapeHtml } from "../../../data/inspect/escape-html";
import type { Axis } from "../../../data/inspect/layout";
import { percent, plural } from "../../../data/inspect/numbers";
import { BLUE, ORANGE, round, svg } from "../../../data/inspect/svg";
import type { ReliabilityBin } from "../../../metrics/reliability";
import { drawAxes } from "./axes";

const WIDTH = 360;
const PLOT = { left: 48, right: 344, top: 10, bottom: 260 };
/** Below the curve: how many predictions there are in each bin. */
const COUNTS = { top: 292, bottom: 340 };
const HEIGHT = 376;

const SHARES: Axis = {
  low: 0,
  high: 1,
  log: false,
  ticks: [0, 0.2, 0.4, 0.6, 0.8, 1].map((at) => ({ at, text: `${Math.round(at * 100)}%` })),
};

export interface ReliabilityChart {
  readonly bins: readonly ReliabilityBin[];
  /** Names of the axes. */
  readonly stated: string;
  readonly true: string;
}

/** A perfect model's points lie on the diagonal; below it a model is too sure of itself. */
export function reliabilityChart({ bins, stated, true: share }: ReliabilityChart): string {
  const { across, up, drawn } = drawAxes(PLOT, SHARES, SHARES);
  const most = Math.max(1, ...bins.map(({ count }) => count));
  const text = ({ count, confidence, accuracy }: ReliabilityBin): string =>
    escapeHtml(`${plural(count, "prediction")}: stated ${percent(confidence)}, true ${percent(accuracy)}`);
  const bars = bins.map((bin) => {
    const [left, right] = [across(bin.from), across(bin.to)];
    const width = round(Math.max(3, right - left - 1)); // the bin of what is exactly 1 has no width
    const height = round((bin.count / most) * (COUNTS.bottom - COUNTS.top));
    return (
      `<g><title>${text(bin)}</title>` +
      `<rect x="${round(Math.min(left, PLOT.right - width))}" y="${up(bin.accuracy)}" width="${width}" height="${round(PLOT.bottom - up(bin.accuracy))}" fill="${BLUE}" fill-opacity=".3"></rect>` +
      `<rect x="${round(Math.min(left, PLOT.right - width))}" y="${round(COUNTS.bottom - height)}" width="${width}" height="${height}" fill="currentColor" fill-opacity=".45"></rect></g>`
    );
  });
  const line = `<polyline points="${bins.map(({ confidence, accuracy }) => `${across(confidence)},${up(accuracy)}`).join(" ")}" fill="none" stroke="${ORANGE}" stroke-width="1.5"></polyline>`;
  const dots = bins.map(
    (bin) =>
      `<circle cx="${across(bin.confidence)}" cy="${up(bin.accuracy)}" r="3.5" fill="${ORANGE}"><title>${text(bin)}</title></circle>`,
  );
  return svg(
    "calibration curve",
    HEIGHT,
    [
      ...drawn,
      ...bars,
      `<path d="M${PLOT.left} ${PLOT.bottom}L${PLOT.right} ${PLOT.top}" fill="none" stroke="currentColor" stroke-dasharray="4 3" stroke-opacity=".6"></path>`,
      line,
      ...dots,
      `<path d="M${PLOT.left} ${COUNTS.bottom}H${PLOT.right}" fill="none" stroke="currentColor" stroke-opacity=".5"></path>`,
      `<text x="${PLOT.left - 6}" y="${COUNTS.top + 8}" text-anchor="end">${most}</text>`,
      `<text x="${PLOT.right}" y="${COUNTS.bottom + 16}" text-anchor="end">${escapeHtml(stated)}</text>`,
      `<text x="${PLOT.left + 8}" y="${PLOT.top + 10}">${escapeHtml(share)}</text>`,
    ],
    WIDTH,
  );
}
