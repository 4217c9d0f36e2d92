/** Makes a row of one JSON text. */
import { describe } from "../../errors";
import type { Fields } from "./source-row";

/** A row, or what is wrong with the text. */
export type JsonRow = { readonly row: Fields } | { readonly what: string; readonly cause?: unknown };

/** So many digits may be more than a number of JavaScript holds. */
const LONG = /\d{16}/;
/** Texts and numbers of JSON. */
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const MARK = "\uE000bigint:";

/** The value of a JSON text, with bigints for integers that would read otherwise as numbers. */
function parseExactly(text: string): unknown {
  const marked = text.replace(TOKENS, (token) =>
    /^-?\d{16,}$/.test(token) && String(Number(token)) !== token ? `"${MARK}${token}"` : token,
  );
  return JSON.parse(marked, (_key, value: unknown) =>
    typeof value === "string" && value.startsWith(MARK) ? BigInt(value.slice(MARK.length)) : value,
  );
}

/**
 * Expects an object. Integers that would read otherwise as numbers are bigints. `column` is where the text begins in
 * its line, for the message.
 */
export function parseJsonRow(text: string, column = 1): JsonRow {
  let row: unknown;
  try {
    row = JSON.parse(text);
    if (LONG.test(text)) row = parseExactly(text);
  } catch (cause) {
    const { message } = cause as Error;
    const position = /at position (\d+)/.exec(message);
    const oneLine = position !== null && !text.slice(0, Number(position[1])).includes("\n");
    const where = oneLine ? ` at column ${column + Number(position[1])}` : "";
    return { what: `expected a JSON object, got text that is not JSON${where} (${message})`, cause };
  }
  if (typeof row !== "object" || row === null || Array.isArray(row)) {
    return { what: `expected a JSON object, got ${describe(row)}` };
  }
  return { row: row as Fields };
}
