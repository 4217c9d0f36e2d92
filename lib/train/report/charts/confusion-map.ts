/** A confusion matrix with colours: a table with counts for few classes, a map of small cells for many. */
import { escapeHtml } from "../../../data/inspect/escape-html";
import { percent } from "../../../data/inspect/numbers";
import { round, shorten, svg } from "../../../data/inspect/svg";
import type { ConfusionCounts } from "../report-data";

/** Classes whose counts are written out. */
const WRITTEN = 12;
/** Classes that a map shows. */
export const MAPPED = 50;

/** Red, green, blue of right predictions and of wrong ones. */
const RIGHT = "59,130,196";
const WRONG = "217,119,6";

/** Rows are true classes, columns predicted ones; the darker, the more of the row's examples. */
export function confusionMap({ labels, counts }: ConfusionCounts): string {
  const whole = { labels, counts, totals: counts.map((row) => row.reduce((total, count) => total + count, 0)) };
  return labels.length <= WRITTEN ? confusionTable(whole) : confusionCells(mostConfusedClasses(whole));
}

interface Matrix extends ConfusionCounts {
  /** Examples of each true class, those in columns that are not shown among them. */
  readonly totals: readonly number[];
}

/** The part of a matrix that has the classes with the most errors, in the order of the classes. */
function mostConfusedClasses(whole: Matrix): Matrix {
  const { labels, counts, totals } = whole;
  if (labels.length <= MAPPED) return whole;
  const errors = labels.map(() => 0);
  const add = (id: number, count: number): void => void (errors[id] = (errors[id] as number) + count);
  counts.forEach((row, actual) => {
    row.forEach((count, predicted) => {
      if (count === 0 || actual === predicted) return;
      add(actual, count);
      add(predicted, count);
    });
  });
  const chosen = Array.from(errors.keys())
    .sort((a, b) => (errors[b] as number) - (errors[a] as number) || a - b)
    .slice(0, MAPPED)
    .sort((a, b) => a - b);
  return {
    labels: chosen.map((id) => labels[id] as string),
    counts: chosen.map((actual) => chosen.map((predicted) => counts[actual]?.[predicted] ?? 0)),
    totals: chosen.map((id) => totals[id] as number),
  };
}

/** How strong a cell's colour is: a single error can be seen, and counts can be read. */
const strength = (share: number): number => round(0.12 + 0.55 * share);

function confusionTable({ labels, counts, totals }: Matrix): string {
  const head = labels.map((label) => `<th scope="col" dir="auto">${escapeHtml(shorten(label, 24))}</th>`).join("");
  const rows = counts.map((row, actual) => {
    const total = totals[actual] ?? 0;
    const cells = row.map((count, predicted) => {
      const look =
        count === 0
          ? ' class="number none"'
          : ` class="number" style="background:rgba(${actual === predicted ? RIGHT : WRONG},${strength(count / total)})"`;
      return `<td${look} title="${escapeHtml(cellText(labels, actual, predicted, count, total))}">${count}</td>`;
    });
    return `<tr><th scope="row" dir="auto">${escapeHtml(labels[actual] ?? "")}</th>${cells.join("")}</tr>`;
  });
  return `<table class="confusion"><thead><tr><td></td>${head}</tr></thead><tbody>${rows.join("")}</tbody></table>`;
}

const CELL = 14;
const NAMES = { width: 190, letters: 26 };

function confusionCells({ labels, counts, totals }: Matrix): string {
  const size = labels.length * CELL;
  const [left, top] = [NAMES.width, NAMES.width];
  const names = labels.map((label, id) => {
    const middle = id * CELL + CELL / 2 + 4;
    const shown = escapeHtml(shorten(label, NAMES.letters));
    const title = `<title>${escapeHtml(label)}</title>`;
    return (
      `<text x="${left - 6}" y="${top + middle}" text-anchor="end">${shown}${title}</text>` +
      `<text transform="translate(${left + middle} ${top - 6}) rotate(-90)">${shown}${title}</text>`
    );
  });
  const cells = counts.flatMap((row, actual) => {
    const total = totals[actual] ?? 0;
    return row.flatMap((count, predicted) => {
      if (count === 0) return [];
      const place = `x="${left + predicted * CELL}" y="${top + actual * CELL}" width="${CELL}" height="${CELL}"`;
      return [
        `<rect ${place} fill="rgb(${actual === predicted ? RIGHT : WRONG})" fill-opacity="${round(0.25 + 0.75 * (count / total))}"><title>${escapeHtml(cellText(labels, actual, predicted, count, total))}</title></rect>`,
      ];
    });
  });
  const grid = `<path d="${labels.map((_, id) => `M${left} ${top + id * CELL}h${size}M${left + id * CELL} ${top}v${size}`).join("")}" fill="none" stroke="currentColor" stroke-opacity=".1"></path>`;
  const frame = `<rect x="${left}" y="${top}" width="${size}" height="${size}" fill="none" stroke="currentColor" stroke-opacity=".4"></rect>`;
  return svg("confusion matrix", top + size + 4, [grid, ...cells, frame, ...names], left + size + 4);
}

function cellText(labels: readonly string[], actual: number, predicted: number, count: number, total: number): string {
  return `${labels[actual] ?? ""} predicted as ${labels[predicted] ?? ""}: ${count}${total > 0 ? ` (${percent(count / total)})` : ""}`;
}
