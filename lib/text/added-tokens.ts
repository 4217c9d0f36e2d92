/** Tokens that a vocabulary gets later, for names and marks of one's own texts. */
import { describe, TorchwrightError } from "../errors";
import { addedTokens, idLimit } from "./check-document";
import type { OpenedTokenizer } from "./load-document";
import { asObject, type JsonObject } from "./tokenizer-files";

/** A token that is found in texts before anything is split. */
export interface AddedToken {
  /** What is to be found. */
  readonly content: string;
  /** Left out by `decode` and never changed by lower-casing. Default: false. */
  readonly special?: boolean;
  /** Found only where no letter or digit touches it. Default: false. */
  readonly singleWord?: boolean;
}

const FLAGS = ["special", "singleWord"] as const;

/** The tokenizer with further tokens; throws ERR_INVALID_ARG. */
export function withAddedTokens(
  opened: OpenedTokenizer,
  tokens: readonly (string | AddedToken)[],
  idOf: (token: string) => number | undefined,
): OpenedTokenizer {
  if (!Array.isArray(tokens)) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `Tokenizer.withTokens: expected an array of tokens, got ${describe(tokens)}`,
    );
  }
  const present = new Map(addedTokens(opened.document).map((token) => [token["content"], token]));
  const added = new Map<string, JsonObject>();
  let next = idLimit(opened.document);
  for (const [index, token] of (tokens as readonly unknown[]).entries()) {
    const { content, special = false, singleWord = false } = checkToken(token, index);
    if (present.has(content) || added.has(content)) continue;
    // What lower-casing changes would never be found in the changed text: plain tokens are changed alike, special ones
    // are matched before.
    const flags = { special, single_word: singleWord, lstrip: false, rstrip: false, normalized: !special };
    added.set(content, { id: idOf(content) ?? next++, content, ...flags });
  }
  if (added.size === 0) return opened;
  const all = [...present.values(), ...added.values()].sort((a, b) => Number(a["id"]) - Number(b["id"]));
  const decoder = asObject(opened.config["added_tokens_decoder"]);
  const entries = [...added.values()].map(({ id, ...token }) => [String(id), token]);
  return {
    ...opened,
    document: { ...opened.document, added_tokens: all },
    config: decoder
      ? { ...opened.config, added_tokens_decoder: { ...decoder, ...(Object.fromEntries(entries) as JsonObject) } }
      : opened.config,
    stored: false,
    // The model's config.json belongs to the embeddings before they grow.
    source: { ...opened.source, modelConfig: undefined },
  };
}

function checkToken(token: unknown, index: number): AddedToken {
  const given = typeof token === "string" ? { content: token } : asObject(token);
  const invalid = (expected: string, got: unknown): TorchwrightError =>
    new TorchwrightError(
      "ERR_INVALID_ARG",
      `Tokenizer.withTokens: expected ${expected} at index ${index}, got ${describe(got)}`,
    );
  if (!given) throw invalid("a token as text or as an object with its content", token);
  const unknown = Object.keys(given).find((name) => name !== "content" && !(FLAGS as readonly string[]).includes(name));
  if (unknown !== undefined) throw invalid("a token with content, special and singleWord", unknown);
  const { content, special, singleWord } = given as Partial<AddedToken>;
  if (typeof content !== "string" || content.trim() === "") throw invalid("a token's content, not empty,", content);
  if (!(content as string & { isWellFormed(): boolean }).isWellFormed()) {
    throw invalid("a token that Unicode can hold", content);
  }
  for (const [name, flag] of Object.entries({ special, singleWord })) {
    if (flag !== undefined && typeof flag !== "boolean") throw invalid(`${name} to be true or false`, flag);
  }
  return given as unknown as AddedToken;
}
