/** Which columns of a table hold the text, its pair and its label, and how its rows become examples. */
import { describe, TorchwrightError } from "../errors";
import type { Example } from "./example";
import { checkProblemType, type ProblemType } from "./problem-type";
import type { BadRowPolicy } from "./sources/source-options";
import { describePlace, type Fields, type Place, type SourceRow } from "./sources/source-row";
import { RowReader } from "./text-row";

/** Names of the columns (CSV, Parquet) or keys (JSON) to read. */
export interface ColumnOptions {
  /** The column with the text. */
  readonly text: string;
  /** Column of the second text, where rows are pairs. */
  readonly pair?: string;
  /** Column of the labels; left out for data that has none, as for prediction. */
  readonly label?: string;
  /**
   * What separates several labels in one field, as `";"` in `bug;urgent`; an empty field has none. For files without
   * lists, as CSV: rows are then multi-label.
   */
  readonly labelSeparator?: string;
  /** What the labels are, where they do not show it: numbers are names of classes unless this says `"regression"`. */
  readonly problemType?: ProblemType;
  /**
   * Class names by class id, for data that is not trained on: those of the training data. Default: made from the rows.
   */
  readonly labels?: readonly string[];
}

/** Checks the options; throws ERR_INVALID_ARG. */
export function checkColumns(operation: string, options: ColumnOptions): void {
  const invalid = (expected: string, got: unknown): TorchwrightError =>
    new TorchwrightError("ERR_INVALID_ARG", `${operation}: expected ${expected}, got ${describe(got)}`);
  for (const role of ["text", "pair", "label"] as const) {
    const name: unknown = options?.[role];
    const missing = name === undefined && role !== "text";
    if (!missing && (typeof name !== "string" || name === "")) throw invalid(`${role} to name a column`, name);
  }
  const separator: unknown = options.labelSeparator;
  if (separator !== undefined && (typeof separator !== "string" || separator === "")) {
    throw invalid("labelSeparator to be text", separator);
  }
  const { labels } = options;
  if (labels !== undefined && !(Array.isArray(labels) && labels.every((name) => typeof name === "string"))) {
    throw invalid("labels to be an array of class names", labels);
  }
  const type = checkProblemType(operation, options.problemType);
  if (separator !== undefined && type !== undefined && type !== "multi-label") {
    throw invalid("labelSeparator only for multi-label data", type);
  }
}

/** Rows as examples, with their places. */
export interface TextRows {
  readonly examples: Example[];
  readonly places: Place[];
  readonly reader: RowReader;
  /** Rows without a usable text or label that were left out. */
  readonly skipped: number;
}

/** The rows' examples; throws ERR_BAD_ROW naming the row, ERR_COLUMN_MISSING where no row has a column. */
export function readColumns(
  operation: string,
  rows: Iterable<SourceRow<Fields>>,
  options: ColumnOptions,
  onBadRow: BadRowPolicy = "error",
): TextRows {
  const asked = options.labelSeparator === undefined ? options.problemType : "multi-label";
  const examples: Example[] = [];
  const places: Place[] = [];
  const reader = new RowReader(asked);
  let skipped = 0;
  for (const { row, place } of rows) {
    if (examples.length === 0) requireColumns(operation, row, place, options);
    try {
      examples.push(toExample(operation, row, place, options, reader));
      places.push(place);
    } catch (error) {
      if (onBadRow === "error" || !(error instanceof TorchwrightError) || error.code !== "ERR_BAD_ROW") throw error;
      skipped++;
      if (onBadRow !== "skip") onBadRow(error);
    }
  }
  return { examples, places, reader, skipped };
}

/** One row's example; throws ERR_BAD_ROW. */
function toExample(operation: string, row: Fields, place: Place, options: ColumnOptions, reader: RowReader): Example {
  const where = describePlace(place);
  const fail = (what: string): TorchwrightError =>
    new TorchwrightError("ERR_BAD_ROW", `${operation}: ${what} in ${where}`);
  const value = (column: string): unknown => (Object.hasOwn(row, column) ? row[column] : undefined);
  const text = (column: string): string => {
    const given = value(column);
    if (typeof given === "string") return given;
    throw fail(`expected text in "${column}", got ${describe(given)}`);
  };
  const label = (column: string): unknown => {
    const given = value(column);
    if (given === undefined || given === null || (given === "" && options.labelSeparator === undefined)) {
      throw fail(`expected a label in "${column}", got ${given === "" ? "an empty one" : describe(given)}`);
    }
    if (options.labelSeparator === undefined || typeof given !== "string") return given;
    return given
      .split(options.labelSeparator)
      .map((name) => name.trim())
      .filter((name) => name !== "");
  };
  return reader.make(
    text(options.text),
    options.pair === undefined ? undefined : text(options.pair),
    options.label === undefined ? undefined : label(options.label),
    where,
    fail,
  );
}

function requireColumns(operation: string, row: Fields, place: Place, options: ColumnOptions): void {
  const present = Object.keys(row);
  for (const role of ["text", "pair", "label"] as const) {
    const name = options[role];
    if (name === undefined || present.includes(name)) continue;
    const known = present.map((column) => `"${column}"`).join(", ") || "none";
    throw new TorchwrightError(
      "ERR_COLUMN_MISSING",
      `${operation}: expected a column "${name}" (${role}) in ${describePlace(place)}, got ${known}`,
    );
  }
}
