/** Which columns of a file hold the text, its pair and its label, and how a row of them becomes an example. */
import { describe, TorchwrightError } from "../errors";
import type { Example } from "./example";

/** Names of the columns (CSV) or keys (JSON Lines) to read. */
export interface ColumnOptions {
  readonly text: string;
  /** Column of the second text, where rows are pairs. */
  readonly pair?: string;
  /** Column of the class names; left out for data that has none, as for prediction. */
  readonly label?: string;
}

/** Rows read from a file, with the line on which each begins. */
export interface FileRows {
  readonly examples: Example[];
  readonly lines: number[];
}

/** Checks the options; throws ERR_INVALID_ARG. */
export function checkColumns(operation: string, options: ColumnOptions): void {
  for (const role of ["text", "pair", "label"] as const) {
    const name: unknown = options?.[role];
    const missing = name === undefined && role !== "text";
    if (!missing && (typeof name !== "string" || name === "")) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `${operation}: expected ${role} to name a column, got ${describe(name)}`,
      );
    }
  }
}

/** Throws ERR_COLUMN_MISSING, listing the columns there are, when one that was asked for is absent. */
export function requireColumns(
  operation: string,
  file: string,
  options: ColumnOptions,
  present: readonly string[],
): void {
  for (const role of ["text", "pair", "label"] as const) {
    const name = options[role];
    if (name === undefined || present.includes(name)) continue;
    const known = present.map((column) => `"${column}"`).join(", ") || "none";
    throw new TorchwrightError(
      "ERR_COLUMN_MISSING",
      `${operation}: expected a column "${name}" (${role}) in ${file}, got ${known}`,
    );
  }
}

/** The error for a malformed row. */
export function badRow(operation: string, file: string, line: number, what: string, cause?: unknown): TorchwrightError {
  return new TorchwrightError(
    "ERR_BAD_ROW",
    `${operation}: ${what} in ${file}, line ${line}`,
    cause === undefined ? undefined : { cause },
  );
}

/** A label as a name: numbers and booleans by their text; undefined for anything that is no label. */
export function labelName(value: unknown): string | undefined {
  if (typeof value === "string") return value === "" ? undefined : value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

/** Makes an example of a row's values; `fail` makes the error with what was wrong. */
export function toExample(
  options: ColumnOptions,
  value: (column: string) => unknown,
  fail: (what: string) => TorchwrightError,
): Example {
  const text = (column: string): string => {
    const given = value(column);
    if (typeof given !== "string") throw fail(`expected text in "${column}", got ${describe(given)}`);
    return given;
  };
  const first = text(options.text);
  const input = options.pair === undefined ? first : ([first, text(options.pair)] as const);
  if (options.label === undefined) return { text: input };
  const given = value(options.label);
  const label = labelName(given);
  if (label === undefined) {
    throw fail(`expected a label in "${options.label}", got ${given === "" ? "an empty one" : describe(given)}`);
  }
  return { text: input, label };
}
