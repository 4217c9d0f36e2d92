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
  return (
    modelIsLocal(model, preTokenizer) &&
    preTokenizerIsLocal(preTokenizer) &&
    normalizersAreLocal(stepsOf(document["normalizer"], "normalizers"), dropsSpaces(preTokenizer)) &&
    stepsOf(document["post_processor"], "processors").every(processorIsLocal) &&
    addedTokensAreLocal(document)
  );
}

/**
 * A special token that parts two texts wherever it stands, and that nothing beside it changes; if the document has one.
 * Not the unknown token, as which words come back.
 */
export function separatorOf(document: JsonObject): string | undefined {
  const tokens = addedTokens(document);
  const model = asObject(document["model"]);
  const vocabulary = model?.["vocab"];
  const unknown =
    model?.["unk_token"] ??
    (Array.isArray(vocabulary) ? (vocabulary as unknown[][])[model?.["unk_id"] as number]?.[0] : undefined);
  return tokens
    .filter(
      ({ special, normalized, lstrip, rstrip, single_word: singleWord }) =>
        special === true && ![normalized, lstrip, rstrip, singleWord].includes(true),
    )
    .map(({ content }) => content)
    .filter(
      (content): content is string =>
        typeof content === "string" && /^[[<][\w/|]+[\]>]$/.test(content) && content !== unknown,
    )
    .find((content) =>
      tokens.every((other) => other["content"] === content || !overlaps(String(other["content"]), content)),
    );
}

/** Whether a token could take a part of the other, of which nothing but that other's end stands before it. */
function overlaps(token: string, other: string): boolean {
  return (
    token.includes(other) ||
    Array.from({ length: other.length - 1 }, (_, i) => other.slice(0, i + 1)).some((begin) => token.endsWith(begin))
  );
}

/** Words are tokenized one by one, and none vanishes, so that those of a part can be counted. */
function modelIsLocal(model: JsonObject | undefined, preTokenizer: JsonObject | undefined): boolean {
  if (model?.["type"] === "BPE") {
    const characters = Object.keys(asObject(model["vocab"]) ?? {}).filter((token) => token.length === 1);
    const complete = typeof model["unk_token"] === "string" || characters.length >= 256; // one for each byte
    return (model["dropout"] ?? null) === null && preTokenizer?.["type"] === "ByteLevel" && complete;
  }
  return model?.["type"] === "WordPiece" || model?.["type"] === "Unigram";
}

/** The steps of a Sequence, or the one step; none for null. */
function stepsOf(step: unknown, name: "normalizers" | "pretokenizers" | "processors"): (JsonObject | undefined)[] {
  if (step === null || step === undefined) return [];
  const object = asObject(step);
  if (object?.["type"] !== "Sequence") return [object];
  const steps: unknown = object[name];
  return Array.isArray(steps) ? (steps as unknown[]).flatMap((one) => stepsOf(one, name)) : [undefined];
}

/** Whether no space is left for anything behind the first step. */
function dropsSpaces(preTokenizer: JsonObject | undefined): boolean {
  const [first] = stepsOf(preTokenizer, "pretokenizers");
  return ["BertPreTokenizer", "Whitespace", "WhitespaceSplit"].includes(first?.["type"] as string);
}

/** Offsets are trimmed of the space that a part begins with, unless that is taken for the one of its own. */
function processorIsLocal(step: JsonObject | undefined): boolean {
  if (step?.["type"] !== "ByteLevel" && step?.["type"] !== "RobertaProcessing") return step !== undefined;
  return step["trim_offsets"] === false || step["add_prefix_space"] === false;
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
      return (
        step["split"] !== false &&
        (step["prepend_scheme"] ?? (step["add_prefix_space"] === true ? "always" : "")) === "always"
      );
    case "Sequence":
      return every(step["pretokenizers"], preTokenizerIsLocal);
    default:
      return false;
  }
}

/**
 * A step that looks at runs of spaces or at a text's end may follow only where no step before it makes a visible
 * character vanish or a space: beside such a one it would see more of the whole than of a part. Unless spaces say
 * nothing anyway.
 */
function normalizersAreLocal(steps: readonly (JsonObject | undefined)[], spacesDropped: boolean): boolean {
  let mayBlank = false;
  return steps.every((step) => {
    switch (step?.["type"]) {
      case "BertNormalizer":
      case "StripAccents":
        mayBlank = true;
        return true;
      case "NFC":
      case "NFD":
      case "NFKC":
      case "NFKD":
      case "Nmt":
      case "Lowercase":
      case "Precompiled":
        return true;
      case "Strip": // a part begins with a space, and ends in none
        return step["strip_left"] === false && (spacesDropped || !mayBlank || step["strip_right"] === false);
      case "Replace": {
        const { String: text, Regex: regex } = asObject(step["pattern"]) ?? {};
        const content: unknown = step["content"];
        if (typeof regex === "string") {
          return (
            (regex === " {2,}" || regex === "\\s{2,}|[\\n\\r\\t]") &&
            (content === " " || content === "\u2581") &&
            (spacesDropped || !mayBlank)
          );
        }
        return (
          typeof text === "string" &&
          text !== "" &&
          !/[\s\u2581]/.test(text) &&
          typeof content === "string" &&
          content !== "" &&
          !/[\s\u2581]/.test(content)
        );
      }
      default:
        return false;
    }
  });
}

/**
 * Added tokens are matched before all else: none may reach over the cut, which a token that takes spaces behind it
 * would.
 */
function addedTokensAreLocal(document: JsonObject): boolean {
  return addedTokens(document).every(
    ({ content, rstrip }) => typeof content === "string" && !/\s/.test(content) && rstrip !== true,
  );
}

function every(steps: unknown, check: (step: JsonObject | undefined) => boolean): boolean {
  return Array.isArray(steps) && (steps as unknown[]).every((step) => check(asObject(step)));
}
