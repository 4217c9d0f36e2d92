/** What is to be classified, one after another: arguments, rows of files, lines of standard input. */
import { describe, TorchwrightError } from "../../errors";
import { plural } from "../../data/inspect/numbers";
import { parseJsonRow } from "../../data/sources/json-row";
import { describePlace, type Fields, type Place } from "../../data/sources/source-row";
import type { TextInput } from "../../text/tokenizer";
import { formatOf } from "../data/file-format";
import { type Files, openRows } from "../data/rows";
import { say } from "../output/print";
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

/**
 * Rows of files with all their columns. Throws ERR_COLUMN_MISSING, ERR_BAD_ROW unless bad rows are left out, and what
 * reading throws.
 */
export async function* itemsOfFiles(files: Files, settings: RowSettings): AsyncGenerator<Item, void, void> {
  const { text = "text", textPair, skipBadRows = false } = settings;
  const source = openRows("predict", files, settings);
  const bad = new BadItems(skipBadRows, formatOf(files, settings.format).startsWith("json"));
  for await (const { row, place } of source) {
    const item = bad.orItem(() => ({ input: inputOf(row, place, { text, textPair }), row }));
    if (item) yield item;
  }
  tellSkipped(source.skipped + bad.skipped);
}

/**
 * Lines: texts, or JSON objects where `text` names what is to be classified. Throws ERR_COLUMN_MISSING, ERR_BAD_ROW
 * unless bad rows are left out.
 */
export async function* itemsOfStream(
  stream: AsyncIterable<Buffer | string>,
  { text, textPair, skipBadRows = false }: RowSettings,
): AsyncGenerator<Item, void, void> {
  const bad = new BadItems(skipBadRows, true);
  for await (const line of linesOf(stream)) {
    if (text === undefined) {
      yield { input: line.text, row: { text: line.text } };
      continue;
    }
    if (line.text.trim() === "") continue;
    const place = { file: "standard input", line: line.number, row: line.number - 1 };
    const item = bad.orItem(() => {
      const parsed = parseJsonRow(line.text);
      if ("what" in parsed) {
        throw new TorchwrightError("ERR_BAD_ROW", `predict: ${parsed.what} in ${describePlace(place)}`, {
          cause: parsed.cause,
        });
      }
      return { input: inputOf(parsed.row, place, { text, textPair }), row: parsed.row };
    });
    if (item) yield item;
  }
  tellSkipped(bad.skipped);
}

/** Counts the rows that nothing can be made of, where they are left out. */
class BadItems {
  skipped = 0;

  /** `own`: whether each row has columns of its own, so that one may lack what others have. */
  constructor(
    readonly skip: boolean,
    readonly own: boolean,
  ) {}

  /** Undefined for a row that is left out. */
  orItem(make: () => Item): Item | undefined {
    try {
      return make();
    } catch (error) {
      if (!this.skip || !(error instanceof TorchwrightError)) throw error;
      if (error.code !== "ERR_BAD_ROW" && !(this.own && error.code === "ERR_COLUMN_MISSING")) throw error;
      this.skipped += 1;
      return undefined;
    }
  }
}

function tellSkipped(rows: number): void {
  if (rows > 0) say(`left out ${plural(rows, "bad row")}`);
}

interface Columns {
  readonly text: string;
  readonly textPair: string | undefined;
}

function inputOf(row: Fields, place: Place, { text, textPair }: Columns): TextInput {
  const value = (column: string, role: string): string => {
    if (!Object.hasOwn(row, column)) {
      const known =
        Object.keys(row)
          .map((name) => JSON.stringify(name))
          .join(", ") || "none";
      throw new TorchwrightError(
        "ERR_COLUMN_MISSING",
        `predict: expected a column ${JSON.stringify(column)} (${role}) in ${describePlace(place)}, got ${known}`,
      );
    }
    const given = row[column];
    if (typeof given === "string") return given;
    throw new TorchwrightError(
      "ERR_BAD_ROW",
      `predict: expected text in ${JSON.stringify(column)}, got ${describe(given)} in ${describePlace(place)}`,
    );
  };
  return textPair === undefined ? value(text, "text") : [value(text, "text"), value(textPair, "text pair")];
}
