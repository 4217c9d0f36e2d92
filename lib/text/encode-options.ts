/** The options of `encode` and `encodeBatch`: their defaults and their checks. */
import { describe, TorchwrightError } from "../errors";
import type { EncodeOptions, Truncation } from "./tokenizer";

/** What to tell beside ids and types. */
export interface Wanted {
  readonly offsets: boolean;
  readonly wordIds: boolean;
  readonly sequenceIds: boolean;
  readonly specialTokensMask: boolean;
  readonly tokens: boolean;
}

/** Options with their defaults filled in. */
export interface ResolvedEncodeOptions {
  readonly maxLength: number;
  readonly truncation: Truncation;
  readonly addSpecialTokens: boolean;
  /** Undefined: what is cut off is lost. */
  readonly overflow: { readonly stride: number } | undefined;
  readonly wanted: Wanted;
}

const FLAGS = [
  "addSpecialTokens",
  "overflow",
  "offsets",
  "wordIds",
  "sequenceIds",
  "specialTokensMask",
  "tokens",
] as const;
const NAMES: ReadonlySet<string> = new Set<keyof EncodeOptions>([...FLAGS, "maxLength", "truncation", "stride"]);
const TRUNCATIONS: readonly unknown[] = ["longest_first", "only_first", "only_second", false] satisfies Truncation[];

/**
 * Checks every option and fills in defaults; throws ERR_INVALID_ARG.
 *
 * @param defaults `specials`: how many special tokens a single text gets
 */
export function resolveEncodeOptions(
  operation: string,
  options: unknown,
  defaults: { readonly maxLength: number; readonly specials: number },
): ResolvedEncodeOptions {
  const invalid = (expected: string, got: unknown): TorchwrightError =>
    new TorchwrightError("ERR_INVALID_ARG", `${operation}: expected ${expected}, got ${describe(got)}`);
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw invalid("options as an object", options);
  }
  const given = options as EncodeOptions;
  const unknown = Object.keys(given).find((name) => !NAMES.has(name));
  if (unknown !== undefined) throw invalid(`options among ${[...NAMES].join(", ")}`, unknown);
  for (const name of FLAGS) {
    if (given[name] !== undefined && typeof given[name] !== "boolean") {
      throw invalid(`${name} to be true or false`, given[name]);
    }
  }
  const {
    maxLength = defaults.maxLength,
    truncation = "longest_first",
    addSpecialTokens = true,
    overflow = false,
    stride = 0,
  } = given;
  if (!TRUNCATIONS.includes(truncation)) {
    throw invalid("truncation to be longest_first, only_first, only_second or false", truncation);
  }
  const specials = addSpecialTokens ? defaults.specials : 0;
  if (!Number.isSafeInteger(maxLength) || maxLength < specials) {
    throw invalid(`maxLength to be a whole number of at least ${specials}, which the special tokens take`, maxLength);
  }
  if (!Number.isSafeInteger(stride) || stride < 0) throw invalid("stride to be a whole number of at least 0", stride);
  if (stride > 0 && !overflow) {
    throw invalid("overflow: true with a stride, which is what windows share", `overflow: ${String(given.overflow)}`);
  }
  if (overflow && truncation === false) {
    throw invalid("a truncation other than false with overflow, which makes windows of what is too long", truncation);
  }
  if (overflow && stride >= maxLength - specials) {
    throw invalid(
      `stride below ${maxLength - specials}, the tokens of a text in a window of ${maxLength} with ${specials} special tokens`,
      stride,
    );
  }
  const wants = (name: keyof Wanted): boolean => given[name] === true;
  return {
    maxLength,
    truncation,
    addSpecialTokens,
    overflow: overflow ? { stride } : undefined,
    wanted: {
      offsets: wants("offsets"),
      wordIds: wants("wordIds"),
      sequenceIds: wants("sequenceIds"),
      specialTokensMask: wants("specialTokensMask"),
      tokens: wants("tokens"),
    },
  };
}
