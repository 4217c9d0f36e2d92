/** Checks what a caller gives as texts. */
import { describe, TorchwrightError } from "../errors";

/** One text, or a text and its pair, which Unicode can hold. */
export type CheckedInput = readonly [text: string] | readonly [text: string, pair: string];

/**
 * A text or pair with lone surrogates replaced by U+FFFD, which keeps every position. Throws ERR_INVALID_ARG.
 *
 * @param index place in a batch, for the message
 */
export function checkInput(operation: string, input: unknown, index: number | undefined): CheckedInput {
  if (typeof input === "string") return [wellFormed(input)];
  const [text, pair] = Array.isArray(input) && input.length === 2 ? (input as unknown[]) : [];
  if (typeof text === "string" && typeof pair === "string") return [wellFormed(text), wellFormed(pair)];
  throw new TorchwrightError(
    "ERR_INVALID_ARG",
    `${operation}: expected a string or a pair of strings${placeOf(index)}, got ${describeInput(input)}`,
  );
}

/** " at index 3" in a batch, nothing for a single text. */
export function placeOf(index: number | undefined): string {
  return index === undefined ? "" : ` at index ${index}`;
}

function describeInput(input: unknown): string {
  if (Array.isArray(input) && input.length === 2) return `a pair of ${describe(input[0])} and ${describe(input[1])}`;
  return describe(input);
}

/** `String.prototype.toWellFormed`, which Node has and the TypeScript library of 2023 does not name. */
function wellFormed(text: string): string {
  return (text as string & { toWellFormed(): string }).toWellFormed();
}
