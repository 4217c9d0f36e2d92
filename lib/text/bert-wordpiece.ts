/**
 * BERT's WordPiece tokenizer as a tokenizer.json document, made from vocab.txt and tokenizer_config.json.
 *
 * The pipeline is that of `BertTokenizer` in Hugging Face's transformers: clean text, split CJK characters,
 * lower-case and strip accents, split at spaces and punctuation, then greedy WordPiece of at most 100
 * characters per word.
 */
import { BERT_SPECIAL_TOKENS, type SpecialTokens, specialTokens, tokenText } from "./special-tokens";
import { asObject, invalid, type JsonObject, jsonOf, textOf, type TokenizerFolder } from "./tokenizer-files";

/** The normalizer that tokenizer_config.json asks for; what it leaves out is BERT's default. */
export function bertNormalizer(config: JsonObject): JsonObject {
  const strip = config["strip_accents"];
  return {
    type: "BertNormalizer",
    clean_text: true,
    handle_chinese_chars: config["tokenize_chinese_chars"] !== false,
    // null: as `lowercase` is, like the original BERT
    strip_accents: typeof strip === "boolean" ? strip : null,
    lowercase: config["do_lower_case"] !== false,
  };
}

/** Tokens by id from vocab.txt, one per line; of a repeated token the last line counts, as in Python. */
function readVocabulary(source: TokenizerFolder): Map<string, number> {
  const lines = (textOf(source, "vocab.txt") ?? "").split(/\r\n|\n|\r/);
  if (lines.at(-1) === "") lines.pop();
  if (lines.length === 0) throw invalid(source, "vocab.txt", "it is empty; expected one token per line");
  return new Map(lines.map((line, id) => [line.trimEnd(), id]));
}

/** An entry of `added_tokens`. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly normalized: boolean;
}

/** Tokens that are matched before anything is split: the special ones, and those that were added later. */
function addedTokens(
  source: TokenizerFolder,
  config: JsonObject,
  vocabulary: ReadonlyMap<string, number>,
  special: SpecialTokens,
): AddedToken[] {
  const byContent = new Map<string, AddedToken>();
  const add = (content: string, id: number, given: JsonObject, isSpecial: boolean): void => {
    const flag = (name: string, otherwise = false): boolean =>
      typeof given[name] === "boolean" ? given[name] : otherwise;
    byContent.set(content, {
      id,
      content,
      special: flag("special", isSpecial),
      single_word: flag("single_word"),
      lstrip: flag("lstrip"),
      rstrip: flag("rstrip"),
      normalized: flag("normalized", !flag("special", isSpecial)),
    });
  };
  for (const content of Object.values(special)) {
    const id = vocabulary.get(content);
    if (id !== undefined) add(content, id, {}, true);
  }
  for (const [content, id] of Object.entries(jsonOf(source, "added_tokens.json") ?? {})) {
    if (typeof id === "number") add(content, id, {}, false);
  }
  for (const [id, token] of Object.entries(asObject(config["added_tokens_decoder"]) ?? {})) {
    const content = tokenText(token);
    if (content !== undefined) add(content, Number(id), asObject(token) ?? {}, false);
  }
  return [...byContent.values()].sort((a, b) => a.id - b.id);
}

/** The tokenizer.json document for a folder with vocab.txt; throws ERR_TOKENIZER_INVALID. */
export function bertDocument(source: TokenizerFolder, config: JsonObject): JsonObject {
  const vocabulary = readVocabulary(source);
  const special = specialTokens(source, config, BERT_SPECIAL_TOKENS, (token) => vocabulary.has(token));
  for (const token of [special.unk_token, special.cls_token, special.sep_token]) {
    if (!vocabulary.has(token)) {
      throw invalid(source, "vocab.txt", `it has no ${token} among its ${vocabulary.size} tokens`);
    }
  }
  return wordPieceDocument(vocabulary, special, {
    normalizer: bertNormalizer(config),
    added: addedTokens(source, config, vocabulary, special),
  });
}

/** BERT's pipeline around a vocabulary that has the special tokens. */
function wordPieceDocument(
  vocabulary: ReadonlyMap<string, number>,
  special: SpecialTokens,
  {
    normalizer,
    added,
    prefix = "##",
  }: { readonly normalizer: JsonObject; readonly added: readonly AddedToken[]; readonly prefix?: string },
): JsonObject {
  const { cls_token: cls, sep_token: sep } = special;
  const specialToken = (id: string, type: number): JsonObject => ({ SpecialToken: { id, type_id: type } });
  const text = (id: "A" | "B", type: number): JsonObject => ({ Sequence: { id, type_id: type } });
  const definition = (token: string): JsonObject => ({ id: token, ids: [vocabulary.get(token)], tokens: [token] });
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer,
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing",
      single: [specialToken(cls, 0), text("A", 0), specialToken(sep, 0)],
      pair: [specialToken(cls, 0), text("A", 0), specialToken(sep, 0), text("B", 1), specialToken(sep, 1)],
      special_tokens: { [cls]: definition(cls), [sep]: definition(sep) },
    },
    decoder: { type: "WordPiece", prefix, cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: special.unk_token,
      continuing_subword_prefix: prefix,
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabulary),
    },
  };
}
