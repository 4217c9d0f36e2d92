/** What a tokenizer is to the rest of the library: text in, ragged ids out. Nothing here pads. */

/** One text, or a pair of texts that BERT separates with `[SEP]` and token types 0 and 1. */
export type TextInput = string | readonly [text: string, pair: string];

/** The ids of one text or pair, special tokens included, without padding: its attention mask is all ones. */
export interface Encoding {
  /** Token ids, `[length]`. */
  readonly ids: Int32Array;
  /** Token type ids, `[length]`: 0 in the first text, 1 in the second. */
  readonly typeIds: Uint8Array;
  /** Tokens that were cut off: 0 when all fit, or when `overflow` holds the rest. */
  readonly truncated: number;
  /** With the option `overflow`: the windows behind this first one, in order; empty when all fit. */
  readonly overflow?: readonly Encoding[];
  /**
   * With the option `offsets`: where each token stands, so that `text.slice(start, end)` is what it was made of;
   * `[0, 0]` for special tokens.
   */
  readonly offsets?: readonly (readonly [start: number, end: number])[];
  /**
   * With the option `wordIds`: number of the word that each token belongs to, counted per text; null for special
   * tokens.
   */
  readonly wordIds?: readonly (number | null)[];
  /** With the option `sequenceIds`: 0 in the first text, 1 in the second, null for special tokens. */
  readonly sequenceIds?: readonly (0 | 1 | null)[];
  /**
   * With the option `specialTokensMask`, `[length]`: 1 for tokens that were put around the texts, 0 for those of the
   * texts.
   */
  readonly specialTokensMask?: Uint8Array;
  /** With the option `tokens`: each id as the vocabulary writes it. */
  readonly tokens?: readonly string[];
}

/** Which text loses tokens when both together are too long; false: none may be. */
export type Truncation = "longest_first" | "only_first" | "only_second" | false;

/** How to encode, and what to tell beside the ids. */
export interface EncodeOptions {
  /**
   * Longest encoding in tokens, special tokens included; a text that is cut keeps its `[SEP]`. Default: the tokenizer's
   * `maxLength`.
   */
  readonly maxLength?: number;
  /**
   * What a too long input loses, as in Python: of a pair the longer text first, or only the first or second; with false
   * it is an ERR_MAX_LENGTH. Default: "longest_first".
   */
  readonly truncation?: Truncation;
  /** Put special tokens around the texts. Default: true. */
  readonly addSpecialTokens?: boolean;
  /** Keep what is cut off as further windows, each with special tokens of its own. Default: false. */
  readonly overflow?: boolean;
  /**
   * Tokens that a window repeats of the one before; below the tokens of a text that a window has room for. Default: 0.
   */
  readonly stride?: number;
  /** Tell where in the text each token stands, in UTF-16 units. Default: false. */
  readonly offsets?: boolean;
  /** Tell which word each token belongs to. Default: false. */
  readonly wordIds?: boolean;
  /** Tell which text each token belongs to. Default: false. */
  readonly sequenceIds?: boolean;
  /** Tell which tokens were put around the texts. Default: false. */
  readonly specialTokensMask?: boolean;
  /** Tell each token's text. Default: false. */
  readonly tokens?: boolean;
}

/** How to turn ids into text. */
export interface DecodeOptions {
  /** Leave out `[CLS]` and its like. Default: true. */
  readonly skipSpecialTokens?: boolean;
}

/**
 * Turns texts into ids and back: what data loaders, trainers and classifiers ask of a tokenizer.
 * `AutoTokenizer.fromPretrained` opens one.
 */
export interface Tokenizer {
  /** Id that fills a batch's shorter rows. */
  readonly padTokenId: number;
  /** Ids are below this number: that of the tokens, added ones included, where no id is left out. */
  readonly vocabSize: number;
  /** Longest encoding that the model takes (`model_max_length`), special tokens included; always finite. */
  readonly maxLength: number;
  /**
   * Changes where the ids of some text may change: a key for caches of encodings. An own tokenizer without one is not
   * cached.
   */
  readonly fingerprint?: string;
  /** Encodes one text or pair off the JavaScript thread; throws ERR_INVALID_ARG, ERR_MAX_LENGTH. */
  encode(text: string, pair?: string, options?: EncodeOptions): Promise<Encoding>;
  /**
   * Encodes many texts and pairs off the JavaScript thread, in order; ERR_INVALID_ARG and ERR_MAX_LENGTH name the
   * index.
   */
  encodeBatch(texts: readonly TextInput[], options?: EncodeOptions): Promise<Encoding[]>;
  /** Text of the ids; throws ERR_INVALID_ARG. */
  decode(ids: ArrayLike<number | bigint>, options?: DecodeOptions): Promise<string>;
  /** Writes the files from which this library and Python's `AutoTokenizer` open the same tokenizer. */
  save(folder: string): Promise<void>;
}
