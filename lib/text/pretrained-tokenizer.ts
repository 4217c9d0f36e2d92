/** The tokenizer that `AutoTokenizer` opens: Hugging Face's Rust core behind our own interface. */
import { describe, TorchwrightError } from "../errors";
import { type AddedToken, withAddedTokens } from "./added-tokens";
import { BatchEncoder } from "./batch-encoder";
import { checkDecode } from "./decode-options";
import { resolveEncodeOptions } from "./encode-options";
import { coded } from "./library-call";
import { type LoadedTokenizer, loadDocument, type OpenedTokenizer } from "./load-document";
import { filesToSave } from "./saved-files";
import type { SpecialTokens } from "./special-tokens";
import { TimeSlice } from "./time-slice";
import type { DecodeOptions, EncodeOptions, Encoding, TextInput, Tokenizer } from "./tokenizer";
import { writeTokenizerFiles } from "./tokenizer-files";

/** Lists of ids per call of the library. */
const DECODE_CALL = 256;

/**
 * A tokenizer of the BERT family, whose ids are those of Python's `AutoTokenizer` for the same folder.
 *
 * It never changes: what adds tokens makes a new one, so that loaders may share it.
 *
 * @example
 * ```ts
 * import { AutoTokenizer } from "torchwright";
 * const tokenizer = await AutoTokenizer.fromPretrained("./minilm");
 * const text = "Tokenizers tell where tokens stand.";
 * const { tokens, offsets } = await tokenizer.encode(text, undefined, { tokens: true, offsets: true });
 * const windows = await tokenizer.encode(text, undefined, { maxLength: 6, overflow: true, stride: 2 });
 * const again = await tokenizer.decode(windows.ids);
 * ```
 */
export class PretrainedTokenizer implements Tokenizer {
  readonly padTokenId: number;
  readonly vocabSize: number;
  readonly maxLength: number;
  readonly fingerprint: string;
  /** Ids of special tokens; undefined where the vocabulary has no such token. */
  readonly clsTokenId: number | undefined;
  /** Id of the token between texts; undefined where there is none. */
  readonly sepTokenId: number | undefined;
  /** Id of the token for a masked word; undefined where there is none. */
  readonly maskTokenId: number | undefined;
  /** Id of the token for what the vocabulary lacks; undefined where there is none. */
  readonly unkTokenId: number | undefined;
  readonly #opened: OpenedTokenizer;
  readonly #loaded: LoadedTokenizer;
  readonly #encoder: BatchEncoder;

  private constructor(opened: OpenedTokenizer, loaded: LoadedTokenizer) {
    this.#opened = opened;
    this.#loaded = loaded;
    const { library, template, truncationSide, special } = loaded;
    this.#encoder = new BatchEncoder({ library, template, truncationSide, document: opened.document });
    this.padTokenId = loaded.padTokenId;
    this.vocabSize = loaded.vocabSize;
    this.maxLength = opened.maxLength;
    this.fingerprint = loaded.fingerprint;
    const id = (role: keyof SpecialTokens): number | undefined => {
      const token = special[role];
      return token === undefined ? undefined : (library.tokenToId(token) ?? undefined);
    };
    this.clsTokenId = id("cls_token");
    this.sepTokenId = id("sep_token");
    this.maskTokenId = id("mask_token");
    this.unkTokenId = id("unk_token");
  }

  /** Of a document that was read or made; throws ERR_TOKENIZER_INVALID. Not part of the public interface. */
  static async open(opened: OpenedTokenizer): Promise<PretrainedTokenizer> {
    return new PretrainedTokenizer(opened, await loadDocument(opened));
  }

  async encode(text: string, pair?: string, options: EncodeOptions = {}): Promise<Encoding> {
    const input = pair === undefined ? text : [text, pair];
    const [encoding] = await this.#encode("Tokenizer.encode", [input], options, false);
    return encoding as Encoding;
  }

  async encodeBatch(texts: readonly TextInput[], options: EncodeOptions = {}): Promise<Encoding[]> {
    if (!Array.isArray(texts)) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `Tokenizer.encodeBatch: expected an array of texts, got ${describe(texts)}`,
      );
    }
    return this.#encode("Tokenizer.encodeBatch", [...(texts as readonly TextInput[])], options, true);
  }

  #encode(
    operation: string,
    inputs: readonly unknown[],
    options: EncodeOptions,
    indexed: boolean,
  ): Promise<Encoding[]> {
    const defaults = { maxLength: this.maxLength, specials: this.#loaded.template.special.single.specials };
    return this.#encoder.encode(operation, inputs, resolveEncodeOptions(operation, options, defaults), indexed);
  }

  async decode(ids: ArrayLike<number | bigint>, options: DecodeOptions = {}): Promise<string> {
    const { numbers, skipSpecialTokens } = checkDecode("Tokenizer.decode", [ids], options, this.vocabSize, false);
    return coded("Tokenizer.decode", this.#loaded.library.decode(numbers[0] as number[], skipSpecialTokens));
  }

  /**
   * Texts of many lists of ids, in order; throws ERR_INVALID_ARG naming the index.
   *
   * @example
   * ```ts
   * import { AutoTokenizer } from "torchwright";
   * const tokenizer = await AutoTokenizer.fromPretrained("./minilm");
   * const encodings = await tokenizer.encodeBatch(["one text", "another"]);
   * const texts = await tokenizer.decodeBatch(encodings.map(({ ids }) => ids));
   * ```
   */
  async decodeBatch(ids: readonly ArrayLike<number | bigint>[], options: DecodeOptions = {}): Promise<string[]> {
    if (!Array.isArray(ids)) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `Tokenizer.decodeBatch: expected an array of lists of ids, got ${describe(ids)}`,
      );
    }
    const texts: string[] = [];
    const slice = new TimeSlice();
    for (let start = 0; start < ids.length; start += DECODE_CALL) {
      const lists = ids.slice(start, start + DECODE_CALL) as readonly ArrayLike<number | bigint>[];
      const { numbers, skipSpecialTokens } = checkDecode(
        "Tokenizer.decodeBatch",
        lists,
        options,
        this.vocabSize,
        true,
        start,
      );
      texts.push(
        ...(await coded("Tokenizer.decodeBatch", this.#loaded.library.decodeBatch(numbers, skipSpecialTokens))),
      );
      if (slice.over()) await slice.next();
    }
    return texts;
  }

  /** Id of a token as the vocabulary writes it, `##ing` or `▁the`; undefined for none. Throws ERR_INVALID_ARG. */
  tokenToId(token: string): number | undefined {
    if (typeof token !== "string") {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `Tokenizer.tokenToId: expected a token as text, got ${describe(token)}`,
      );
    }
    return this.#loaded.library.tokenToId(token) ?? undefined;
  }

  /** The token of an id; undefined for an id that is left out. Throws ERR_INVALID_ARG outside of the vocabulary. */
  idToToken(id: number): string | undefined {
    if (!Number.isInteger(id) || id < 0 || id >= this.vocabSize) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `Tokenizer.idToToken: expected an id from 0 to ${this.vocabSize - 1}, got ${describe(id)}`,
      );
    }
    return this.#loaded.library.idToToken(id) ?? undefined;
  }

  /**
   * A tokenizer that has these tokens, too, and never splits them, with ids as Python's `add_tokens` gives: from
   * `vocabSize` on for those that are new. This one stays as it is. A model's embeddings have to grow to the new
   * `vocabSize`. Throws ERR_INVALID_ARG for what is no token.
   *
   * @example
   * ```ts
   * import { AutoTokenizer } from "torchwright";
   * const plain = await AutoTokenizer.fromPretrained("./minilm");
   * const tokenizer = await plain.withTokens(["<url>", { content: "[E1]", special: true }]);
   * console.log(tokenizer.vocabSize - plain.vocabSize); // 2
   * ```
   */
  async withTokens(tokens: readonly (string | AddedToken)[]): Promise<PretrainedTokenizer> {
    return PretrainedTokenizer.open(withAddedTokens(this.#opened, tokens, (token) => this.tokenToId(token)));
  }

  async save(folder: string): Promise<void> {
    if (typeof folder !== "string" || folder === "") {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `Tokenizer.save: expected the path of a folder, got ${describe(folder)}`,
      );
    }
    await writeTokenizerFiles(folder, filesToSave(this.#opened, this.#loaded.special));
  }
}
