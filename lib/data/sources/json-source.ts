/** Rows of a JSON array of objects, element by element: nothing but the element that is read need fit in memory. */
import { type BadRows, badRow, requireColumns } from "./bad-rows";
import { ByteWindow } from "./byte-window";
import { type InputPart, readInput } from "./input-reader";
import { parseJsonRow } from "./json-row";
import { JsonScanner } from "./json-scanner";
import { makeSource } from "./make-source";
import { pickFields } from "./set-field";
import type { SourceInput } from "./source-input";
import { type CheckedOptions, checkSourceOptions, invalidOption, type TextFileOptions } from "./source-options";
import { linePlace, type RowSource, type SourceRow } from "./source-row";
import { findTextFault } from "./text-fault";
import { readText } from "./to-utf8";

export interface JsonSourceOptions extends TextFileOptions {
  /**
   * Key under which a file that is one object has the array, as in `{ "version": 1, "data": [...] }`. Default: the file
   * is the array.
   */
  readonly field?: string;
}

/**
 * The rows of JSON files or of a stream; values keep their types. A column that a row does not have stays absent, but
 * the first row must have all of `columns`. Under `onBadRow: "skip"` an element that is no object is left out; where
 * brackets or quotes are unbalanced, so that the elements cannot be told apart, the pass ends with an error in any
 * case.
 *
 * Throws ERR_INVALID_ARG; reading throws ERR_FILE_NOT_FOUND, ERR_FILE_READ, ERR_COLUMN_MISSING, ERR_BAD_ROW naming file
 * and line.
 */
export function jsonSource(operation: string, input: SourceInput, options: JsonSourceOptions = {}): RowSource {
  const checked = checkSourceOptions(operation, options);
  const field: unknown = options.field;
  if (field !== undefined && typeof field !== "string") throw invalidOption(operation, "field to be a key", field);
  return makeSource(operation, readInput(operation, input), checked, (part, bad) =>
    new ArrayReader(operation, part, checked, field, bad).read(),
  );
}

/** A step that stops wherever it needs more bytes than have come. */
type Step<T> = Generator<undefined, T, void>;

const END = -1;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

class ArrayReader {
  readonly #window = new ByteWindow();
  readonly #scanner = new JsonScanner();
  #found: SourceRow[] = [];
  /** Offset of the next byte in the window, and of the first that is still needed; none is where this is undefined. */
  #at = 0;
  #keep: number | undefined;
  #ended = false;
  #line = 1;
  /** Where the line begins: an offset, negative once that is behind the window. */
  #lineStart = 0;
  #row = 0;
  #first = true;

  constructor(
    private readonly operation: string,
    private readonly part: InputPart,
    private readonly options: CheckedOptions,
    private readonly field: string | undefined,
    private readonly bad: BadRows,
  ) {}

  async *read(): AsyncGenerator<SourceRow[], void, void> {
    const document = this.#document();
    for await (const piece of readText(this.operation, this.part, this.options)) {
      if (this.#window.append(piece)) yield this.#advance(document);
    }
    if (this.#window.flush()) yield this.#advance(document);
    this.#ended = true;
    yield this.#advance(document);
  }

  /** Goes on as far as the bytes reach, and gives the rows on the way. */
  #advance(document: Step<void>): SourceRow[] {
    document.next();
    const used = this.#keep ?? this.#at;
    this.#window.consume(used);
    this.#at -= used;
    this.#lineStart -= used;
    if (this.#keep !== undefined) this.#keep = 0;
    const found = this.#found;
    this.#found = [];
    return found;
  }

  *#document(): Step<void> {
    const { field } = this;
    const open = yield* this.#take();
    if (open === OPEN_ARRAY && field === undefined) yield* this.#elements();
    else if (open === OPEN_OBJECT && field !== undefined) yield* this.#members(field);
    else {
      const remedy =
        open === OPEN_OBJECT
          ? 'name the key of the array, as in { field: "data" }, or read JSON Lines as such'
          : undefined;
      throw this.#unexpected(field === undefined ? "an array of objects" : `an object with "${field}"`, open, remedy);
    }
    const behind = yield* this.#take();
    if (behind !== END) throw this.#unexpected("the end of the file", behind);
  }

  /** The members of the object that has the array. */
  *#members(field: string): Step<void> {
    let seen = false;
    for (let next = yield* this.#take(); next !== CLOSE_OBJECT;) {
      if (next !== QUOTE) throw this.#unexpected("a key", next);
      this.#at--;
      const key: unknown = JSON.parse((yield* this.#value(true)) ?? "null");
      const colon = yield* this.#take();
      if (colon !== COLON) throw this.#unexpected('":" after a key', colon);
      if (key === field && !seen) {
        const open = yield* this.#take();
        if (open !== OPEN_ARRAY) throw this.#unexpected(`an array under "${field}"`, open);
        yield* this.#elements();
        seen = true;
      } else {
        if ((yield* this.#peek()) === END) throw this.#unexpected("a value", END);
        yield* this.#value(false);
      }
      next = yield* this.#take();
      if (next === CLOSE_OBJECT) break;
      if (next !== COMMA) throw this.#unexpected('"," or "}"', next);
      next = yield* this.#take();
      if (next === CLOSE_OBJECT) throw this.#unexpected("a key", next);
    }
    if (!seen) throw this.#error(`expected an array under "${field}", got no such key`);
  }

  /** The elements behind the array's opening bracket, and its closing one. */
  *#elements(): Step<void> {
    if ((yield* this.#peek()) === CLOSE_ARRAY) {
      this.#at++;
      return;
    }
    for (;;) {
      const begin = yield* this.#peek();
      if (begin === END || begin === COMMA || begin === CLOSE_ARRAY) {
        throw this.#unexpected("an element of the array", begin);
      }
      yield* this.#element();
      const next = yield* this.#take();
      if (next === CLOSE_ARRAY) return;
      if (next !== COMMA) throw this.#unexpected('"," or "]" after an element', next);
    }
  }

  *#element(): Step<void> {
    const place = linePlace(this.part.file, this.#line, this.#row);
    const column = this.#at - this.#lineStart + 1;
    const text = yield* this.#value(true);
    this.#row++;
    const refuse = (what: string, options?: { readonly remedy?: string; readonly cause?: unknown }): void =>
      this.bad.refuse(badRow(this.operation, what, place, options));
    if (text === undefined) {
      return refuse(`expected a row of at most ${this.options.maxRowBytes} bytes, got a longer one`);
    }
    if (!this.#window.clean) {
      const fault = findTextFault(this.#window.bytes.subarray(this.#keptFrom, this.#at), this.options.encoding);
      if (fault) {
        const at = linePlace(place.file, (place.line as number) + fault.line, place.row);
        return this.bad.refuse(badRow(this.operation, fault.what, at, { remedy: fault.remedy }));
      }
    }
    const parsed = parseJsonRow(text, column);
    if ("what" in parsed) return refuse(parsed.what, { cause: parsed.cause });
    const { columns } = this.options;
    if (columns && this.#first) requireColumns(this.operation, place, columns, Object.keys(parsed.row));
    this.#first = false;
    this.#found.push({ row: columns ? pickFields(parsed.row, columns) : parsed.row, place });
  }

  /** Where the latest value that was kept begins; it ends at `#at`. */
  #keptFrom = 0;

  /** The text of the value that begins here, or undefined where it is not to be kept or is longer than a row may be. */
  *#value(kept: boolean): Step<string | undefined> {
    const scanner = this.#scanner;
    scanner.begin();
    this.#keep = kept ? this.#at : undefined;
    for (;;) {
      const { bytes } = this.#window;
      const end = scanner.scan(bytes, this.#at);
      this.#line += scanner.lines;
      if (scanner.lines > 0) this.#lineStart = scanner.lineStart;
      if (scanner.fault) {
        this.#at = scanner.fault.at;
        throw this.#error(scanner.fault.what);
      }
      this.#at = end < 0 ? bytes.length : end;
      if (this.#keep !== undefined && this.#at - this.#keep > this.options.maxRowBytes) this.#keep = undefined;
      if (end >= 0) break;
      if (!(yield* this.#more())) throw this.#unexpected("the value to end", END);
    }
    const from = this.#keep;
    this.#keep = undefined;
    if (from === undefined) return undefined;
    this.#keptFrom = from;
    return this.#window.bytes.toString("utf8", from, this.#at);
  }

  /** The next byte that is no white space, which is taken; END at the end. */
  *#take(): Step<number> {
    const byte = yield* this.#peek();
    if (byte !== END) this.#at++;
    return byte;
  }

  *#peek(): Step<number> {
    for (;;) {
      const { bytes } = this.#window;
      for (; this.#at < bytes.length; this.#at++) {
        const byte = bytes[this.#at] as number;
        if (byte === 0x0a) {
          this.#line++;
          this.#lineStart = this.#at + 1;
        } else if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return byte;
      }
      if (!(yield* this.#more())) return END;
    }
  }

  /** Waits for more bytes; false where none will come. */
  *#more(): Step<boolean> {
    if (this.#ended) return false;
    yield undefined;
    return true;
  }

  #unexpected(expected: string, byte: number, remedy?: string): Error {
    const { bytes } = this.#window;
    if (byte === END) {
      return this.#error(`expected ${expected}, got the end of the file`, "the file is cut short", false);
    }
    const at = bytes[this.#at] === byte ? this.#at : this.#at - 1;
    const character = bytes.subarray(at, at + 4).toString()[0];
    this.#at = at;
    return this.#error(`expected ${expected}, got ${JSON.stringify(character)}`, remedy);
  }

  #error(what: string, remedy = "the elements behind it cannot be told apart", withColumn = true): Error {
    const column = withColumn ? ` at column ${this.#at - this.#lineStart + 1}` : "";
    return badRow(this.operation, `${what}${column}`, linePlace(this.part.file, this.#line, this.#row), { remedy });
  }
}
