/** Rows of JSON Lines: one object per line, blank lines skipped. */
import { type BadRows, badRow, requireColumns } from "./bad-rows";
import { ByteWindow } from "./byte-window";
import { type InputPart, readInput } from "./input-reader";
import { parseJsonRow } from "./json-row";
import { makeSource } from "./make-source";
import { pickFields } from "./set-field";
import type { SourceInput } from "./source-input";
import { type CheckedOptions, checkSourceOptions, type TextFileOptions } from "./source-options";
import { type Fields, linePlace, type Place, type RowSource, type SourceRow } from "./source-row";
import { findTextFault } from "./text-fault";
import { readText } from "./to-utf8";

/** How JSON Lines are read. */
export type JsonLinesSourceOptions = TextFileOptions;

const LF = 0x0a;

/**
 * The rows of JSON Lines files or of a stream; values keep their types. A column that a row does not have stays absent,
 * but the first row must have all of `columns`.
 *
 * Throws ERR_INVALID_ARG; reading throws ERR_FILE_NOT_FOUND, ERR_FILE_READ, ERR_COLUMN_MISSING, ERR_BAD_ROW naming file
 * and line.
 */
export function jsonLinesSource(
  operation: string,
  input: SourceInput,
  options: JsonLinesSourceOptions = {},
): RowSource {
  const checked = checkSourceOptions(operation, options);
  return makeSource(operation, readInput(operation, input), checked, (part, bad) =>
    new LineReader(operation, part, checked, bad).read(),
  );
}

class LineReader {
  readonly #window = new ByteWindow();
  #line = 1;
  #row = 0;
  #first = true;
  #inLongLine = false;

  constructor(
    private readonly operation: string,
    private readonly part: InputPart,
    private readonly options: CheckedOptions,
    private readonly bad: BadRows,
  ) {}

  async *read(): AsyncGenerator<SourceRow[], void, void> {
    for await (const piece of readText(this.operation, this.part, this.options)) {
      if (this.#window.append(piece)) yield this.#parse(false);
    }
    this.#window.flush();
    yield this.#parse(true);
  }

  #parse(last: boolean): SourceRow[] {
    const { bytes } = this.#window;
    const found: SourceRow[] = [];
    let at = 0;
    while (at < bytes.length) {
      let end = bytes.indexOf(LF, at);
      const tooLong = (end < 0 ? bytes.length : end) - at > this.options.maxRowBytes;
      if (end < 0) {
        if (!last && !tooLong && !this.#inLongLine) break;
        end = bytes.length;
      }
      if (tooLong && !this.#inLongLine) {
        this.#refuse(`expected a row of at most ${this.options.maxRowBytes} bytes, got a longer one`);
      } else if (!this.#inLongLine) this.#take(at, end, found);
      this.#inLongLine = end === bytes.length && !last;
      if (end < bytes.length) this.#line++;
      at = end + 1;
    }
    this.#window.consume(Math.min(at, bytes.length));
    return found;
  }

  #take(at: number, end: number, found: SourceRow[]): void {
    const { bytes, clean } = this.#window;
    if (isBlank(bytes, at, end)) return;
    const fault = clean ? undefined : findTextFault(bytes.subarray(at, end), this.options.encoding);
    if (fault) return this.#refuse(fault.what, fault.remedy);
    const parsed = parseJsonRow(bytes.toString("utf8", at, end));
    if ("what" in parsed) return this.#refuse(parsed.what, undefined, parsed.cause);
    const { columns } = this.options;
    if (columns && this.#first) requireColumns(this.operation, this.#place(), columns, Object.keys(parsed.row));
    this.#first = false;
    const row: Fields = columns ? pickFields(parsed.row, columns) : parsed.row;
    found.push({ row, place: this.#place() });
    this.#row++;
  }

  #refuse(what: string, remedy?: string, cause?: unknown): void {
    this.bad.refuse(badRow(this.operation, what, this.#place(), { remedy, cause }));
    this.#row++;
  }

  #place(): Place {
    return linePlace(this.part.file, this.#line, this.#row);
  }
}

/** Whether a line has white space only, as JSON has it. */
function isBlank(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false;
  }
  return true;
}
