/** When two texts are the same: the one rule, for `dedupe` and for `inspect`. */
import type { TextInput } from "../../text/tokenizer";

/** A key that two inputs share only where their texts, and their second texts, are the same to the code unit. */
export function exactKey(text: TextInput): string {
  // The first text's length says where it ends, so that no pair is taken for another pair or for a single text.
  return typeof text === "string" ? `single ${text}` : `pair ${text[0].length} ${text[0]}${text[1]}`;
}
