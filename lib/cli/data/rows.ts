/** Opens files of any format as a source of rows, and reads labelled texts of them. */
import { TextDataset, type TextSourceOptions } from "../../data/text-dataset";
import { csvSource } from "../../data/sources/csv-source";
import { folderSource } from "../../data/sources/folder-source";
import { jsonLinesSource } from "../../data/sources/json-lines-source";
import { jsonSource } from "../../data/sources/json-source";
import { parquetSource } from "../../data/sources/parquet-source";
import type { Fields, RowSource } from "../../data/sources/source-row";
import type { LabelSettings, RowSettings } from "../settings/data-settings";
import { UsageError } from "../usage-error";
import { formatOf } from "./file-format";

/** At least one. */
export type Files = readonly [string, ...string[]];

/** Rows with all of their columns, read as they are asked for. */
export function openRows(operation: string, files: Files, settings: RowSettings): RowSource<Fields> {
  const { format, shared, text, csv, folder } = readingOf(files, settings);
  switch (format) {
    case "csv":
    case "tsv":
      return csvSource(operation, files, csv);
    case "json":
      return jsonSource(operation, files, text);
    case "jsonl":
      return jsonLinesSource(operation, files, text);
    case "parquet":
      return parquetSource(operation, files, shared);
    case "folder":
      return folderSource(operation, oneFolder(files), folder);
  }
}

/** Texts in memory; with labels where `label` names their column. */
export function readTexts(
  files: Files,
  settings: RowSettings & LabelSettings,
  labels?: readonly string[],
): Promise<TextDataset> {
  const { format, shared, text, csv, folder } = readingOf(files, settings);
  const { label, labelSeparator, problemType } = settings;
  const columns: TextSourceOptions<object> = {
    text: settings.text ?? "text",
    ...(settings.textPair !== undefined && { pair: settings.textPair }),
    ...(label !== undefined && { label }),
    ...(labelSeparator !== undefined && { labelSeparator }),
    ...(problemType !== undefined && { problemType }),
    ...(labels && labels.length > 0 && { labels }),
  };
  switch (format) {
    case "csv":
    case "tsv":
      return TextDataset.fromCsv(files, { ...columns, ...csv });
    case "json":
      return TextDataset.fromJson(files, { ...columns, ...text });
    case "jsonl":
      return TextDataset.fromJsonLines(files, { ...columns, ...text });
    case "parquet":
      return TextDataset.fromParquet(files, { ...columns, ...shared });
    case "folder":
      return TextDataset.fromFolder(oneFolder(files), { ...folder, ...(labels && labels.length > 0 && { labels }) });
  }
}

function readingOf(files: Files, { format: asked, delimiter, encoding, pattern, skipBadRows }: RowSettings) {
  const format = formatOf(files, asked);
  if (delimiter !== undefined && format !== "csv") throw new UsageError(`--delimiter: expected CSV, got ${format}`);
  if (pattern !== undefined && format !== "folder") throw new UsageError(`--pattern: expected a folder, got ${format}`);
  const shared = { onBadRow: skipBadRows === true ? "skip" : "error" } as const;
  const text = { ...shared, ...(encoding !== undefined && { encoding }) };
  const separator = format === "tsv" ? "\t" : delimiter;
  return {
    format,
    shared,
    text,
    csv: { ...text, ...(separator !== undefined && { delimiter: separator }) },
    folder: { ...text, ...(pattern !== undefined && { pattern }) },
  };
}

function oneFolder([folder, ...others]: Files): string {
  if (others.length > 0) {
    throw new UsageError(`expected one folder with a folder for each class, got ${others.length + 1}`);
  }
  return folder;
}
