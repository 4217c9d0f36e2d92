/** How long texts are: in characters, in words and, with a tokenizer, in tokens. */
import { TorchwrightError } from "../../errors";
import type { TextInput, Tokenizer } from "../../text/tokenizer";
import type { Breather } from "../duplicates/breather";
import { distributionOf, truncations } from "./distribution";
import type { Rows, Split } from "./inspectable";
import type { Distribution, LengthReport } from "./report";

/** Lengths of all rows; `tokens` where there is a tokenizer. */
export interface Lengths {
  readonly characters: Uint32Array;
  readonly words: Uint32Array;
  readonly tokens: Uint32Array | undefined;
}

/**
 * Texts and characters for one call of the tokenizer: enough for its threads, few enough that reading ids back stays
 * short.
 */
const TEXTS_AT_ONCE = 256;
const CHARACTERS_AT_ONCE = 65_536;
/** Longer than any text, so that nothing is cut. */
const UNLIMITED = 2 ** 31 - 1;

/** Measures every row. An error of the tokenizer's passes through. */
export async function measure(rows: Rows, tokenizer: Tokenizer | undefined, breather: Breather): Promise<Lengths> {
  const characters = new Uint32Array(rows.length);
  const words = new Uint32Array(rows.length);
  for (let row = 0; row < rows.length; row++) {
    const text = rows.texts[row] as TextInput;
    for (const part of typeof text === "string" ? [text] : text) {
      characters[row] = (characters[row] as number) + countCharacters(part);
      words[row] = (words[row] as number) + countWords(part);
    }
    if (breather.due) await breather.pause();
  }
  return { characters, words, tokens: tokenizer && (await countTokens(rows, tokenizer, breather)) };
}

/** Code points; half of a surrogate pair is one. */
function countCharacters(text: string): number {
  let count = text.length;
  for (let at = 1; at < text.length; at++) {
    // Low half after high half.
    if ((text.charCodeAt(at) & 0xfc00) === 0xdc00 && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800) count--;
  }
  return count;
}

/** Runs of characters that are not whitespace. */
export function countWords(text: string): number {
  return text.match(/\S+/g)?.length ?? 0;
}

async function countTokens(rows: Rows, tokenizer: Tokenizer, breather: Breather): Promise<Uint32Array> {
  const counts = new Uint32Array(rows.length);
  for (let start = 0; start < rows.length;) {
    let end = start;
    for (
      let size = 0;
      end < rows.length && end - start < TEXTS_AT_ONCE && (size < CHARACTERS_AT_ONCE || end === start);
      end++
    ) {
      size += rows.joined(end).length;
    }
    const encodings = await tokenizer.encodeBatch(rows.texts.slice(start, end), { maxLength: UNLIMITED });
    if (encodings.length !== end - start) {
      throw new TorchwrightError(
        "ERR_TOKENIZER_INVALID",
        `inspect: expected ${end - start} encodings of the tokenizer, got ${encodings.length}`,
      );
    }
    for (const [i, { ids }] of encodings.entries()) counts[start + i] = ids.length;
    start = end;
    if (breather.due) await breather.pause();
  }
  return counts;
}

/** The report on a split's rows. Pauses between the units, as sorting 100,000 lengths takes some ten milliseconds. */
export async function lengthReport(
  lengths: Lengths,
  { start, end }: Split,
  maxLengths: readonly number[],
  breather: Breather,
): Promise<LengthReport> {
  const [characters, words, tokens] = [lengths.characters, lengths.words, lengths.tokens].map((all) =>
    all?.subarray(start, end),
  );
  const distribution = async (own: Uint32Array): Promise<Distribution> => {
    if (breather.due) await breather.pause();
    return distributionOf(own);
  };
  return {
    characters: await distribution(characters as Uint32Array),
    words: await distribution(words as Uint32Array),
    tokens: tokens ? await distribution(tokens) : null,
    truncated: tokens ? truncations(tokens, maxLengths) : [],
  };
}
