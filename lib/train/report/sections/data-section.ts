/** The data of a run and of its evaluation. */
import { labelBlocks } from "../../../data/inspect/layout";
import { percent, short } from "../../../data/inspect/numbers";
import { renderBlock } from "../../../data/inspect/render-html";
import type { DataPart, ReportData } from "../report-data";
import { type PageSection, paragraph, wide } from "./html";

const COLUMNS = [
  "data",
  "rows",
  "batch size",
  "longest row in tokens",
  "delivered rows",
  "tokens per row",
  "padding",
  "rows cut",
  "tokens cut",
];

export function dataSection({ data }: ReportData): PageSection {
  return { id: "data", title: "Data", pieces: [data.length > 0 ? dataHtml(data) : paragraph("None is known.")] };
}

function dataHtml(data: readonly DataPart[]): string {
  const columns = COLUMNS.map((title, at) => ({ title, numeric: at > 0 }));
  const table = renderBlock({
    kind: "table",
    title: "What the loaders delivered in all, over all passes",
    columns,
    rows: data.map(cells),
  });
  return wide(table) + data.flatMap(labelBlocks).map(renderBlock).map(wide).join("");
}

function cells({ name, rows, batchSize, maxLength, delivered }: DataPart): string[] {
  const { examples, tokens, paddingShare, truncated, truncatedTokens } = delivered;
  const size = Number.isFinite(batchSize) ? String(batchSize) : "by tokens";
  const ofExamples =
    examples > 0 ? [short(tokens / examples), percent(paddingShare), percent(truncated / examples)] : ["–", "–", "–"];
  return [name, String(rows), size, String(maxLength), String(examples), ...ofExamples, String(truncatedTokens)];
}
