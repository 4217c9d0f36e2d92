/** What is to be classified, one after another: arguments, rows of files, lines of standard input. */
import { describe, TorchwrightError } from "../../errors";
import { parseJsonRow } from "../../data/sources/json-row";
import { describePlace, type Fields, type Place } from "../../data/sources/source-row";
import type { TextInput } from "../../text/tokenizer";
import { type Files, openRows } from "../data/rows";
import type { RowSettings } from "../settings/data-settings";
import { linesOf } from "./lines";

export interface Item {
  readonly input: TextInput;
  /** What the output's line begins with. */
  readonly row: Fields;
}

/** Texts as they are. */
export async function* itemsOfTexts(texts: readonly string[]): AsyncGenerator<Item, void, void> {
  for (const text of texts) yield { input: text, row: { text } };
}

/** Rows of files with all their columns. Throws ERR_COLUMN_MISSING, ERR_BAD_ROW, and what reading throws. */
export async function* itemsOfFiles(files: Files, settings: RowSettings): AsyncGenerator<Item, void, void> {
  const { text = "text", textPair } = settings;
  for await (const { row, place } of openRows("predict", files, settings)) yield { input: inputOf(row, place, { text, textPair }), row };
}

/** Lines: texts, or JSON objects where `text` names what is to be classified. Throws ERR_COLUMN_MISSING, ERR_BAD_ROW. */
export async function* itemsOfStream(stream: AsyncIterable<Buffer | string>, { text, textPair }: RowSettings): AsyncGenerator<Item, void, void> {
  for await (const line of linesOf(stream)) {
    if (text === undefined) {
      yield { input: line.text, row: { text: line.text } };
      continue;
    }
    if (line.text.trim() === "") continue;
    const place = { file: "standard input", line: line.number, row: line.number - 1 };
    const parsed = parseJsonRow(line.text);
    if ("what" in parsed) throw new TorchwrightError("ERR_BAD_ROW", `predict: ${parsed.what} in ${describePlace(place)}`, { cause: parsed.cause });
    yield { input: inputOf(parsed.row, place, { text, textPair }), row: parsed.row };
  }
}

interface Columns {
  readonly text: string;
  readonly textPair: string | undefined;
}

function inputOf(row: Fields, place: Place, { text, textPair }: Columns): TextInput {
  const value = (column: string, role: string): string => {
    if (!Object.hasOwn(row, column)) {
      const known = Object.keys(row).map((name) => JSON.stringify(name)).join(", ") || "none";
      throw new TorchwrightError("ERR_COLUMN_MISSING", `predict: expected a column ${JSON.stringify(column)} (${role}) in ${describePlace(place)}, got ${known}`);
    }
    const given = row[column];
    if (typeof given === "string") return given;
    throw new TorchwrightError("ERR_BAD_ROW", `predict: expected text in ${JSON.stringify(column)}, got ${describe(given)} in ${describePlace(place)}`);
  };
  return textPair === undefined ? value(text, "text") : [value(text, "text"), value(textPair, "text pair")];
}
