/** Axes of charts: what they reach from and to, the round numbers that label them, and how they are drawn. */
import { escapeHtml } from "../../../data/inspect/escape-html";
import type { Axis } from "../../../data/inspect/layout";
import { scale } from "../../../data/inspect/svg";
import { formatLearningRate } from "../../progress-format";

/** Where a chart's points lie, in pixels from the upper left. */
export interface Plot {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface DrawnAxes {
  readonly across: (x: number) => number;
  readonly up: (y: number) => number;
  readonly drawn: readonly string[];
}

/**
 * From the least to the greatest of some numbers, with about so many round ones as labels; whole ones where the numbers
 * count something.
 */
export function axisOver(
  values: readonly number[],
  { labels = 5, whole = false }: { readonly labels?: number; readonly whole?: boolean } = {},
): Axis {
  const [low, high] = extent(values);
  return {
    low,
    high,
    log: false,
    ticks: roundNumbers(low, high, labels, whole).map((at) => ({ at, text: tickText(at) })),
  };
}

/** The least and the greatest; a call with very many arguments would not do. */
export function extent(values: readonly number[]): readonly [low: number, high: number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** Multiples of 1, 2 or 5 times a power of ten, from `low` to `high`; the one number itself where both are the same. */
export function roundNumbers(low: number, high: number, about: number, whole = false): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(
    whole ? 1 : 0,
    power * ([1, 2, 5, 10].find((factor) => factor * power >= rough * (1 - 1e-9)) ?? 10),
  );
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => (first + at) * step);
}

/** Grid, axes and labels of a plot. */
export function drawAxes(plot: Plot, x: Axis, y: Axis): DrawnAxes {
  const [across, up] = [scale(x, plot.left, plot.right), scale(y, plot.bottom, plot.top)];
  const grid = y.ticks.map(({ at }) => `M${plot.left} ${up(at)}H${plot.right}`).join("");
  return {
    across,
    up,
    drawn: [
      `<path d="${grid}" fill="none" stroke="currentColor" stroke-opacity=".12"></path>`,
      `<path d="M${plot.left} ${plot.top}V${plot.bottom}H${plot.right}" fill="none" stroke="currentColor" stroke-opacity=".5"></path>`,
      ...x.ticks.map(
        ({ at, text }) =>
          `<text x="${across(at)}" y="${plot.bottom + 16}" text-anchor="middle">${escapeHtml(text)}</text>`,
      ),
      ...y.ticks.map(
        ({ at, text }) => `<text x="${plot.left - 6}" y="${up(at) + 4}" text-anchor="end">${escapeHtml(text)}</text>`,
      ),
    ],
  };
}

function tickText(value: number): string {
  const size = Math.abs(value);
  if (size > 0 && (size < 1e-3 || size >= 1e6)) return formatLearningRate(Number(value.toPrecision(6)));
  return String(Number(value.toPrecision(6)));
}
