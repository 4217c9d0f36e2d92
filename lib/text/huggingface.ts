/**
 * The one door to the npm library `tokenizers` (Hugging Face's Rust core), with the types of what is used.
 *
 * Its own type file names types that it does not ship. Truncation and padding are mutable state of
 * its tokenizer, which must not change while encodings run on worker threads: they are not declared
 * here, so nothing can set them.
 */
import { createRequire } from "node:module";
import { TorchwrightError } from "../errors";

/** One encoded text as the library holds it; every getter copies a whole array into JavaScript. */
export interface LibraryEncoding {
  getLength(): number;
  getIds(): number[];
  getTypeIds(): number[];
  /** 0 and 1 for tokens of the first and second text, null for special tokens. */
  getSequenceIds(): (number | null)[];
  /** Keeps the first `length` tokens, special ones not spared. Left to itself the library keeps the last. */
  truncate(length: number, stride: 0, direction: "right"): void;
}

export interface LibraryTokenizer {
  encode(text: string, pair?: string): Promise<LibraryEncoding>;
  /** Takes single texts only; pairs go through `encode`. */
  encodeBatch(texts: readonly string[]): Promise<LibraryEncoding[]>;
  decode(ids: readonly number[], skipSpecialTokens: boolean): Promise<string>;
  getVocabSize(withAddedTokens: boolean): number;
  tokenToId(token: string): number | null;
}

interface Library {
  readonly Tokenizer: { fromString(json: string): LibraryTokenizer };
}

let library: Library | undefined;

/** Opens a tokenizer from the text of a tokenizer.json; throws the library's error. */
export function libraryTokenizer(json: string): LibraryTokenizer {
  library ??= openLibrary();
  return library.Tokenizer.fromString(json);
}

/**
 * Opened on first use: it costs start-up time that a program which only works with tensors should not
 * pay. `import` would type-check the library's broken type file.
 */
function openLibrary(): Library {
  try {
    return createRequire(__filename)("tokenizers") as Library;
  } catch (error) {
    throw new TorchwrightError(
      "ERR_PREREQUISITE",
      `AutoTokenizer: the npm package "tokenizers" did not load on ${process.platform}-${process.arch}: ` +
        `${(error as Error).message}. Reinstall it without --omit=optional, or use a platform that it has a binary for.`,
      { cause: error },
    );
  }
}
