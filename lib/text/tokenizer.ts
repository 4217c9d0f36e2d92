/** What a tokenizer is to the rest of the library: text in, ragged ids out. Nothing here pads. */

/** One text, or a pair of texts that BERT separates with `[SEP]` and token types 0 and 1. */
export type TextInput = string | readonly [text: string, pair: string];

/** The ids of one text or pair, special tokens included, without padding: its attention mask is all ones. */
export interface Encoding {
  /** Token ids, `[length]`. */
  readonly ids: Int32Array;
  /** Token type ids, `[length]`: 0 in the first text, 1 in the second. */
  readonly typeIds: Uint8Array;
}

export interface EncodeOptions {
  /**
   * Longest encoding in tokens, special tokens included; longer texts are cut and keep their `[SEP]`.
   * Of a pair the longer text is cut first, as `truncation="longest_first"` does in Python.
   * Default: the tokenizer's `maxLength`.
   */
  readonly maxLength?: number;
}

/** Turns texts into ids and back; `AutoTokenizer.fromPretrained` opens one. */
export interface Tokenizer {
  /** Id that fills a batch's shorter rows. */
  readonly padTokenId: number;
  /** Ids are below this number: that of the tokens, added ones included, where no id is left out. */
  readonly vocabSize: number;
  /** Longest encoding that the model takes (`model_max_length`), special tokens included; always finite. */
  readonly maxLength: number;
  /** Encodes one text or pair off the JavaScript thread; throws ERR_INVALID_ARG. */
  encode(text: string, pair?: string, options?: EncodeOptions): Promise<Encoding>;
  /** Encodes many texts and pairs off the JavaScript thread, in order; ERR_INVALID_ARG names the index. */
  encodeBatch(texts: readonly TextInput[], options?: EncodeOptions): Promise<Encoding[]>;
  /** Text of the ids, special tokens left out; throws ERR_INVALID_ARG. */
  decode(ids: ArrayLike<number | bigint>): Promise<string>;
  /** Writes the files from which this library and Python's `AutoTokenizer` open the same tokenizer. */
  save(folder: string): Promise<void>;
}
