/** The errors of rows, and what a pass does at one. */
import { TorchwrightError } from "../../errors";
import { describePlace, type Place } from "./source-row";
import type { BadRowPolicy } from "./source-options";

/** The error for a malformed row; `remedy` ends its message. */
export function badRow(
  operation: string,
  what: string,
  place: Place,
  { remedy, cause }: { readonly remedy?: string | undefined; readonly cause?: unknown } = {},
): TorchwrightError {
  const message = `${operation}: ${what} in ${describePlace(place)}${remedy === undefined ? "" : `; ${remedy}`}`;
  return new TorchwrightError("ERR_BAD_ROW", message, cause === undefined ? undefined : { cause });
}

/** Throws ERR_COLUMN_MISSING, listing the columns there are, when one that was asked for is absent. */
export function requireColumns(
  operation: string,
  place: Place,
  wanted: readonly string[],
  present: readonly string[],
): void {
  const missing = wanted.filter((name) => !present.includes(name));
  if (missing.length === 0) return;
  const list = (names: readonly string[]): string => names.map((name) => JSON.stringify(name)).join(", ") || "none";
  const columns = missing.length === 1 ? "a column" : "columns";
  const where = place.file ?? "the stream";
  throw new TorchwrightError(
    "ERR_COLUMN_MISSING",
    `${operation}: expected ${columns} ${list(missing)} in ${where}, got ${list(present)}`,
  );
}

/** Throws ERR_BAD_ROW when a column that is read is there twice: one would be lost. */
export function requireUnique(
  operation: string,
  place: Place,
  wanted: readonly string[],
  present: readonly string[],
  remedy: string,
): void {
  if (new Set(present).size === present.length) return;
  for (const name of wanted) {
    if (present.indexOf(name) === present.lastIndexOf(name)) continue;
    throw badRow(operation, `expected one column ${JSON.stringify(name)}, got two`, place, { remedy });
  }
}

/** Counts the bad rows of one pass, or ends it at the first. */
export class BadRows {
  /** Rows left out so far. */
  skipped = 0;
  readonly #policy: BadRowPolicy;

  constructor(policy: BadRowPolicy) {
    this.#policy = policy;
  }

  /** Throws the error, or leaves the row out. */
  refuse(error: TorchwrightError): void {
    if (this.#policy === "error") throw error;
    this.skipped++;
    if (typeof this.#policy === "function") this.#policy(error);
  }
}
