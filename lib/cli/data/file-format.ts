/** What format a file has, by its name. */
import { statSync } from "node:fs";
import { UsageError } from "../usage-error";
import type { Format } from "../settings/data-settings";

const BY_EXTENSION: Readonly<Record<string, Format>> = {
  csv: "csv",
  tsv: "tsv",
  tab: "tsv",
  json: "json",
  jsonl: "jsonl",
  ndjson: "jsonl",
  parquet: "parquet",
};

/**
 * The format that all of the files have. Throws UsageError for names that do not say it, or files of several formats.
 */
export function formatOf(files: readonly string[], asked: Format | undefined): Format {
  if (asked !== undefined) return asked;
  const formats = files.map((file) => [file, oneFormat(file)] as const);
  const [unknown] = formats.find(([, format]) => format === undefined) ?? [];
  if (unknown !== undefined) {
    throw new UsageError(
      `expected a file whose name ends in .${Object.keys(BY_EXTENSION).join(", .")}, or a folder with a folder for each class, got "${unknown}"; --format says what it is`,
    );
  }
  const [first, ...others] = new Set(formats.map(([, format]) => format as Format));
  if (first === undefined || others.length > 0) {
    throw new UsageError(
      `expected files of one format, got ${formats.map(([file, format]) => `${file} (${format})`).join(", ")}`,
    );
  }
  return first;
}

/** By the name's end, or as there is such a folder. */
export function oneFormat(file: string): Format | undefined {
  const extension = /\.([^.]+?)$/.exec(file.toLowerCase().replace(/\.(?:gz|zst)$/, ""))?.[1];
  const format = extension === undefined ? undefined : BY_EXTENSION[extension];
  return format ?? (isFolder(file) ? "folder" : undefined);
}

function isFolder(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isDirectory() === true;
}
