/** What a tokenizer writes when it is saved: the files it came from, completed for Python's `AutoTokenizer`. */
import type { OpenedTokenizer } from "./load-document";
import { asObject, type JsonObject } from "./tokenizer-files";

/**
 * The folder's own files byte for byte, completed by those that it lacks.
 *
 * @param special special tokens by role, those that the vocabulary has
 */
export function filesToSave(
  opened: OpenedTokenizer,
  special: Readonly<Record<string, string>>,
): Map<string, string | Buffer> {
  const { source, config, document, stored, maxLength } = opened;
  const files = new Map<string, string | Buffer>(source.files);
  const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
  if (!stored) files.set("tokenizer.json", JSON.stringify(document));
  const model = asObject(document["model"]) ?? {};
  const normalizer = asObject(document["normalizer"]) ?? {};
  const bert = model["type"] === "WordPiece" && normalizer["type"] === "BertNormalizer";
  if (!files.has("special_tokens_map.json")) files.set("special_tokens_map.json", json(special));
  if (!files.has("tokenizer_config.json") || typeof config["tokenizer_class"] !== "string") {
    const pipeline = {
      do_lower_case: normalizer["lowercase"],
      strip_accents: normalizer["strip_accents"],
      tokenize_chinese_chars: normalizer["handle_chinese_chars"],
    };
    const completed = {
      tokenizer_class: bert ? "BertTokenizer" : "PreTrainedTokenizerFast",
      model_max_length: maxLength,
      ...special,
      ...config,
      ...(bert ? pipeline : {}),
    };
    files.set("tokenizer_config.json", json(completed));
  }
  const vocabulary = asObject(model["vocab"]);
  if (bert && vocabulary && !files.has("vocab.txt")) {
    const lines = vocabularyLines(vocabulary);
    if (lines !== undefined) files.set("vocab.txt", lines);
  }
  return files;
}

/** vocab.txt for a vocabulary, unless it has what one token per line cannot hold: gaps and line ends. */
function vocabularyLines(vocabulary: JsonObject): string | undefined {
  const size = Object.keys(vocabulary).length;
  const tokens = new Array<string | undefined>(size).fill(undefined);
  for (const [token, id] of Object.entries(vocabulary)) {
    if (typeof id !== "number" || !(id < size) || /[\r\n]/.test(token)) return undefined;
    tokens[id] = token;
  }
  return tokens.includes(undefined) ? undefined : `${tokens.join("\n")}\n`;
}
