/** A dataset as its first rows: for `console.log`, a prompt or a notebook. */
import { inspect } from "node:util";
import type { Label } from "./example";
import { excerptOf } from "./inspect/excerpt";
import type { Column, Section } from "./inspect/layout";
import { plural, significant } from "./inspect/numbers";
import { renderText } from "./inspect/render-text";
import type { Reading } from "./inspect/prints-as";
import type { MapDataset } from "./map-dataset";
import type { ProblemType } from "./problem-type";

/** Columns that every terminal has. */
const WIDTH = 80;
/** Rows that are shown, fields of a row, and letters of a text. */
const ROWS = 5;
const FIELDS = 8;
const LETTERS = 160;

/** What is known of a dataset; of texts their labels, too. */
type DescribedDataset = MapDataset<unknown> & {
  readonly problemType?: ProblemType | undefined;
  readonly labels?: readonly string[];
};

/** `TextDataset of 60 rows, 2 classes`. */
export function datasetHeading(dataset: MapDataset<unknown>): string {
  const { problemType, labels = [] } = dataset as DescribedDataset;
  const name = dataset.constructor.name;
  const what =
    problemType === undefined
      ? []
      : [
          problemType === "regression" ? "targets of a regression" : plural(labels.length, "class", "classes"),
          ...(problemType === "multi-label" || problemType === "soft-label" ? [problemType] : []),
        ];
  return [`${name} of ${plural(dataset.length, "row")}`, ...what].join(", ");
}

/** A table of the first rows. */
export function datasetSections(dataset: MapDataset<unknown>): Section[] {
  const shown = Array.from({ length: Math.min(ROWS, dataset.length) }, (_, row) => dataset.get(row));
  const records = shown.map((row): Readonly<Record<string, unknown>> => (isRecord(row) ? row : { row }));
  const names = [...new Set(records.flatMap((record) => Object.keys(record)))];
  // The label first: texts are long, and what stands behind them is hard to find.
  const sorted = names.toSorted((a, b) => Number(a !== "label") - Number(b !== "label")).slice(0, FIELDS);
  const columns = sorted.map((title): Column => ({
    title,
    numeric: records.every((record) => typeof record[title] === "number"),
  }));
  const rows = records.map((record) => sorted.map((name) => cellText(record[name])));
  const title = dataset.length > ROWS ? `The first ${ROWS} rows` : "All rows";
  return [{ title, blocks: [{ kind: "table", columns, rows }] }];
}

/** For `util.inspect`. */
export function datasetReading(dataset: MapDataset<unknown>): Reading {
  return {
    whole: () => renderText(datasetHeading(dataset), datasetSections(dataset), WIDTH),
    short: () => datasetHeading(dataset),
  };
}

function isRecord(row: unknown): row is Readonly<Record<string, unknown>> {
  return typeof row === "object" && row !== null && !Array.isArray(row);
}

function cellText(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value === "string") return excerptOf(value, 0, LETTERS);
  if (typeof value === "number") return significant(value);
  if (Array.isArray(value) && value.every((part) => typeof part === "string")) {
    return excerptOf((value as Label & readonly string[]).join(" | "), 0, LETTERS);
  }
  return excerptOf(inspect(value, { depth: 1, breakLength: Infinity, compact: true }), 0, LETTERS);
}
