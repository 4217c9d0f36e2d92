/** How a loader, or a cache that loaders read, asks for encodings: cut to length, or in windows. */
import { describe, TorchwrightError } from "../../errors";
import type { EncodeOptions } from "../../text/tokenizer";

/** Windows of long documents. */
export interface WindowOptions {
  /** Tokens that a window shares with the one before. Default: 0. */
  readonly stride?: number;
}

/** Throws ERR_INVALID_ARG. */
export function encodeOptionsFor(
  operation: string,
  maxLength: unknown,
  windows: WindowOptions | undefined,
): EncodeOptions & { readonly maxLength: number } {
  const length = checkWhole(operation, "maxLength", maxLength, 2);
  if (windows === undefined) return { maxLength: length };
  if (typeof windows !== "object" || windows === null) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `${operation}: expected windows to be { stride }, got ${describe(windows)}`,
    );
  }
  return { maxLength: length, overflow: true, stride: checkWhole(operation, "windows.stride", windows.stride ?? 0, 0) };
}

/** A whole number of at least so many; throws ERR_INVALID_ARG. */
export function checkWhole(operation: string, name: string, value: unknown, least: number): number {
  if (Number.isSafeInteger(value) && (value as number) >= least) return value as number;
  throw new TorchwrightError(
    "ERR_INVALID_ARG",
    `${operation}: expected ${name} of at least ${least}, got ${describe(value)}`,
  );
}
