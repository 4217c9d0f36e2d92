/**
 * The one door to the npm library `tokenizers` (Hugging Face's Rust core), with the types of what is used.
 *
 * Its own type file names types that it does not ship. Truncation, padding and added tokens are mutable
 * state of its tokenizer, which must not change while encodings run on worker threads: they are not
 * declared here, so nothing can set them.
 */
import { TorchwrightError } from "../errors";
import { ownPackage } from "../native/package-root";

/** One encoded text as the library holds it; every getter copies a whole array into JavaScript. */
export interface LibraryEncoding {
  getLength(): number;
  getIds(): number[];
  getTypeIds(): number[];
  getTokens(): string[];
  /** Start and end of each token in code points of its text. */
  getOffsets(): [start: number, end: number][];
  getWordIds(): (number | null)[];
  /** 0 and 1 for tokens of the first and second text, null for special tokens. */
  getSequenceIds(): (number | null)[];
}

interface LibraryEncodeOptions {
  readonly addSpecialTokens: boolean;
}

export interface LibraryTokenizer {
  encode(text: string, pair: string | null, options: LibraryEncodeOptions): Promise<LibraryEncoding>;
  /** Takes single texts only. */
  encodeBatch(texts: readonly string[], options: LibraryEncodeOptions): Promise<LibraryEncoding[]>;
  decode(ids: readonly number[], skipSpecialTokens: boolean): Promise<string>;
  decodeBatch(ids: readonly (readonly number[])[], skipSpecialTokens: boolean): Promise<string[]>;
  getVocabSize(withAddedTokens: boolean): number;
  tokenToId(token: string): number | null;
  idToToken(id: number): string | null;
}

/** Normalizer or pre-tokenizer of the library, for use on its own. */
interface LibraryParts {
  getNormalizer(): { normalizeString(text: string): string } | null;
  getPreTokenizer(): { preTokenizeString(text: string): [piece: string, offsets: [number, number]][] } | null;
}

interface Library {
  readonly Tokenizer: { fromString(json: string): LibraryTokenizer & LibraryParts };
}

let library: Library | undefined;

/** Opens a tokenizer from the text of a tokenizer.json; throws the library's error. */
export function libraryTokenizer(json: string): LibraryTokenizer & LibraryParts {
  library ??= openLibrary();
  return library.Tokenizer.fromString(json);
}

/**
 * Opened on first use: it costs start-up time that a program which only works with tensors should not
 * pay. `import` would type-check the library's broken type file.
 */
function openLibrary(): Library {
  try {
    return ownPackage.require("tokenizers") as Library;
  } catch (error) {
    throw new TorchwrightError(
      "ERR_PREREQUISITE",
      `AutoTokenizer: the npm package "tokenizers" did not load on ${process.platform}-${process.arch}: ` +
        `${(error as Error).message}. Reinstall it without --omit=optional, or use a platform that it has a binary for.`,
      { cause: error },
    );
  }
}
