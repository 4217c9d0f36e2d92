/** Remembers the ids of words, so that the library is asked for each of them once in a while. */

/** Words of one generation: two of them are kept, of 5 MB each in English. */
const GENERATION = 65_536;
/** UTF-16 units of a word that is kept. Longer ones are rare, or not words at all. */
const LONGEST = 64;
/**
 * Of texts made of new words for the most part, as of random letters, one in so many is taken apart, to know its words
 * if they come again.
 */
const LEARN_ONE_IN = 4;

/** One id, as most words have, or a list. */
export type WordIds = number | readonly number[];

/** Words that came lately; those that did not for a while make room. */
export class WordMemo {
  #young = new Map<string, WordIds>();
  #old = new Map<string, WordIds>();
  #strange = 0;

  get(word: string): WordIds | undefined {
    const young = this.#young.get(word);
    if (young !== undefined) return young;
    const old = this.#old.get(word);
    if (old !== undefined) this.set(word, old);
    return old;
  }

  set(word: string, ids: WordIds): void {
    if (word.length > LONGEST) return;
    if (this.#young.size >= GENERATION) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    // A slice holds on to the text that it was cut from; this is a copy.
    this.#young.set(` ${word}`.slice(1), ids);
  }

  /** Whether a text of which most words are new is to be asked for word by word, which costs more than the whole. */
  learnsStrangeText(): boolean {
    return this.#strange++ % LEARN_ONE_IN === 0;
  }
}
