/** Finds the fields of one CSV record in bytes: RFC 4180's quoting, any line ends, nothing guessed. */

/** What became of looking for a record. */
export const COMPLETE = 0;
/** More bytes are needed to know. */
export const INCOMPLETE = 1;
/** The record breaks the rules of quoting; `fault` says how. */
export const FAULTY = 2;
export type RecordStatus = typeof COMPLETE | typeof INCOMPLETE | typeof FAULTY;

const LF = 0x0a;
const CR = 0x0d;

/** The parts that make a dialect of CSV. */
export interface CsvShape {
  /** At least one byte, none of them a line's end. */
  readonly delimiter: Buffer;
  /** One ASCII character's code; -1 where quotes mean nothing. */
  readonly quote: number;
}

/** Reads record after record; its fields hold what the latest `next` found. */
export class CsvRecords {
  /** Number of fields. */
  count = 0;
  /** Where each begins, without its quote, and ends. */
  starts = new Int32Array(64);
  ends = new Int32Array(64);
  /** Whether a doubled quote is in it. */
  escaped = new Uint8Array(64);
  /** Offset behind the record's line end. */
  end = 0;
  /** Line breaks within the record, its own end not counted. */
  breaks = 0;
  /** For FAULTY: what was expected and got, and the offset of it. */
  fault = "";
  faultAt = 0;
  readonly #shape: CsvShape;

  constructor(shape: CsvShape) {
    this.#shape = shape;
  }

  /** Looks for the record that begins at `from`, in the bytes up to `size`; with `last`, no more will come. */
  next(bytes: Buffer, from: number, size: number, last: boolean): RecordStatus {
    const { delimiter, quote } = this.#shape;
    const first = delimiter[0] as number;
    const wide = delimiter.length;
    this.count = 0;
    this.breaks = 0;
    let at = from;
    for (;;) {
      if (this.count === this.starts.length) this.#grow();
      const field = this.count++;
      if (at < size && bytes[at] === quote) {
        const close = this.#closingQuote(bytes, at, size, last, field);
        if (close < 0) return close === -1 ? INCOMPLETE : FAULTY;
        at = close + 1;
      } else {
        this.starts[field] = at;
        this.escaped[field] = 0;
        let byte = 0;
        for (; at < size; at++) {
          byte = bytes[at] as number;
          if (byte === LF || byte === CR || byte === quote) break;
          if (byte === first && (wide === 1 || isAt(bytes, delimiter, at))) break;
        }
        if (at < size && byte === quote) return this.#faulty("a quoted field to begin with its quote", bytes, at);
        this.ends[field] = at;
      }
      // Behind a field: a delimiter, a line's end or the end of all.
      if (at >= size) {
        this.end = at;
        return last ? COMPLETE : INCOMPLETE;
      }
      const byte = bytes[at] as number;
      if (byte === LF) {
        this.end = at + 1;
        return COMPLETE;
      }
      if (byte === CR) {
        if (at + 1 >= size && !last) return INCOMPLETE;
        this.end = at + 1 < size && bytes[at + 1] === LF ? at + 2 : at + 1;
        return COMPLETE;
      }
      if (byte !== first || (wide > 1 && !isAt(bytes, delimiter, at))) {
        if (wide > 1 && !last && at + wide > size) return INCOMPLETE;
        return this.#faulty("a delimiter or a line's end after a closing quote", bytes, at);
      }
      at += wide;
    }
  }

  /**
   * Offset of the quote that closes the field whose opening quote is at `open`; -1: more is needed, -2: it is not
   * there.
   */
  #closingQuote(bytes: Buffer, open: number, size: number, last: boolean, field: number): number {
    const { quote } = this.#shape;
    let escaped = 0;
    let breaks = 0;
    let at = open + 1;
    for (; at < size; at++) {
      const byte = bytes[at] as number;
      if (byte === quote) {
        if (at + 1 >= size && !last) return -1;
        if (bytes[at + 1] !== quote || at + 1 >= size) {
          this.starts[field] = open + 1;
          this.ends[field] = at;
          this.escaped[field] = escaped;
          this.breaks += breaks;
          return at;
        }
        escaped = 1;
        at++;
      } else if (byte === LF || (byte === CR && bytes[at + 1] !== LF)) breaks++;
    }
    if (!last) return -1;
    this.fault = "expected a closing quote, got the end of the file";
    this.faultAt = open;
    return -2;
  }

  #faulty(expected: string, bytes: Buffer, at: number): typeof FAULTY {
    this.fault = `expected ${expected}, got ${JSON.stringify(bytes.subarray(at, at + 4).toString()[0])}`;
    this.faultAt = at;
    return FAULTY;
  }

  #grow(): void {
    const grown = <T extends Int32Array | Uint8Array>(next: T, old: T): T => {
      next.set(old);
      return next;
    };
    const size = this.starts.length * 2;
    this.starts = grown(new Int32Array(size), this.starts);
    this.ends = grown(new Int32Array(size), this.ends);
    this.escaped = grown(new Uint8Array(size), this.escaped);
  }
}

function isAt(bytes: Buffer, delimiter: Buffer, at: number): boolean {
  for (let i = 1; i < delimiter.length; i++) if (bytes[at + i] !== delimiter[i]) return false;
  return true;
}

/** Offset of the first line end from `from`, or -1. */
export function lineEnd(bytes: Buffer, from: number): number {
  for (let at = from; at < bytes.length; at++) if (bytes[at] === LF || bytes[at] === CR) return at;
  return -1;
}
