/** Curves over the steps of a run, in letters, for a terminal. */
import { formatMeasure } from "../../progress-format";
import { extent } from "./axes";
import type { CurvePoint } from "./line-chart";

/** A curve and the letter that it is drawn with. */
export interface TextCurve {
  readonly name: string;
  readonly letter: string;
  readonly points: readonly CurvePoint[];
}

/** Columns and rows of the plot alone. */
const WIDTH = 60;
const HEIGHT = 10;

/**
 * Lines of at most 80 columns; in each column the mean of its points, where curves meet the later one. None where there
 * is no finite point.
 */
export function textChart(curves: readonly TextCurve[]): string[] {
  const shown = curves
    .map((curve) => ({ ...curve, points: curve.points.filter(({ value }) => Number.isFinite(value)) }))
    .filter(({ points }) => points.length > 0);
  const all = shown.flatMap(({ points }) => points);
  if (all.length === 0) return [];
  const [first, last] = extent(all.map(({ step }) => step));
  const cells = shown.map(({ letter, points }) => ({ letter, means: columnMeans(points, first, last) }));
  const [low, high] = extent(cells.flatMap(({ means }) => means.filter((mean) => mean !== undefined)));
  const plot = Array.from({ length: HEIGHT }, () => Array<string>(WIDTH).fill(" "));
  for (const { letter, means } of cells) {
    means.forEach((mean, column) => {
      if (mean === undefined) return;
      const row = high > low ? Math.round(((high - mean) / (high - low)) * (HEIGHT - 1)) : Math.floor(HEIGHT / 2);
      (plot[row] as string[])[column] = letter;
    });
  }
  const labels = new Map(
    high > low
      ? [
          [0, formatMeasure(high)],
          [HEIGHT - 1, formatMeasure(low)],
        ]
      : [[Math.floor(HEIGHT / 2), formatMeasure(low)]],
  );
  const width = Math.max(...[...labels.values()].map(({ length }) => length));
  const legend = shown.map(({ name, letter }) => `${letter} ${name}`).join("   ");
  const ends = first === last ? String(first) : String(first) + String(last).padStart(WIDTH - String(first).length);
  return [
    `${" ".repeat(width)}  ${legend}`,
    ...plot.map((row, at) => `${(labels.get(at) ?? "").padStart(width)} ┤${row.join("")}`.trimEnd()),
    `${" ".repeat(width)} └${"─".repeat(WIDTH)}`,
    `${" ".repeat(width)}  ${ends}  step`,
  ];
}

function columnMeans(points: readonly CurvePoint[], first: number, last: number): (number | undefined)[] {
  const sums = Array.from({ length: WIDTH }, () => ({ sum: 0, count: 0 }));
  for (const { step, value } of points) {
    const column = last > first ? Math.round(((step - first) / (last - first)) * (WIDTH - 1)) : 0;
    const cell = sums[column] as { sum: number; count: number };
    cell.sum += value;
    cell.count += 1;
  }
  return sums.map(({ sum, count }) => (count > 0 ? sum / count : undefined));
}
