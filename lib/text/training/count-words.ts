/** Counts the words of texts as BERT's tokenizer splits them. */
import { describe, TorchwrightError } from "../../errors";
import { nextCut } from "../cut-text";
import { libraryTokenizer } from "../huggingface";
import type { TimeSlice } from "../time-slice";
import type { JsonObject } from "../tokenizer-files";

/** Characters of a word above which BERT's tokenizer makes it `[UNK]`, whatever the vocabulary. */
const LONGEST_WORD = 100;
/** Parts of texts, and their UTF-16 units, that are counted before their words are. */
const PARTS = 100_000;
const UNITS = 4_000_000;

/**
 * Words with how often they come, in the order of their first coming.
 *
 * Parts of texts are counted first and split then: they repeat, and splitting costs more.
 *
 * @param document tokenizer.json whose normalizer and pre-tokenizer make words; local, see `local-pipeline.ts`
 * @throws TorchwrightError ERR_INVALID_ARG naming the index of what is no text
 */
export async function countWords(
  operation: string,
  texts: Iterable<unknown> | AsyncIterable<unknown>,
  document: JsonObject,
  slice: TimeSlice,
  signal: AbortSignal | undefined,
): Promise<Map<string, number>> {
  const split = splitter(document);
  const words = new Map<string, number>();
  let parts = new Map<string, number>();
  let units = 0;
  const turn = async (): Promise<void> => {
    await slice.next();
    signal?.throwIfAborted();
  };
  const fold = async (): Promise<void> => {
    for (const [part, count] of parts) {
      for (const word of split(part)) words.set(word, (words.get(word) ?? 0) + count);
      if (slice.over()) await turn();
    }
    parts = new Map();
    units = 0;
  };
  let index = 0;
  for await (const text of texts) {
    signal?.throwIfAborted();
    if (typeof text !== "string") {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `${operation}: expected texts, got ${describe(text)} at index ${index}`,
      );
    }
    for (let start = 0, end; start < text.length; start = end) {
      end = nextCut(text, start + 1);
      // Its own copy: a slice would hold on to the whole text.
      const part = ` ${text.slice(start, end)}`.slice(1);
      const count = parts.get(part) ?? 0;
      if (count === 0) units += part.length;
      parts.set(part, count + 1);
      if (parts.size >= PARTS || units >= UNITS) await fold();
      if (slice.over()) await turn();
    }
    index++;
    if (slice.over()) await turn();
  }
  await fold();
  return words;
}

function splitter(document: JsonObject): (text: string) => string[] {
  const library = libraryTokenizer(JSON.stringify(document));
  const normalizer = library.getNormalizer();
  const preTokenizer = library.getPreTokenizer();
  return (text) => {
    const normal = normalizer?.normalizeString(text) ?? text;
    const pieces = preTokenizer?.preTokenizeString(normal) ?? [];
    return pieces
      .map(([piece]) => piece)
      .filter((word) => word.length <= LONGEST_WORD || [...word].length <= LONGEST_WORD);
  };
}
