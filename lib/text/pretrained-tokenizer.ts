/** The `Tokenizer` over Hugging Face's Rust core: chunks, truncation, checks. */
import { setImmediate as macrotask } from "node:timers/promises";
import { describe, TorchwrightError } from "../errors";
import type { LibraryEncoding, LibraryTokenizer } from "./huggingface";
import type { EncodeOptions, Encoding, TextInput, Tokenizer } from "./tokenizer";
import { writeTokenizerFiles } from "./tokenizer-files";
import { keptPositions, type TruncationSide } from "./truncate";

/** Texts per call of the library: enough for its threads, few enough that reading ids back stays short. */
const CHUNK = 256;

/** What `AutoTokenizer` found out about a tokenizer. */
export interface TokenizerSettings {
  readonly padTokenId: number;
  /** One more than the largest id. */
  readonly vocabSize: number;
  readonly maxLength: number;
  readonly truncationSide: TruncationSide;
  /** Files to write on `save`. */
  readonly files: ReadonlyMap<string, string | Buffer>;
}

/** What the post-processor adds to one text and to a pair. */
interface Template {
  /** Special tokens behind a single text. */
  readonly tail: readonly number[];
  /** Type id of a single text's tokens, special ones included, where it is the same for all. */
  readonly typeId: number | undefined;
  readonly specials: { readonly single: number; readonly pair: number };
}

export class PretrainedTokenizer implements Tokenizer {
  readonly padTokenId: number;
  readonly vocabSize: number;
  readonly maxLength: number;
  readonly #library: LibraryTokenizer;
  readonly #settings: TokenizerSettings;
  readonly #template: Template;

  private constructor(library: LibraryTokenizer, settings: TokenizerSettings, template: Template) {
    this.#library = library;
    this.#settings = settings;
    this.#template = template;
    this.padTokenId = settings.padTokenId;
    this.vocabSize = settings.vocabSize;
    this.maxLength = settings.maxLength;
  }

  /** Wraps the library's tokenizer; rejects with the library's error when it cannot encode. */
  static async create(library: LibraryTokenizer, settings: TokenizerSettings): Promise<PretrainedTokenizer> {
    return new PretrainedTokenizer(library, settings, await readTemplate(library));
  }

  async encode(text: string, pair?: string, options: EncodeOptions = {}): Promise<Encoding> {
    const input = pair === undefined ? text : ([text, pair] as const);
    const [encoding] = await this.#encodeAll("Tokenizer.encode", [input], options, false);
    return encoding as Encoding;
  }

  encodeBatch(texts: readonly TextInput[], options: EncodeOptions = {}): Promise<Encoding[]> {
    return this.#encodeAll("Tokenizer.encodeBatch", texts, options, true);
  }

  async #encodeAll(
    operation: string,
    texts: readonly TextInput[],
    options: EncodeOptions,
    indexed: boolean,
  ): Promise<Encoding[]> {
    if (!Array.isArray(texts)) {
      throw new TorchwrightError("ERR_INVALID_ARG", `${operation}: expected an array of texts, got ${describe(texts)}`);
    }
    const maxLength = this.#checkMaxLength(operation, options?.maxLength);
    const inputs = texts.map((text: unknown, index) => checkText(operation, text, indexed ? index : undefined));
    if (inputs.some((input) => typeof input !== "string")) this.#checkPairRoom(operation, maxLength);
    const encodings: Encoding[] = [];
    let running = this.#encodeChunk(operation, inputs, 0);
    for (let start = 0; start < inputs.length; start += CHUNK) {
      const chunk = await running;
      // The library works on the next chunk while this one's ids are read.
      if (start + CHUNK < inputs.length) {
        running = this.#encodeChunk(operation, inputs, start + CHUNK);
        running.catch(() => undefined); // awaited in the next turn; until then a failure is not unhandled
      }
      for (const [i, encoding] of chunk.entries()) {
        encodings.push(this.#read(encoding, typeof inputs[start + i] === "string", maxLength));
      }
      if (start + CHUNK < inputs.length) await macrotask();
    }
    return encodings;
  }

  async #encodeChunk(operation: string, inputs: readonly TextInput[], start: number): Promise<LibraryEncoding[]> {
    const chunk = inputs.slice(start, start + CHUNK);
    if (chunk.length === 0) return [];
    const singles = chunk.filter((input): input is string => typeof input === "string");
    if (singles.length === chunk.length) return coded(operation, this.#library.encodeBatch(singles));
    const encodings = chunk.map((input) =>
      typeof input === "string" ? this.#library.encode(input) : this.#library.encode(input[0], input[1]),
    );
    return coded(operation, Promise.all(encodings));
  }

  /** Copies one encoding's ids into JavaScript, cut to length. */
  #read(encoding: LibraryEncoding, single: boolean, maxLength: number): Encoding {
    const { tail, typeId } = this.#template;
    const truncated = Math.max(0, encoding.getLength() - maxLength);
    const fits = truncated === 0;
    if (single && typeId !== undefined && (fits || this.#settings.truncationSide === "right")) {
      // The usual case, cheapest: only ids that stay cross into JavaScript, and one array of them.
      if (!fits) encoding.truncate(maxLength - tail.length, 0, "right");
      const ids = encoding.getIds();
      if (!fits) ids.push(...tail);
      return { ids: Int32Array.from(ids), typeIds: new Uint8Array(ids.length).fill(typeId), truncated };
    }
    const ids = encoding.getIds();
    const typeIds = encoding.getTypeIds();
    if (fits) return { ids: Int32Array.from(ids), typeIds: Uint8Array.from(typeIds), truncated };
    const kept = keptPositions(encoding.getSequenceIds(), maxLength, this.#settings.truncationSide);
    return {
      ids: Int32Array.from(kept, (position) => ids[position] as number),
      typeIds: Uint8Array.from(kept, (position) => typeIds[position] as number),
      truncated,
    };
  }

  #checkMaxLength(operation: string, maxLength: unknown = this.maxLength): number {
    const { single } = this.#template.specials;
    if (!Number.isSafeInteger(maxLength) || (maxLength as number) < single) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `${operation}: expected maxLength to be a whole number of at least ${single}, ` +
          `which the special tokens take, got ${describe(maxLength)}`,
      );
    }
    return maxLength as number;
  }

  #checkPairRoom(operation: string, maxLength: number): void {
    const { pair } = this.#template.specials;
    if (maxLength < pair) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `${operation}: expected maxLength of at least ${pair} for a pair of texts, ` +
          `which its special tokens take, got ${maxLength}`,
      );
    }
  }

  async decode(ids: ArrayLike<number | bigint>): Promise<string> {
    const numbers = Array.from(ids, Number);
    const bad = numbers.findIndex((id) => !Number.isInteger(id) || id < 0 || id > 0xffffffff);
    if (bad >= 0) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `Tokenizer.decode: expected ids from 0 to ${this.vocabSize - 1}, got ${describe(ids[bad])} at position ${bad}`,
      );
    }
    return coded("Tokenizer.decode", this.#library.decode(numbers, true));
  }

  async save(folder: string): Promise<void> {
    await writeTokenizerFiles(folder, this.#settings.files);
  }
}

/** Learns from two encodings what the post-processor adds, whatever kind it is. */
async function readTemplate(library: LibraryTokenizer): Promise<Template> {
  const single = await library.encode("a");
  const pair = await library.encode("a", "a");
  const sequences = single.getSequenceIds();
  const typeIds = single.getTypeIds();
  const last = sequences.findLastIndex((sequence) => sequence !== null);
  const specials = {
    single: sequences.filter((sequence) => sequence === null).length,
    pair: pair.getSequenceIds().filter((sequence) => sequence === null).length,
  };
  // Without a token of the text there is no telling what stands behind it: the general way serves.
  const plain = last >= 0 && typeIds.every((typeId) => typeId === typeIds[0]);
  return { tail: single.getIds().slice(last + 1), typeId: plain ? typeIds[0] : undefined, specials };
}

/** The library's own failures, as of a vocabulary without its unknown token, with a code. */
async function coded<T>(operation: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const message = `${operation}: the tokenizer failed: ${(error as Error).message}`;
    throw new TorchwrightError("ERR_TOKENIZER_INVALID", message, { cause: error });
  }
}

/** A text or pair with lone surrogates replaced, which UTF-8 cannot hold. Throws ERR_INVALID_ARG. */
function checkText(operation: string, input: unknown, index: number | undefined): TextInput {
  if (typeof input === "string") return wellFormed(input);
  const [text, pair] = Array.isArray(input) && input.length === 2 ? (input as unknown[]) : [];
  if (typeof text === "string" && typeof pair === "string") return [wellFormed(text), wellFormed(pair)];
  const place = index === undefined ? "" : ` at index ${index}`;
  throw new TorchwrightError(
    "ERR_INVALID_ARG",
    `${operation}: expected a string or a pair of strings${place}, got ${describeInput(input)}`,
  );
}

function describeInput(input: unknown): string {
  if (Array.isArray(input) && input.length === 2) return `a pair of ${describe(input[0])} and ${describe(input[1])}`;
  return describe(input);
}

/** `String.prototype.toWellFormed`, which Node has and the TypeScript library of 2023 does not name. */
function wellFormed(text: string): string {
  return (text as string & { toWellFormed(): string }).toWellFormed();
}
