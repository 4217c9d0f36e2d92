/** Rows of CSV and TSV: a header line, RFC 4180 quoting, any line ends, blank lines skipped. */
import { type BadRows, badRow } from "./bad-rows";
import { ByteWindow } from "./byte-window";
import { COMPLETE, CsvRecords, FAULTY, INCOMPLETE, lineEnd } from "./csv-records";
import { CsvRows, type CsvRow, fieldsOf } from "./csv-rows";
import { type InputPart, readInput } from "./input-reader";
import { makeSource } from "./make-source";
import type { SourceInput } from "./source-input";
import { type CheckedOptions, checkSourceOptions, invalidOption, type TextFileOptions } from "./source-options";
import { linePlace, type Place, type RowSource, type SourceRow } from "./source-row";
import { findTextFault } from "./text-fault";
import { readText } from "./to-utf8";

export interface CsvSourceOptions extends TextFileOptions {
  /** What separates fields. Default: `","`; `"\t"` for tab-separated files, which quote like CSV. */
  readonly delimiter?: string;
  /**
   * What encloses a field that has delimiters, quotes (doubled) or line ends in it; `false` where quotes are text.
   * Default: `'"'`.
   */
  readonly quote?: string | false;
  /**
   * `true`: the first row names the columns. `false`: there are no names, and columns are `"0"`, `"1"`, …. Or the
   * names. Default: true.
   */
  readonly header?: boolean | readonly string[];
  /** Character with which lines begin that are skipped. Default: none. */
  readonly comment?: string;
}

/** What a file of CSV looks like. */
interface Dialect {
  readonly delimiter: Buffer;
  readonly quote: string;
  readonly header: boolean | readonly string[];
  readonly comment: number;
}

/**
 * The rows of CSV files or of a stream. Under `onBadRow: "skip"` a row with a wrong number of fields is left out; where
 * quoting is broken, the line on which the row begins is left out and reading goes on with the next line, so that an
 * unbalanced quote swallows nothing.
 *
 * Throws ERR_INVALID_ARG; reading throws ERR_FILE_NOT_FOUND, ERR_FILE_READ, ERR_COLUMN_MISSING, ERR_BAD_ROW naming file
 * and line.
 */
export function csvSource(operation: string, input: SourceInput, options: CsvSourceOptions = {}): RowSource<CsvRow> {
  const checked = checkSourceOptions(operation, options);
  const dialect = checkDialect(operation, options);
  return makeSource(operation, readInput(operation, input), checked, (part, bad) =>
    new CsvReader(operation, part, checked, dialect, bad).read(),
  );
}

class CsvReader {
  readonly #records: CsvRecords;
  readonly #window = new ByteWindow();
  #rows: CsvRows | undefined;
  /** 1-based line of what the window begins with. */
  #line = 1;
  #row = 0;
  /** Whether the rest of a line that is too long is still to come. */
  #inLongLine = false;

  constructor(
    private readonly operation: string,
    private readonly part: InputPart,
    private readonly options: CheckedOptions,
    private readonly dialect: Dialect,
    private readonly bad: BadRows,
  ) {
    this.#records = new CsvRecords({
      delimiter: dialect.delimiter,
      quote: dialect.quote === "" ? -1 : dialect.quote.charCodeAt(0),
    });
    if (Array.isArray(dialect.header)) this.#setColumns(dialect.header as readonly string[]);
  }

  async *read(): AsyncGenerator<SourceRow<CsvRow>[], void, void> {
    for await (const piece of readText(this.operation, this.part, this.options)) {
      if (this.#window.append(piece)) yield this.#parse(false);
    }
    this.#window.flush();
    yield this.#parse(true);
    if (this.#rows === undefined && this.options.columns) this.#setColumns([]); // an empty file has no column
  }

  /** The rows that are whole in the window; with `last`, nothing comes behind it. */
  #parse(last: boolean): SourceRow<CsvRow>[] {
    const { bytes } = this.#window;
    const records = this.#records;
    const found: SourceRow<CsvRow>[] = [];
    let at = this.#inLongLine ? this.#skipLine(0, last) : 0;
    while (at < bytes.length) {
      const behind = this.#skipEmpty(at, last);
      if (behind !== at) {
        if (behind < 0) break;
        at = behind;
        continue;
      }
      const status = records.next(bytes, at, bytes.length, last);
      if (status === COMPLETE) {
        if (this.#take(at, found)) {
          this.#line += records.breaks + 1;
          at = records.end;
        } else at = this.#skipLine(at, last);
        continue;
      }
      const tooLong = bytes.length - at > this.options.maxRowBytes;
      if (status === INCOMPLETE && !tooLong) break;
      // The line's end must be seen before the line can be left out.
      if (status === FAULTY && !last && !tooLong && lineEnd(bytes, at) < 0) break;
      this.#refuse(
        at,
        status === FAULTY ? undefined : `expected a row of at most ${this.options.maxRowBytes} bytes, got a longer one`,
      );
      at = this.#skipLine(at, last);
    }
    this.#window.consume(Math.min(at, bytes.length));
    return found;
  }

  /** Takes the record at `at` as the header or a row. False where its quoting cannot be trusted. */
  #take(at: number, found: SourceRow<CsvRow>[]): boolean {
    const records = this.#records;
    const { bytes, clean } = this.#window;
    if (records.end - at > this.options.maxRowBytes) {
      this.#refuse(at, `expected a row of at most ${this.options.maxRowBytes} bytes, got one of ${records.end - at}`);
      return false;
    }
    const fault = clean ? undefined : findTextFault(bytes.subarray(at, records.end), this.options.encoding);
    if (this.#rows === undefined) {
      if (fault) throw badRow(this.operation, fault.what, this.#place(fault.line), { remedy: fault.remedy });
      const fields = fieldsOf(records, bytes, this.dialect.quote);
      this.#setColumns(this.dialect.header === true ? fields : fields.map((_, position) => String(position)));
      if (this.dialect.header === true) return true;
    }
    const rows = this.#rows as unknown as CsvRows;
    if (fault) {
      this.bad.refuse(badRow(this.operation, fault.what, this.#place(fault.line), { remedy: fault.remedy }));
    } else if (records.count !== rows.width) {
      const as =
        this.dialect.header === true
          ? "as in the header"
          : Array.isArray(this.dialect.header)
            ? "as there are names"
            : "as in the first row";
      this.bad.refuse(
        badRow(this.operation, `expected ${rows.width} fields ${as}, got ${records.count}`, this.#place()),
      );
    } else {
      found.push({ row: rows.row(records, bytes, at), place: this.#place() });
    }
    this.#row++;
    return true;
  }

  /** Refuses the record that begins at `at`; the header cannot be left out. */
  #refuse(at: number, what: string | undefined): void {
    const { bytes, clean } = this.#window;
    const end = lineEnd(bytes, at);
    const text = clean
      ? undefined
      : findTextFault(bytes.subarray(at, end < 0 ? bytes.length : end), this.options.encoding);
    const { fault, faultAt } = this.#records;
    const column = (): string => {
      const before = bytes
        .subarray(at, faultAt)
        .toString()
        .split(/\r\n|\n|\r/);
      const line = before.length === 1 ? "" : ` of line ${this.#line + before.length - 1}`;
      return ` at column ${(before.at(-1) as string).length + 1}${line}`;
    };
    const error = text
      ? badRow(this.operation, text.what, this.#place(text.line), { remedy: text.remedy })
      : badRow(this.operation, what ?? fault + column(), this.#place(), {
          remedy:
            what === undefined ? "double a quote that is text, or say { quote: false }" : "is a quote unbalanced?",
        });
    if (this.#rows === undefined) throw error;
    this.bad.refuse(error);
    this.#row++;
  }

  /** Offset behind the line at `at`; at the window's end where the line goes on behind it. */
  #skipLine(at: number, last: boolean): number {
    const { bytes } = this.#window;
    const end = lineEnd(bytes, at);
    this.#inLongLine = end < 0 && !last;
    if (end < 0) return bytes.length;
    this.#line++;
    return bytes[end] === CR && bytes[end + 1] === LF ? end + 2 : end + 1;
  }

  /**
   * Offset behind a blank line or a comment, `at` itself where there is none, -1 where more bytes are needed to know.
   */
  #skipEmpty(at: number, last: boolean): number {
    const { bytes } = this.#window;
    const byte = bytes[at];
    const blank = byte === LF || byte === CR;
    if (!blank && byte !== this.dialect.comment) return at;
    const end = blank ? at : lineEnd(bytes, at);
    const cut = end < 0 || (bytes[end] === CR && end + 1 === bytes.length);
    if (cut && !last && bytes.length - at <= this.options.maxRowBytes) return -1;
    return this.#skipLine(at, last);
  }

  #setColumns(names: readonly string[]): void {
    this.#rows = new CsvRows(this.operation, this.#place(), names, this.options.columns, this.dialect.quote);
  }

  #place(below = 0): Place {
    return linePlace(this.part.file, this.#line + below, this.#row);
  }
}

const LF = 0x0a;
const CR = 0x0d;

function checkDialect(
  operation: string,
  { delimiter = ",", quote = '"', header = true, comment }: CsvSourceOptions,
): Dialect {
  const given: unknown = delimiter;
  if (typeof given !== "string" || given === "" || /[\r\n\0]/.test(given)) {
    throw invalidOption(operation, "delimiter to be text without line ends", given);
  }
  if (quote !== false && !isAsciiCharacter(quote)) {
    throw invalidOption(operation, "quote to be one ASCII character or false", quote);
  }
  if (quote !== false && delimiter.includes(quote)) {
    throw invalidOption(operation, "delimiter without the quote in it", delimiter);
  }
  const names: unknown = header;
  if (
    typeof names !== "boolean" &&
    !(Array.isArray(names) && names.length > 0 && names.every((name) => typeof name === "string"))
  ) {
    throw invalidOption(operation, "header to be true, false or an array of names", names);
  }
  if (comment !== undefined && (!isAsciiCharacter(comment) || comment === quote || delimiter.startsWith(comment))) {
    throw invalidOption(operation, "comment to be one ASCII character, neither quote nor delimiter", comment);
  }
  return {
    delimiter: Buffer.from(delimiter),
    quote: quote === false ? "" : quote,
    header,
    comment: comment === undefined ? -1 : comment.charCodeAt(0),
  };
}

function isAsciiCharacter(given: unknown): boolean {
  return (
    typeof given === "string" &&
    given.length === 1 &&
    given > "\0" &&
    given < "\x80" &&
    given !== "\n" &&
    given !== "\r"
  );
}
