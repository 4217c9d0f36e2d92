/** A tokenizer's special tokens by their role, from whichever file names them. */
import { asObject, jsonOf, type JsonObject, type TokenizerFolder } from "./tokenizer-files";

/** Roles and the tokens that BERT gives them. */
export const BERT_SPECIAL_TOKENS = {
  unk_token: "[UNK]",
  sep_token: "[SEP]",
  pad_token: "[PAD]",
  cls_token: "[CLS]",
  mask_token: "[MASK]",
} as const;

export type SpecialTokens = Readonly<Record<keyof typeof BERT_SPECIAL_TOKENS, string>>;

/** A token that the files give as text or as an object with its text in `content`. */
export function tokenText(value: unknown): string | undefined {
  const content = asObject(value)?.["content"] ?? value;
  return typeof content === "string" ? content : undefined;
}

/** Special tokens: tokenizer_config.json's, else special_tokens_map.json's, else BERT's. */
export function specialTokens(source: TokenizerFolder, config: JsonObject): SpecialTokens {
  const map = jsonOf(source, "special_tokens_map.json") ?? {};
  const roles = Object.keys(BERT_SPECIAL_TOKENS) as (keyof SpecialTokens)[];
  const named = (role: keyof SpecialTokens): string =>
    tokenText(config[role]) ?? tokenText(map[role]) ?? BERT_SPECIAL_TOKENS[role];
  return Object.fromEntries(roles.map((role) => [role, named(role)])) as SpecialTokens;
}
