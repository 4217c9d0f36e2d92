/** Makes rows of the fields of CSV records: which columns, by which names. */
import { requireColumns, requireUnique } from "./bad-rows";
import type { CsvRecords } from "./csv-records";
import { setField } from "./set-field";
import type { Place } from "./source-row";

/** A row of CSV; all values are text. */
export type CsvRow = Readonly<Record<string, string>>;

/** Columns of one file, and the rows that have them. */
export class CsvRows {
  /** Fields that a row must have. */
  readonly width: number;
  readonly #names: readonly string[];
  readonly #positions: readonly number[];
  readonly #quote: string;

  /**
   * `names` are all the file's columns. Throws ERR_COLUMN_MISSING, and ERR_BAD_ROW where a column that is read is there
   * twice.
   */
  constructor(
    operation: string,
    place: Place,
    names: readonly string[],
    wanted: readonly string[] | undefined,
    quote: string,
  ) {
    this.width = names.length;
    if (wanted) requireColumns(operation, place, wanted, names);
    this.#names = wanted ?? names;
    this.#positions = this.#names.map((name) => names.indexOf(name));
    this.#quote = quote;
    requireUnique(operation, place, this.#names, names, "say which other columns to read, or rename it in the file");
  }

  /** The row of the latest record, which begins at `from`. */
  row(records: CsvRecords, bytes: Buffer, from: number): CsvRow {
    const row: Record<string, string> = {};
    const { starts, ends, escaped, end } = records;
    // One text for the record, of which the fields are parts, costs less than a text for each; but a part keeps the
    // whole alive, so only where most of the record is read. It can be cut at byte offsets where all characters are one
    // byte long.
    let whole = this.#readsMost(records, from) ? bytes.toString("utf8", from, end) : "";
    if (whole.length !== end - from) whole = "";
    for (let i = 0; i < this.#names.length; i++) {
      const field = this.#positions[i] as number;
      const start = starts[field] as number;
      const stop = ends[field] as number;
      let text =
        start === stop
          ? ""
          : whole === ""
            ? bytes.toString("utf8", start, stop)
            : whole.slice(start - from, stop - from);
      if (escaped[field] === 1) text = text.replaceAll(this.#quote + this.#quote, this.#quote);
      setField(row, this.#names[i] as string, text);
    }
    return row;
  }

  #readsMost({ starts, ends, end }: CsvRecords, from: number): boolean {
    if (this.#names.length === 1) return false;
    if (this.#names.length === this.width) return true;
    let read = 0;
    for (const field of this.#positions) read += (ends[field] as number) - (starts[field] as number);
    return read * 2 > end - from;
  }
}

/** All fields of a record as text: what a header is made of. */
export function fieldsOf({ count, starts, ends, escaped }: CsvRecords, bytes: Buffer, quote: string): string[] {
  return Array.from({ length: count }, (_, field) => {
    const text = bytes.toString("utf8", starts[field], ends[field]);
    return escaped[field] === 1 ? text.replaceAll(quote + quote, quote) : text;
  });
}
