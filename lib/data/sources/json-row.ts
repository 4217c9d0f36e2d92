/** Makes a row of one JSON text. */
import { describe } from "../../errors";
import type { Fields } from "./source-row";

/** A row, or what is wrong with the text. */
export type JsonRow = { readonly row: Fields } | { readonly what: string; readonly cause?: unknown };

/** Expects an object. `column` is where the text begins in its line, for the message. */
export function parseJsonRow(text: string, column = 1): JsonRow {
  let row: unknown;
  try {
    row = JSON.parse(text);
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
