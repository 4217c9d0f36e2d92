/** Texts handed to the library together, and their tokens once it is done. */
import { TorchwrightError } from "../errors";
import type { Wanted } from "./encode-options";
import type { LibraryEncoding, LibraryTokenizer } from "./huggingface";
import { readTokens, type TokensOfText } from "./tokens-of-text";

/** Of one call of the library: enough for its threads, few enough that preparing and reading it stays short. */
const CALL_TEXTS = 32;
const CALL_UNITS = 4096;

export interface LibraryCall {
  /** Whether there is enough for the library to work on. */
  readonly full: boolean;
  add(text: string): void;
  /** Begins the work; undefined where none is left to do. Rejects with ERR_TOKENIZER_INVALID. */
  start(operation: string): Promise<void> | undefined;
  /** Tokens of the text that was added as number `index`. */
  tokensOf(index: number): TokensOfText;
}

/** The library's own failures, as of a vocabulary without its unknown token, with a code. */
export async function coded<T>(operation: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const message = `${operation}: the tokenizer failed: ${(error as Error).message}`;
    throw new TorchwrightError("ERR_TOKENIZER_INVALID", message, { cause: error });
  }
}

/**
 * Tokenizes texts as they are.
 *
 * Without special tokens, truncation or pairs: the library's settings for these are shared and mutable, and every
 * window that it cut would cost a crossing of the native boundary. The rest is done on arrays.
 */
export class TextCall implements LibraryCall {
  readonly #library: LibraryTokenizer;
  readonly #wanted: Wanted;
  readonly #texts: string[] = [];
  #units = 0;
  #encodings: readonly LibraryEncoding[] = [];

  constructor(library: LibraryTokenizer, wanted: Wanted) {
    this.#library = library;
    this.#wanted = wanted;
  }

  get full(): boolean {
    return this.#texts.length >= CALL_TEXTS || this.#units >= CALL_UNITS;
  }

  add(text: string): void {
    this.#texts.push(text);
    this.#units += text.length;
  }

  async start(operation: string): Promise<void> {
    this.#encodings = await coded(operation, this.#library.encodeBatch(this.#texts, { addSpecialTokens: false }));
  }

  tokensOf(index: number): TokensOfText {
    return readTokens(this.#encodings[index] as LibraryEncoding, this.#texts[index] as string, this.#wanted);
  }
}
