/** A tokenizer's special tokens by their role, from whichever file names them. */
import { asObject, jsonOf, type JsonObject, type TokenizerFolder } from "./tokenizer-files";

/** Roles, which are the keys of tokenizer_config.json, and the tokens that BERT gives them. */
export const BERT_SPECIAL_TOKENS = {
  unk_token: "[UNK]",
  sep_token: "[SEP]",
  pad_token: "[PAD]",
  cls_token: "[CLS]",
  mask_token: "[MASK]",
} as const;

export type SpecialTokens = Readonly<Record<keyof typeof BERT_SPECIAL_TOKENS, string>>;

/** Those of RoBERTa and its relatives. */
export const ROBERTA_SPECIAL_TOKENS: SpecialTokens = {
  unk_token: "<unk>",
  sep_token: "</s>",
  pad_token: "<pad>",
  cls_token: "<s>",
  mask_token: "<mask>",
};

const ROLES = Object.keys(BERT_SPECIAL_TOKENS) as (keyof SpecialTokens)[];

/** A token that the files give as text or as an object with its text in `content`. */
export function tokenText(value: unknown): string | undefined {
  const content = asObject(value)?.["content"] ?? value;
  return typeof content === "string" ? content : undefined;
}

/**
 * Special tokens: tokenizer_config.json's, else special_tokens_map.json's, else those of the tokenizer's class, else
 * BERT's or RoBERTa's, whichever the vocabulary has.
 *
 * @param defaults of the class, where it is known
 */
export function specialTokens(
  source: TokenizerFolder,
  config: JsonObject,
  defaults: SpecialTokens | undefined,
  has: (token: string) => boolean,
): SpecialTokens {
  const map = jsonOf(source, "special_tokens_map.json") ?? {};
  const usual = (role: keyof SpecialTokens): string =>
    [BERT_SPECIAL_TOKENS[role], ROBERTA_SPECIAL_TOKENS[role]].find(has) ?? BERT_SPECIAL_TOKENS[role];
  const named = (role: keyof SpecialTokens): string =>
    tokenText(config[role]) ?? tokenText(map[role]) ?? defaults?.[role] ?? usual(role);
  return Object.fromEntries(ROLES.map((role) => [role, named(role)])) as SpecialTokens;
}
