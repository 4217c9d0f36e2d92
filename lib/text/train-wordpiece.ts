/** Trains a tokenizer of BERT's kind on texts. */
import { describe, TorchwrightError } from "../errors";
import { bertDocument, bertNormalizer } from "./bert-wordpiece";
import { PretrainedTokenizer } from "./pretrained-tokenizer";
import { BERT_SPECIAL_TOKENS } from "./special-tokens";
import { TimeSlice } from "./time-slice";
import type { JsonObject, TokenizerFolder } from "./tokenizer-files";
import { countWords } from "./training/count-words";
import { wordPieces } from "./training/word-pieces";

/** Settings of `trainWordPiece`; names and defaults are those of Python's `BertWordPieceTokenizer`. */
export interface WordPieceOptions {
  /** Tokens at most, special ones included. Default 30,000. */
  readonly vocabSize?: number;
  /** How often two pieces have to stand side by side to become one. Default 2. */
  readonly minFrequency?: number;
  /** How many different characters at most, the most frequent ones; others are unknown. Default 1,000. */
  readonly limitAlphabet?: number;
  /** Characters that are kept in any case, each as a string of one. */
  readonly initialAlphabet?: readonly string[];
  /** Whether upper and lower case are the same. Default true. */
  readonly lowercase?: boolean;
  /** Whether accents are dropped. Default: as `lowercase`. */
  readonly stripAccents?: boolean;
  /** Whether each CJK character is a word. Default true. */
  readonly handleChineseChars?: boolean;
  /** Longest input in tokens, which the tokenizer truncates to when not told otherwise. Default 512. */
  readonly maxLength?: number;
  /** Stops the training; it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

const OPERATION = "trainWordPiece";
/** In the order of their ids. */
const SPECIAL = [
  BERT_SPECIAL_TOKENS.pad_token,
  BERT_SPECIAL_TOKENS.unk_token,
  BERT_SPECIAL_TOKENS.cls_token,
  BERT_SPECIAL_TOKENS.sep_token,
  BERT_SPECIAL_TOKENS.mask_token,
];
const NAMES: ReadonlySet<string> = new Set<keyof WordPieceOptions>([
  "vocabSize",
  "minFrequency",
  "limitAlphabet",
  "initialAlphabet",
  "lowercase",
  "stripAccents",
  "handleChineseChars",
  "maxLength",
  "signal",
]);

/**
 * A WordPiece tokenizer for texts of one's own, as for a language or a field that no pretrained model knows.
 *
 * The texts are read once, as they come; only their different words stay in memory. A model trained from scratch takes
 * `vocabSize` of the tokenizer, and `save` writes a folder that Python's `AutoTokenizer` opens. Where several pairs of
 * pieces are equally frequent the order of the texts decides, so that the same texts give the same tokenizer; Python's
 * library makes these choices differently every time. Words of more than 100 characters, which BERT makes unknown in
 * any case, do not count.
 *
 * Throws ERR_INVALID_ARG for options and for what is no text, naming its index.
 *
 * @example
 * ```ts
 * import { trainWordPiece } from "torchwright";
 * const tokenizer = await trainWordPiece(["low lower lowest", "new newer newest"], { vocabSize: 40 });
 * const { tokens } = await tokenizer.encode("newest", undefined, { tokens: true });
 * ```
 */
export async function trainWordPiece(
  texts: Iterable<string> | AsyncIterable<string>,
  options: WordPieceOptions = {},
): Promise<PretrainedTokenizer> {
  const resolved = resolve(texts, options);
  const { signal, maxLength, config } = resolved;
  const slice = new TimeSlice();
  signal?.throwIfAborted();
  const splitting = documentOf(SPECIAL, config);
  const words = await countWords(OPERATION, texts, splitting, slice, signal);
  if (words.size === 0) throw invalid("texts with at least one word", "none");
  const vocabulary = await wordPieces(OPERATION, words, { ...resolved, special: SPECIAL }, slice, signal);
  const document = documentOf(vocabulary, config);
  return PretrainedTokenizer.open({
    source: folderOf(vocabulary),
    config,
    classTokens: BERT_SPECIAL_TOKENS,
    document,
    stored: false,
    maxLength,
  });
}

/** A folder that is not on the disk: what `bertDocument` reads. */
function folderOf(vocabulary: readonly string[]): TokenizerFolder {
  const files = new Map([["vocab.txt", Buffer.from(`${vocabulary.join("\n")}\n`)]] as const);
  return { folder: OPERATION, files, modelConfig: undefined };
}

function documentOf(vocabulary: readonly string[], config: JsonObject): JsonObject {
  return { ...bertDocument(folderOf(vocabulary), config), normalizer: bertNormalizer(config) };
}

function invalid(expected: string, got: unknown): TorchwrightError {
  return new TorchwrightError("ERR_INVALID_ARG", `${OPERATION}: expected ${expected}, got ${describe(got)}`);
}

interface Resolved {
  readonly vocabSize: number;
  readonly minFrequency: number;
  readonly limitAlphabet: number;
  readonly initialAlphabet: readonly string[];
  readonly maxLength: number;
  readonly signal: AbortSignal | undefined;
  /** tokenizer_config.json. */
  readonly config: JsonObject;
}

function resolve(texts: unknown, options: unknown): Resolved {
  const iterable =
    typeof texts === "object" && texts !== null && (Symbol.iterator in texts || Symbol.asyncIterator in texts);
  if (!iterable) throw invalid("texts as an iterable of strings", texts);
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw invalid("options as an object", options);
  }
  const unknown = Object.keys(options).find((name) => !NAMES.has(name));
  if (unknown !== undefined) throw invalid(`options among ${[...NAMES].join(", ")}`, unknown);
  const given = options as WordPieceOptions;
  const {
    vocabSize = 30_000,
    minFrequency = 2,
    limitAlphabet = 1000,
    initialAlphabet = [],
    maxLength = 512,
    signal,
  } = given;
  const { lowercase = true, stripAccents, handleChineseChars = true } = given;
  for (const [name, value, least] of [
    ["vocabSize", vocabSize, SPECIAL.length + 1],
    ["minFrequency", minFrequency, 0],
    ["limitAlphabet", limitAlphabet, 1],
    ["maxLength", maxLength, 2],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < least) {
      throw invalid(`${name} to be a whole number of at least ${least}`, value);
    }
  }
  for (const [name, value] of Object.entries({ lowercase, stripAccents, handleChineseChars })) {
    if (value !== undefined && typeof value !== "boolean") throw invalid(`${name} to be true or false`, value);
  }
  const characters: unknown = initialAlphabet;
  if (!Array.isArray(characters)) throw invalid("initialAlphabet to be a list of characters", characters);
  for (const character of characters as unknown[]) {
    // What the tokenizer drops from texts has no place in vocab.txt.
    if (
      typeof character !== "string" ||
      [...character].length !== 1 ||
      /[\s\p{Cc}\p{Cf}\p{Cs}\ufffd]/u.test(character)
    ) {
      throw invalid("initialAlphabet to be a list of strings of one visible character", character);
    }
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw invalid("signal to be an AbortSignal", signal);
  const config = {
    tokenizer_class: "BertTokenizer",
    model_max_length: maxLength,
    do_lower_case: lowercase,
    strip_accents: stripAccents ?? null,
    tokenize_chinese_chars: handleChineseChars,
    ...BERT_SPECIAL_TOKENS,
  };
  return { vocabSize, minFrequency, limitAlphabet, initialAlphabet, maxLength, signal, config };
}
