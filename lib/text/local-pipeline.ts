/**
 * Whether every step of a tokenizer is known to look no further than a space between two plain characters.
 *
 * A text of such a tokenizer has the tokens of its parts, where it is cut in front of those spaces (see `cut-text.ts`).
 */
import { addedTokens } from "./check-document";
import { asObject, type JsonObject } from "./tokenizer-files";

/** Of a tokenizer.json document. */
export function isLocal(document: JsonObject): boolean {
  const model = asObject(document["model"]);
  const preTokenizer = asObject(document["pre_tokenizer"]);
  const normalizer = document["normalizer"];
  return (
    modelIsLocal(model, preTokenizer) &&
    preTokenizerIsLocal(preTokenizer) &&
    (normalizer === null || normalizer === undefined || normalizerIsLocal(asObject(normalizer))) &&
    addedTokensAreLocal(document)
  );
}

/** A special token that parts two texts wherever it stands, and that nothing beside it changes. */
export interface Separator {
  readonly content: string;
  readonly id: number;
}

/** One that a tokenizer.json document has, if any. */
export function separatorOf(document: JsonObject): Separator | undefined {
  for (const { content, id, special, normalized, lstrip, rstrip, single_word: singleWord } of addedTokens(document)) {
    const strict = special === true && ![normalized, lstrip, rstrip, singleWord].includes(true);
    if (strict && typeof id === "number" && typeof content === "string" && /^[[<][\w/|]+[\]>]$/.test(content)) return { content, id };
  }
  return undefined;
}

/** Words are tokenized one by one, and none vanishes, so that those of a part can be counted. */
function modelIsLocal(model: JsonObject | undefined, preTokenizer: JsonObject | undefined): boolean {
  if (model?.["type"] === "BPE") return (model["dropout"] ?? null) === null && preTokenizer?.["type"] === "ByteLevel";
  return model?.["type"] === "WordPiece" || model?.["type"] === "Unigram";
}

function preTokenizerIsLocal(step: JsonObject | undefined): boolean {
  switch (step?.["type"]) {
    case "BertPreTokenizer":
    case "Whitespace":
    case "WhitespaceSplit":
      return true;
    case "Punctuation":
      return ["Isolated", "Removed", undefined].includes(step["behavior"] as string | undefined);
    case "ByteLevel":
      // With a space of its own in front of each part the ids would be the same, but not all offsets.
      return step["add_prefix_space"] === false && step["use_regex"] !== false;
    case "Metaspace":
      // A part begins with its space, in place of which the whole has the same sign.
      return step["split"] !== false && (step["prepend_scheme"] ?? (step["add_prefix_space"] === true ? "always" : "")) === "always";
    case "Sequence":
      return every(step["pretokenizers"], preTokenizerIsLocal);
    default:
      return false;
  }
}

function normalizerIsLocal(step: JsonObject | undefined): boolean {
  switch (step?.["type"]) {
    case "BertNormalizer":
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD":
    case "Nmt":
    case "StripAccents":
    case "Lowercase":
    case "Precompiled":
      return true;
    case "Strip":
      return step["strip_left"] === false; // a part begins with a space, and ends in none
    case "Replace": {
      const { String: text, Regex: regex } = asObject(step["pattern"]) ?? {};
      if (typeof regex === "string") return regex === " {2,}" || regex === "\\s{2,}|[\\n\\r\\t]";
      return typeof text === "string" && !/\s/.test(text);
    }
    case "Sequence":
      return every(step["normalizers"], normalizerIsLocal);
    default:
      return false;
  }
}

/** Added tokens are matched before all else: none may reach over the cut, which a token that takes spaces behind it would. */
function addedTokensAreLocal(document: JsonObject): boolean {
  return addedTokens(document).every(({ content, rstrip }) => typeof content === "string" && !/\s/.test(content) && rstrip !== true);
}

function every(steps: unknown, check: (step: JsonObject | undefined) => boolean): boolean {
  return Array.isArray(steps) && (steps as unknown[]).every((step) => check(asObject(step)));
}
