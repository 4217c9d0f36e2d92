/** Options that all readers share, and their checks. */
import { describe, TorchwrightError } from "../../errors";

/** What to do at a bad row: end with its error, leave it out, or leave it out and tell. */
export type BadRowPolicy = "error" | "skip" | ((error: TorchwrightError) => void);

/** How a text file's bytes become characters. */
export type SourceEncoding = "utf-8" | "utf-16le" | "utf-16be" | "latin1" | "windows-1252";

/** Options of every reader. */
export interface SourceOptions {
  /**
   * `"error"` ends the pass at a malformed row with ERR_BAD_ROW. `"skip"` leaves the row out and counts it in
   * `skipped`; a function also gets its error. Damage that unsettles where rows are (a file cut short, broken
   * compression) always ends the pass. Default: `"error"`.
   */
  readonly onBadRow?: BadRowPolicy;
  /** Columns to read, all of which must be there; rows then have only these. Default: all. */
  readonly columns?: readonly string[];
  /** Ends the pass with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Options of readers of text. */
export interface TextFileOptions extends SourceOptions {
  /** Default: `"utf-8"`. A byte that the encoding does not have makes a bad row. */
  readonly encoding?: SourceEncoding;
  /** Bytes, as UTF-8, beyond which a row is bad: what an unbalanced quote would swallow. Default: 16 MiB. */
  readonly maxRowBytes?: number;
}

/** The shared options with their defaults. */
export interface CheckedOptions {
  readonly onBadRow: BadRowPolicy;
  readonly columns: readonly string[] | undefined;
  readonly signal: AbortSignal | undefined;
  readonly encoding: SourceEncoding;
  readonly maxRowBytes: number;
}

const ENCODINGS: readonly SourceEncoding[] = ["utf-8", "utf-16le", "utf-16be", "latin1", "windows-1252"];

/** Throws ERR_INVALID_ARG for an option that is not what it must be. */
export function checkSourceOptions(operation: string, options: TextFileOptions): CheckedOptions {
  if (typeof options !== "object" || options === null) {
    throw invalidOption(operation, "options to be an object", options);
  }
  const { onBadRow = "error", columns, signal, encoding = "utf-8", maxRowBytes = 16 * 1024 * 1024 } = options;
  if (onBadRow !== "error" && onBadRow !== "skip" && typeof onBadRow !== "function") {
    throw invalidOption(operation, 'onBadRow to be "error", "skip" or a function', onBadRow);
  }
  const names: unknown = columns;
  if (
    names !== undefined &&
    !(Array.isArray(names) && names.length > 0 && names.every((name) => typeof name === "string"))
  ) {
    throw invalidOption(operation, "columns to be an array of at least one name", names);
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalidOption(operation, "signal to be an AbortSignal", signal);
  }
  if (!ENCODINGS.includes(encoding)) {
    throw invalidOption(operation, `encoding to be one of ${ENCODINGS.join(", ")}`, encoding);
  }
  if (!Number.isSafeInteger(maxRowBytes) || maxRowBytes < 1 || maxRowBytes > MOST_ROW_BYTES) {
    throw invalidOption(operation, `maxRowBytes from 1 to ${MOST_ROW_BYTES}`, maxRowBytes);
  }
  return { onBadRow, columns: columns && [...new Set(columns)], signal, encoding, maxRowBytes };
}

/** A longer row would not fit a JavaScript string. */
const MOST_ROW_BYTES = 256 * 1024 * 1024;

/** The error for an option. */
export function invalidOption(operation: string, expected: string, got: unknown): TorchwrightError {
  return new TorchwrightError("ERR_INVALID_ARG", `${operation}: expected ${expected}, got ${describe(got)}`);
}
