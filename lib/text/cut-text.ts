/**
 * Where a very long text may be cut so that its pieces have the tokens of the whole.
 *
 * The library hands over a text's tokens in one go, on the JavaScript thread: those of 10 MB would hold it for a
 * tenth of a second and more. And it works on one text with one core. So long texts go in pieces, cut in front
 * of a space between two plain letters, if every step of the tokenizer is known to look no further than that.
 */
import { asObject, type JsonObject } from "./tokenizer-files";

/** UTF-16 units from which a text is cut at all, and of a piece. */
const LONG = 65_536;
const PIECE = 32_768;

/** Where the pieces of a text begin; `[0]` for a text that stays whole. */
export type Cutter = (text: string) => readonly number[];

/** The cutter for a tokenizer.json document. */
export function cutterFor(document: JsonObject): Cutter {
  const model = asObject(document["model"]);
  const preTokenizer = asObject(document["pre_tokenizer"]);
  const normalizer = document["normalizer"];
  const local =
    modelIsLocal(model, preTokenizer) &&
    preTokenizerIsLocal(preTokenizer) &&
    (normalizer === null || normalizer === undefined || normalizerIsLocal(asObject(normalizer))) &&
    addedTokensAreLocal(document["added_tokens"]);
  return local ? cutAtSpaces : (): readonly number[] => [0];
}

function cutAtSpaces(text: string): readonly number[] {
  const starts = [0];
  if (text.length < LONG) return starts;
  const between = /[A-Za-z] [A-Za-z]/g;
  for (;;) {
    between.lastIndex = (starts.at(-1) as number) + PIECE;
    const match = between.exec(text);
    if (!match) return starts;
    starts.push(match.index + 1);
  }
}

/** Words are tokenized one by one, and none vanishes, so that those of a piece can be counted. */
function modelIsLocal(model: JsonObject | undefined, preTokenizer: JsonObject | undefined): boolean {
  if (model?.["type"] === "BPE") return (model["dropout"] ?? null) === null && preTokenizer?.["type"] === "ByteLevel";
  return model?.["type"] === "WordPiece" || model?.["type"] === "Unigram";
}

function preTokenizerIsLocal(step: JsonObject | undefined): boolean {
  switch (step?.["type"]) {
    case "BertPreTokenizer":
    case "Whitespace":
    case "WhitespaceSplit":
    case "Punctuation":
      return true;
    case "ByteLevel":
      return step["add_prefix_space"] === false && step["use_regex"] !== false;
    case "Metaspace":
      // A piece begins with its space, in place of which the whole has the same sign.
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
      return step["strip_left"] === false; // a piece ends in a letter, but begins with a space
    case "Replace": {
      const { String: text, Regex: regex } = asObject(step["pattern"]) ?? {};
      if (typeof regex === "string") return regex === " {2,}" || regex === "\\s{2,}|[\\n\\r\\t]";
      return typeof text === "string" && !/[A-Za-z ]/.test(text);
    }
    case "Sequence":
      return every(step["normalizers"], normalizerIsLocal);
    default:
      return false;
  }
}

/** Added tokens are matched before all else: none may reach over the cut. */
function addedTokensAreLocal(tokens: unknown): boolean {
  return every(tokens ?? [], (token) => {
    const content = token?.["content"];
    if (typeof content !== "string" || /\s/.test(content)) return false;
    return !(token?.["lstrip"] === true && /^[A-Za-z]/.test(content)) && !(token?.["rstrip"] === true && /[A-Za-z]$/.test(content));
  });
}

function every(steps: unknown, check: (step: JsonObject | undefined) => boolean): boolean {
  return Array.isArray(steps) && (steps as unknown[]).every((step) => check(asObject(step)));
}
