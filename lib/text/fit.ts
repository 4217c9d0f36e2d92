/** Makes the tokens of one input fit the length that is asked for, or says why they cannot. */
import { TorchwrightError } from "../errors";
import type { ResolvedEncodeOptions } from "./encode-options";
import { placeOf } from "./text-input";
import { joinWindows, keptLengths, keptSpan, type Span, type TruncationSide, windows } from "./truncate";

/** For messages: the operation, and the index in a batch. */
export interface Place {
  readonly operation: string;
  readonly index: number | undefined;
}

export interface Fitted {
  /** Of each window the span of each text; one window unless overflow is wanted. */
  readonly windows: readonly (readonly Span[])[];
  /** Tokens that no window holds. */
  readonly truncated: number;
}

/**
 * Fits texts of the given lengths with so many special tokens into `maxLength`; throws ERR_MAX_LENGTH where no
 * truncation is allowed or the text that is to be cut is too short for it, ERR_INVALID_ARG where the options fit no
 * such input.
 */
export function fit(
  lengths: readonly number[],
  specials: number,
  { maxLength, truncation, overflow }: Pick<ResolvedEncodeOptions, "maxLength" | "truncation" | "overflow">,
  side: TruncationSide,
  { operation, index }: Place,
): Fitted {
  const room = maxLength - specials;
  if (room < 0) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `${operation}: expected maxLength of at least ${specials} for a pair of texts, which its special tokens take, got ${maxLength}${placeOf(index)}`,
    );
  }
  const total = lengths.reduce((sum, length) => sum + length, 0);
  if (total <= room) return { windows: [lengths.map((stop) => ({ start: 0, stop }))], truncated: 0 };

  const input = `${lengths.length === 1 ? "the text" : "the pair"}${placeOf(index)}`;
  const size = `${lengths.join(" and ")} tokens with ${specials} special ones`;
  if (truncation === false) {
    throw new TorchwrightError(
      "ERR_MAX_LENGTH",
      `${operation}: expected at most ${maxLength} tokens, as truncation is false, got ${total + specials} for ${input}: ${size}`,
    );
  }
  if (truncation === "only_second" && lengths.length === 1) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `${operation}: expected pairs with truncation only_second, got a single text too long for ${maxLength}${placeOf(index)}`,
    );
  }
  const kept = keptLengths(lengths, room, truncation);
  if (!kept) {
    throw new TorchwrightError(
      "ERR_MAX_LENGTH",
      `${operation}: expected ${truncation} to make room for ${maxLength} tokens, got ${size} for ${input}; cut the other text, too, with longest_first`,
    );
  }
  if (!overflow) {
    const spans = lengths.map((length, text) => keptSpan(length, kept[text] as number, side));
    return { windows: [spans], truncated: total - room };
  }
  const [first = [], second] = lengths.map((length, text) => {
    const own = kept[text] as number;
    if (length > own && overflow.stride >= own) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `${operation}: expected a stride below ${own}, the tokens of text ${text + 1} that a window of ${maxLength} holds, got ${overflow.stride} for ${input}: ${size}`,
      );
    }
    return windows(length, own, overflow.stride, side);
  });
  return { windows: second ? joinWindows(first, second) : first.map((span) => [span]), truncated: 0 };
}
