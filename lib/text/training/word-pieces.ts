/**
 * The vocabulary of a WordPiece tokenizer from counted words, as Hugging Face's `WordPieceTrainer` makes it: byte-pair
 * encoding.
 *
 * Words begin as characters; the pair of pieces that is most frequent becomes a piece, again and again. After Sennrich
 * et al. 2016, "Neural machine translation of rare words with subword units".
 */
import { TorchwrightError } from "../../errors";
import type { TimeSlice } from "../time-slice";
import { MaxHeap } from "./max-heap";

/** Marks a piece that continues a word. */
export const CONTINUES = "##";

export interface VocabularyOptions {
  /** Tokens that come first, with the ids 0, 1, … */
  readonly special: readonly string[];
  readonly vocabSize: number;
  /** How often a pair has to come to become a piece. */
  readonly minFrequency: number;
  /** How many different characters are kept, the most frequent ones. */
  readonly limitAlphabet: number;
  /** Characters that are kept in any case. */
  readonly initialAlphabet: readonly string[];
}

/** A pair of pieces that stood side by side `count` times when it was queued. */
interface Pair {
  readonly first: number;
  readonly second: number;
  count: number;
}

/** Pairs are looked up by one number. */
const IDS = 2 ** 26;

/**
 * Tokens by id. The same words in the same order give the same vocabulary; of pairs that are equally frequent the one
 * of older pieces comes first. Python's library breaks ties by the order of a hash table, differently in each process.
 *
 * @param words in the order of their first coming
 * @throws TorchwrightError ERR_INVALID_ARG where the special tokens and the alphabet are more than `vocabSize`
 */
export async function wordPieces(
  operation: string,
  words: ReadonlyMap<string, number>,
  options: VocabularyOptions,
  slice: TimeSlice,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const pieces = new Pieces(options.special);
  const turn = async (): Promise<void> => {
    await slice.next();
    signal?.throwIfAborted();
  };
  const counts = new Map<string, number>();
  for (const [word, count] of words) {
    for (const character of word) counts.set(character, (counts.get(character) ?? 0) + count);
    if (slice.over()) await turn();
  }
  const alphabet = alphabetOf(counts, options);
  for (const character of alphabet) pieces.add(character);
  const corpus = new Corpus();
  for (const [word, count] of words) {
    const characters = [...word];
    // A character that was left out vanishes from its word.
    const ids = characters.flatMap((character, i) =>
      alphabet.has(character) ? [pieces.add(i === 0 ? character : CONTINUES + character)] : [],
    );
    corpus.add(ids, count);
    if (slice.over()) await turn();
  }
  if (pieces.size > options.vocabSize) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `${operation}: expected vocabSize of at least ${pieces.size} for ${options.special.length} special tokens and the ${alphabet.size} characters of the texts, ` +
        `alone and inside of words, got ${options.vocabSize}; lower limitAlphabet or raise it`,
    );
  }
  while (pieces.size < options.vocabSize) {
    const pair = corpus.mostFrequent();
    if (!pair || pair.count < options.minFrequency) break;
    const merged = pieces.join(pair.first, pair.second);
    for (const word of corpus.wordsWith(pair)) {
      corpus.merge(word, pair, merged);
      if (slice.over()) await turn();
    }
    corpus.queueNew();
    if (slice.over()) await turn();
  }
  return pieces.tokens;
}

/** Characters by code point: the most frequent ones, of equally frequent ones those with the smaller code point. */
function alphabetOf(counts: Map<string, number>, { limitAlphabet, initialAlphabet }: VocabularyOptions): Set<string> {
  for (const character of initialAlphabet) counts.set(character, Infinity);
  const point = (character: string): number => character.codePointAt(0) as number;
  const byCount = [...counts].sort(([a, m], [b, n]) => (m === n ? point(a) - point(b) : n > m ? 1 : -1));
  const kept = byCount.slice(0, Math.max(limitAlphabet, initialAlphabet.length)).map(([character]) => character);
  return new Set(kept.sort((a, b) => point(a) - point(b)));
}

/** Tokens and their ids. */
class Pieces {
  readonly tokens: string[] = [];
  readonly #ids = new Map<string, number>();

  constructor(first: readonly string[]) {
    for (const token of first) this.add(token);
  }

  get size(): number {
    return this.tokens.length;
  }

  /** The id of a token, which is new where it was not there. */
  add(token: string): number {
    let id = this.#ids.get(token);
    if (id === undefined) {
      id = this.tokens.push(token) - 1;
      this.#ids.set(token, id);
    }
    return id;
  }

  join(first: number, second: number): number {
    const [a, b] = [this.tokens[first] as string, this.tokens[second] as string];
    return this.add(a + (b.startsWith(CONTINUES) ? b.slice(CONTINUES.length) : b));
  }
}

/** Words as lists of pieces, with the count of every pair and the words that it stands in. */
class Corpus {
  readonly #words: number[][] = [];
  readonly #counts: number[] = [];
  readonly #pairs = new Map<number, { count: number; readonly words: Set<number> }>();
  readonly #queue = new MaxHeap<Pair>((a, b) => {
    if (a.count !== b.count) return a.count > b.count;
    return a.first === b.first ? a.second < b.second : a.first < b.first;
  });
  /** Pairs that are to be queued. */
  #fresh = new Set<number>();

  add(ids: number[], count: number): void {
    const word = this.#words.push(ids) - 1;
    this.#counts.push(count);
    for (let i = 1; i < ids.length; i++) this.#change(ids[i - 1] as number, ids[i] as number, word, count);
  }

  /** The pair that comes most often and at least once; it leaves the queue. */
  mostFrequent(): Pair | undefined {
    this.queueNew();
    for (let pair = this.#queue.pop(); pair; pair = this.#queue.pop()) {
      const count = this.#pairs.get(pair.first * IDS + pair.second)?.count ?? 0;
      if (count === pair.count && count > 0) return pair;
      // Others took some of its places; it may not be the first any more.
      pair.count = count;
      if (count > 0) this.#queue.push(pair);
    }
    return undefined;
  }

  /** Words that hold the pair, which is forgotten: it is going to be merged in all of them. */
  wordsWith({ first, second }: Pair): Iterable<number> {
    const key = first * IDS + second;
    const words = this.#pairs.get(key)?.words ?? [];
    this.#pairs.delete(key);
    return words;
  }

  /** Puts the merged piece in every place of the pair in a word. */
  merge(word: number, { first, second }: Pair, merged: number): void {
    const ids = this.#words[word] as number[];
    const count = this.#counts[word] as number;
    for (let i = 0; i + 1 < ids.length; i++) {
      if (ids[i] !== first || ids[i + 1] !== second) continue;
      ids.splice(i, 2, merged);
      const [before, after] = [ids[i - 1], ids[i + 1]];
      if (before !== undefined) {
        this.#change(before, first, word, -count);
        this.#change(before, merged, word, count);
      }
      if (after !== undefined) {
        this.#change(second, after, word, -count);
        this.#change(merged, after, word, count);
      }
    }
  }

  /** Queues pairs that came up since the last time. */
  queueNew(): void {
    for (const key of this.#fresh) {
      const count = this.#pairs.get(key)?.count ?? 0;
      if (count > 0) this.#queue.push({ first: Math.floor(key / IDS), second: key % IDS, count });
    }
    this.#fresh = new Set();
  }

  #change(first: number, second: number, word: number, count: number): void {
    const key = first * IDS + second;
    let pair = this.#pairs.get(key);
    if (!pair) {
      if (count < 0) return; // of the pair that is being merged
      this.#pairs.set(key, (pair = { count: 0, words: new Set() }));
    }
    pair.count += count;
    if (count > 0) {
      pair.words.add(word);
      this.#fresh.add(key);
    }
  }
}
