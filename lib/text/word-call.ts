/**
 * Puts the ids of texts together from words: what is known of them, and what the library says of the rest.
 *
 * Texts are made of words that come again: of the million words in 100,000 definitions of WordNet's, 93 in 100 have
 * been there before. Looking one up costs a small part of tokenizing it.
 */
import { nextCut } from "./cut-text";
import type { LibraryEncoding, LibraryTokenizer } from "./huggingface";
import { coded, type LibraryCall } from "./library-call";
import type { TokensOfText } from "./tokens-of-text";
import type { WordIds, WordMemo } from "./word-memo";

/** UTF-16 units of one call: enough for the library's threads, few enough that preparing and reading it stays short. */
const CALL_UNITS = 4096;
/** What a text counts beside its own units: a call has no end of empty ones. */
const PER_TEXT = 16;
/** New words that the library is given as one text, and their units: as texts of their own they take twice as long. */
const JOINED = 32;
const JOINED_UNITS = 2048;

/** A special token that parts words in one text. */
export interface Separator {
  readonly content: string;
  readonly id: number;
}

/** A word that the library is asked for, or a text that is as good as one. */
class NewWord {
  ids: WordIds = [];

  constructor(readonly remember: boolean) {}
}

export interface WordCallParts {
  readonly library: LibraryTokenizer;
  readonly memo: WordMemo;
  readonly separator: Separator | undefined;
}

/** Tells ids only. A word is what stands between two cuts, with the space that it begins with. */
export class WordCall implements LibraryCall {
  readonly #parts: WordCallParts;
  readonly #texts: (WordIds | NewWord)[][] = [];
  readonly #new = new Map<string, NewWord>();
  #units = 0;

  constructor(parts: WordCallParts) {
    this.#parts = parts;
  }

  get full(): boolean {
    return this.#units >= CALL_UNITS;
  }

  add(text: string): void {
    this.#units += text.length + PER_TEXT;
    const { memo } = this.#parts;
    const words: (WordIds | string)[] = [];
    let unknown = 0;
    for (let start = 0, end; start < text.length; start = end) {
      end = nextCut(text, start + 1);
      const word = text.slice(start, end);
      const ids = memo.get(word);
      if (ids === undefined) unknown++;
      words.push(ids ?? word);
    }
    const whole = 2 * unknown > words.length && !memo.learnsStrangeText();
    if (whole) this.#texts.push([this.#newWord(text, words.length === 1)]);
    else {
      this.#texts.push(
        unknown === 0
          ? (words as WordIds[])
          : words.map((word) => (typeof word === "string" ? this.#newWord(word, true) : word)),
      );
    }
  }

  #newWord(text: string, remember: boolean): NewWord {
    let word = this.#new.get(text);
    if (!word) this.#new.set(text, (word = new NewWord(remember)));
    return word;
  }

  start(operation: string): Promise<void> | undefined {
    return this.#new.size === 0 ? undefined : coded(operation, this.#learn());
  }

  async #learn(): Promise<void> {
    const lists = await this.#idsOf([...this.#new.keys()]);
    let at = 0;
    for (const [text, word] of this.#new) {
      const ids = lists[at++] as readonly number[];
      word.ids = ids.length === 1 ? (ids[0] as number) : ids;
      if (word.remember) this.#parts.memo.set(text, word.ids);
    }
  }

  /** Ids of each word, asked for in texts of many words with a special token between two. */
  async #idsOf(words: readonly string[]): Promise<readonly (readonly number[])[]> {
    const { library, separator } = this.#parts;
    const groups = separator ? inGroups(words) : words.map((word) => [word]);
    const encode = (texts: readonly string[]): Promise<LibraryEncoding[]> =>
      library.encodeBatch(texts, { addSpecialTokens: false });
    const encodings = await encode(groups.map((group) => group.join(separator?.content)));
    const lists: (readonly number[])[] = [];
    for (const [i, group] of groups.entries()) {
      const ids = (encodings[i] as LibraryEncoding).getIds();
      const parts = separator ? splitAt(ids, separator.id) : [ids];
      // A word that is the special token itself makes parts of its own.
      lists.push(
        ...(parts.length === group.length ? parts : (await encode(group)).map((encoding) => encoding.getIds())),
      );
    }
    return lists;
  }

  tokensOf(index: number): TokensOfText {
    const ids: number[] = [];
    for (const word of this.#texts[index] as readonly (WordIds | NewWord)[]) {
      const own = word instanceof NewWord ? word.ids : word;
      if (typeof own === "number") ids.push(own);
      else for (const id of own) ids.push(id);
    }
    return { ids };
  }
}

function splitAt(ids: readonly number[], separator: number): number[][] {
  const parts: number[][] = [[]];
  for (const id of ids) {
    if (id === separator) parts.push([]);
    else parts.at(-1)?.push(id);
  }
  return parts;
}

function inGroups(words: readonly string[]): string[][] {
  const groups: string[][] = [];
  let group: string[] = [];
  let units = 0;
  for (const word of words) {
    if (group.length === JOINED || units >= JOINED_UNITS) {
      groups.push(group);
      group = [];
      units = 0;
    }
    group.push(word);
    units += word.length;
  }
  return [...groups, group];
}
