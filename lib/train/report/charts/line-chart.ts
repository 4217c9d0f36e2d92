/** Curves over the steps of a run, as an SVG. */
import { escapeHtml } from "../../../data/inspect/escape-html";
import { svg, WIDTH } from "../../../data/inspect/svg";
import { formatMeasure } from "../../progress-format";
import { axisOver, drawAxes } from "./axes";
import { thin, type ThinPoint } from "./thin";

/** A value at a step. */
export interface CurvePoint {
  readonly step: number;
  readonly value: number;
}

interface Look {
  readonly name: string;
  readonly colour: string;
  /** Lengths of dashes and gaps, so that curves differ without colours, too. Default: one line. */
  readonly dashes?: string;
  /** Marks every point, with its numbers for a pointer over it; a lone point is always marked. */
  readonly marked?: boolean;
}

export interface Curve extends Look {
  /** In the order of their steps. */
  readonly points: readonly CurvePoint[];
}

export interface LineChart {
  readonly title: string;
  readonly curves: readonly Curve[];
  /** A step that stands out, and what it is. */
  readonly mark?: { readonly step: number; readonly text: string } | undefined;
}

interface Drawable extends Look {
  readonly points: readonly ThinPoint[];
  /** Whether points stand for several. */
  readonly thinned: boolean;
}

const PLOT = { left: 64, right: WIDTH - 24, top: 28, bottom: 184 };
const HEIGHT = PLOT.bottom + 24;
/** Of a small letter. */
const LETTER = 6.5;
/** Steps that are labelled. */
const LABELS = 6;

/**
 * Curves to scale, by the page's own colours but for themselves. Points that are not finite are left out; of a long
 * curve there are means, with a band from the least to the greatest. Nothing where there is no point.
 */
export function lineChart({ title, curves, mark }: LineChart): string {
  const shown = curves.map(drawable).filter(({ points }) => points.length > 0);
  const all = shown.flatMap(({ points }) => points);
  if (all.length === 0) return "";
  const steps = axisOver(
    all.map(({ step }) => step),
    { labels: LABELS, whole: true },
  );
  const { across, up, drawn } = drawAxes(PLOT, steps, axisOver(all.flatMap(({ low, high }) => [low, high])));
  const place = (step: number, value: number): string => `${across(step)},${up(value)}`;
  const dashed = ({ dashes }: Look): string => (dashes === undefined ? "" : ` stroke-dasharray="${dashes}"`);

  const band = ({ points, thinned, colour }: Drawable): string => {
    if (!thinned) return "";
    const edge = [
      ...points.map(({ step, high }) => place(step, high)),
      ...points.toReversed().map(({ step, low }) => place(step, low)),
    ];
    return `<polygon points="${edge.join(" ")}" fill="${colour}" fill-opacity=".3"></polygon>`;
  };
  const line = (curve: Drawable): string =>
    `<polyline points="${curve.points.map(({ step, value }) => place(step, value)).join(" ")}" fill="none" stroke="${curve.colour}" stroke-width="1.5"${dashed(curve)}></polyline>`;
  const dots = ({ name, colour, points, marked }: Drawable): string[] =>
    marked === true || points.length === 1
      ? points.map(
          ({ step, value }) =>
            `<circle cx="${across(step)}" cy="${up(value)}" r="2.5" fill="${colour}"><title>${escapeHtml(`${name}, step ${step}: ${formatMeasure(value)}`)}</title></circle>`,
        )
      : [];
  const marker = mark
    ? `<path d="M${across(mark.step)} ${PLOT.top}V${PLOT.bottom}" fill="none" stroke="currentColor" stroke-dasharray="2 3"><title>${escapeHtml(mark.text)}</title></path>`
    : "";

  let at = PLOT.left;
  const legend = shown.map((curve) => {
    const from = at;
    at += 42 + curve.name.length * LETTER;
    return `<path d="M${from} 12h18" fill="none" stroke="${curve.colour}" stroke-width="2"${dashed(curve)}></path><text x="${from + 24}" y="16" fill="${curve.colour}">${escapeHtml(curve.name)}</text>`;
  });
  return svg(title, HEIGHT, [
    ...drawn,
    marker,
    ...shown.map(band),
    ...shown.map(line),
    ...shown.flatMap(dots),
    ...legend,
  ]);
}

function drawable({ points, ...look }: Curve): Drawable {
  const finite = points.filter(({ value }) => Number.isFinite(value));
  const thinned = thin(finite);
  return { ...look, points: thinned, thinned: thinned.length < finite.length };
}
