/** The tokens of one text as plain arrays, read from the library, without special tokens around them. */
import type { Wanted } from "./encode-options";
import type { LibraryEncoding } from "./huggingface";
import type { TimeSlice } from "./time-slice";

/** Parallel lists with one entry per token; those that nobody asked for are absent. */
export interface TokensOfText {
  readonly ids: Int32Array | readonly number[];
  readonly offsets?: readonly (readonly [start: number, end: number])[];
  readonly wordIds?: readonly (number | null)[];
  readonly tokens?: readonly string[];
}

/** Copies what is wanted of one encoding into JavaScript, with offsets in UTF-16 units of `text`. */
export function readTokens(encoding: LibraryEncoding, text: string, wanted: Wanted): TokensOfText {
  return {
    ids: encoding.getIds(),
    ...(wanted.offsets ? { offsets: utf16Offsets(encoding.getOffsets(), text) } : {}),
    ...(wanted.wordIds ? { wordIds: encoding.getWordIds() } : {}),
    ...(wanted.tokens ? { tokens: encoding.getTokens() } : {}),
  };
}

/** One of the pieces in which a long text was tokenized. */
export interface TokensOfPiece {
  readonly tokens: TokensOfText;
  /** Where it begins in the text, in UTF-16 units. */
  readonly start: number;
}

/** A text that was tokenized in pieces, put together again: positions and words counted on. */
export async function joinPieces(
  pieces: readonly TokensOfPiece[],
  wanted: Wanted,
  slice: TimeSlice,
): Promise<TokensOfText> {
  const length = pieces.reduce((sum, { tokens }) => sum + tokens.ids.length, 0);
  const ids = new Int32Array(length);
  // Whole from the start: a list of a million that grows is copied in one go.
  const list = async <T>(on: boolean): Promise<T[]> => {
    if (slice.over()) await slice.next();
    return new Array<T>(on ? length : 0);
  };
  const offsets = await list<readonly [number, number]>(wanted.offsets);
  const wordIds = await list<number | null>(wanted.wordIds);
  const texts = await list<string>(wanted.tokens);
  let at = 0;
  let words = 0;
  for (const { tokens, start } of pieces) {
    ids.set(tokens.ids, at);
    tokens.offsets?.forEach(([from, to], i) => (offsets[at + i] = [start + from, start + to]));
    tokens.wordIds?.forEach((word, i) => (wordIds[at + i] = word === null ? null : words + word));
    tokens.tokens?.forEach((token, i) => (texts[at + i] = token));
    at += tokens.ids.length;
    words = (wordIds[at - 1] ?? -1) + 1;
    if (slice.over()) await slice.next();
  }
  return {
    ids,
    ...(wanted.offsets && { offsets }),
    ...(wanted.wordIds && { wordIds }),
    ...(wanted.tokens && { tokens: texts }),
  };
}

/** Offsets in code points as offsets in UTF-16 units: the same unless the text has characters of two units. */
function utf16Offsets(offsets: [start: number, end: number][], text: string): [start: number, end: number][] {
  if (!/[\ud800-\udbff]/.test(text)) return offsets;
  const units: number[] = [];
  let unit = 0;
  for (const character of text) {
    units.push(unit);
    unit += character.length;
  }
  units.push(unit);
  return offsets.map(([start, end]) => [units[start] ?? unit, units[end] ?? unit]);
}
