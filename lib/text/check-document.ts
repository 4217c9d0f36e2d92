/**
 * Faults of a tokenizer.json that the Rust library accepts and then panics on, while encoding, in a
 * thread of its own: that would end the process, so they are found here first.
 */
import { asObject, type JsonObject } from "./tokenizer-files";

/** What is wrong with a document, or undefined. Faults that the library itself reports are left to it. */
export function documentFault(document: JsonObject): string | undefined {
  return processorFault(asObject(document["post_processor"]));
}

/** One more than the largest id of a document, added tokens included; 0 where it names none. */
export function idLimit(document: JsonObject): number {
  const vocabulary = asObject(document["model"])?.["vocab"];
  // A Unigram vocabulary is a list whose positions are the ids.
  const ids: unknown[] = Array.isArray(vocabulary)
    ? [vocabulary.length - 1]
    : Object.values(asObject(vocabulary) ?? {});
  for (const { id } of addedTokens(document)) ids.push(id);
  return ids.reduce<number>((limit, id) => (typeof id === "number" ? Math.max(limit, id + 1) : limit), 0);
}

/** The entries of `added_tokens`, unchecked. */
export function addedTokens(document: JsonObject): JsonObject[] {
  const tokens: unknown = document["added_tokens"];
  return (Array.isArray(tokens) ? (tokens as unknown[]) : []).map((token) => asObject(token) ?? {});
}

function processorFault(processor: JsonObject | undefined): string | undefined {
  if (processor?.["type"] === "Sequence" && Array.isArray(processor["processors"])) {
    const faults = (processor["processors"] as unknown[]).map((one) => processorFault(asObject(one)));
    return faults.find((fault) => fault !== undefined);
  }
  // The library recognises a template by its fields, even where "type" is missing.
  if (!processor || !("single" in processor || "pair" in processor)) return undefined;
  const defined = asObject(processor["special_tokens"]) ?? {};
  for (const [name, token] of Object.entries(defined)) {
    const { ids, tokens } = asObject(token) ?? {};
    if (Array.isArray(ids) && Array.isArray(tokens) && ids.length !== tokens.length) {
      return `post_processor defines "${name}" with ${ids.length} ids for ${tokens.length} tokens`;
    }
  }
  return templateFault("single", processor["single"], defined) ?? templateFault("pair", processor["pair"], defined);
}

/** A template is a list of `{ SpecialToken: { id } }` and `{ Sequence: { id: "A" | "B" } }`. */
function templateFault(name: "single" | "pair", template: unknown, defined: JsonObject): string | undefined {
  for (const piece of Array.isArray(template) ? (template as unknown[]) : []) {
    const special = asObject(asObject(piece)?.["SpecialToken"])?.["id"];
    if (typeof special === "string" && !Object.hasOwn(defined, special)) {
      return `post_processor puts "${special}" around the text but does not define it under special_tokens`;
    }
    if (name === "single" && asObject(asObject(piece)?.["Sequence"])?.["id"] === "B") {
      return "post_processor asks for a second text where there is one";
    }
  }
  return undefined;
}
