/** Pieces of HTML that a report's sections are made of. */
import { escapeHtml } from "../../../data/inspect/escape-html";
import { formatMeasure } from "../../progress-format";

/** A part of the page; the table of contents lists its title. */
export interface PageSection {
  readonly id: string;
  readonly title: string;
  /** HTML, made piece by piece as it is asked for, so that others may have their turn in between. */
  readonly pieces: Iterable<string>;
}

/** What a cell holds: text, or HTML that was made of escaped text. */
export type Cell = string | { readonly html: string };

export interface RichColumn {
  readonly title: string;
  readonly numeric?: boolean;
}

/** A table whose cells may be HTML. Texts of data begin where their writing does. */
export function richTable(caption: string, columns: readonly RichColumn[], rows: readonly (readonly Cell[])[]): string {
  const kind = (at: number): string => (columns[at]?.numeric === true ? ' class="number"' : ' dir="auto"');
  const head = columns.map(({ title }, at) => `<th scope="col"${kind(at)}>${escapeHtml(title)}</th>`).join("");
  const body = rows
    .map(
      (row) =>
        `<tr>${row.map((cell, at) => `<td${kind(at)}>${typeof cell === "string" ? escapeHtml(cell) : cell.html}</td>`).join("")}</tr>`,
    )
    .join("");
  return wide(
    `<table><caption>${escapeHtml(caption)}</caption><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`,
  );
}

/** What may be wider than the page, which then does not grow. */
export function wide(html: string): string {
  return `<div class="wide">${html}</div>`;
}

export function paragraph(text: string): string {
  return `<p>${escapeHtml(text)}</p>`;
}

export function figure(caption: string, chart: string): string {
  return chart === "" ? "" : `<figure><figcaption>${escapeHtml(caption)}</figcaption>${chart}</figure>`;
}

/** A loss or a metric; a dash where there is none. */
export function measure(value: number | null | undefined): string {
  return typeof value === "number" && Number.isFinite(value) ? formatMeasure(value) : "–";
}
