/** Checks what a caller gives to decode. */
import { describe, TorchwrightError } from "../errors";
import type { DecodeOptions } from "./tokenizer";

/**
 * Lists of ids as the library takes them, and options with their defaults; throws ERR_INVALID_ARG.
 *
 * @param indexed whether messages name the index of a list, counted from `start`
 */
export function checkDecode(
  operation: string,
  lists: readonly ArrayLike<number | bigint>[],
  options: DecodeOptions,
  vocabSize: number,
  indexed: boolean,
  start = 0,
): { readonly numbers: number[][]; readonly skipSpecialTokens: boolean } {
  const invalid = (expected: string, got: string): TorchwrightError =>
    new TorchwrightError("ERR_INVALID_ARG", `${operation}: expected ${expected}, got ${got}`);
  if (typeof options !== "object" || options === null) throw invalid("options as an object", describe(options));
  const unknown = Object.keys(options).find((name) => name !== "skipSpecialTokens");
  if (unknown !== undefined) throw invalid("the option skipSpecialTokens", describe(unknown));
  const { skipSpecialTokens = true } = options;
  if (typeof skipSpecialTokens !== "boolean") {
    throw invalid("skipSpecialTokens to be true or false", describe(skipSpecialTokens));
  }
  const numbers = lists.map((ids: unknown, index) => {
    const place = indexed ? ` at index ${start + index}` : "";
    if (typeof ids !== "object" || ids === null || !Number.isSafeInteger((ids as ArrayLike<unknown>).length)) {
      throw invalid("a list of ids", `${describe(ids)}${place}`);
    }
    const given = ids as ArrayLike<unknown>;
    return Array.from(given, (id, position) => {
      const number = typeof id === "bigint" ? Number(id) : id;
      if (typeof number === "number" && Number.isInteger(number) && number >= 0 && number < vocabSize) return number;
      throw invalid(
        `ids from 0 to ${vocabSize - 1}`,
        `${describe(id)} at position ${position}${indexed ? ` of the list${place}` : ""}`,
      );
    });
  });
  return { numbers, skipSpecialTokens };
}
