/** Finds where a JSON value ends, in bytes that come piece by piece, without making the value. */

/** What is wrong where values are told apart. */
export interface JsonFault {
  readonly what: string;
  /** Offset of it. */
  readonly at: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LF = 0x0a;

/** What stands before the next byte: a delimiter, a number or word that may go on, or a value that has ended. */
type Before = "delimiter" | "word" | "value";

/** Follows one value's strings and brackets. That what is between them is JSON, `JSON.parse` checks. */
export class JsonScanner {
  /** Line breaks seen in the latest `scan`, and the offset behind the last of them. */
  lines = 0;
  lineStart = 0;
  fault: JsonFault | undefined;
  /** The brackets that are open. */
  readonly #open: number[] = [];
  #inString = false;
  #escaped = false;
  #before: Before = "delimiter";

  /** Makes ready for the next value. */
  begin(): void {
    this.#open.length = 0;
    this.#inString = this.#escaped = false;
    this.#before = "delimiter";
    this.fault = undefined;
  }

  /** Offset behind the value; -1 where the bytes end first (go on with the next ones), or where there is a `fault`. */
  scan(bytes: Buffer, from: number): number {
    const open = this.#open;
    this.lines = 0;
    for (let at = from; at < bytes.length; at++) {
      if (this.#inString) {
        at = this.#stringEnd(bytes, at);
        if (at < 0) return -1;
        if (open.length === 0) return at + 1;
        this.#before = "value";
        continue;
      }
      const byte = bytes[at] as number;
      switch (byte) {
        case QUOTE:
          if (this.#before !== "delimiter") return this.#fail(at, "expected a comma or a bracket, got a quote");
          this.#inString = true;
          break;
        case 0x7b: // {
        case 0x5b: // [
          if (this.#before !== "delimiter") {
            return this.#fail(at, "expected a comma or a closing bracket, got an opening one");
          }
          open.push(byte);
          break;
        case 0x7d: // }
        case 0x5d: // ]
          if (open.length === 0) return at;
          if (open.pop() !== byte - 2) {
            return this.#fail(at, `expected another closing bracket, got "${String.fromCharCode(byte)}"`);
          }
          if (open.length === 0) return at + 1;
          this.#before = "value";
          break;
        case LF:
        case 0x20:
        case 0x09:
        case 0x0d:
        case 0x2c: // ,
        case 0x3a: // :
          if (open.length === 0) return at;
          if (byte === LF) {
            this.lines++;
            this.lineStart = at + 1;
          }
          // White space ends a word but not what must follow it; a missing comma is for JSON.parse to find.
          this.#before = "delimiter";
          break;
        default:
          if (this.#before === "value") return this.#fail(at, "expected a comma or a bracket after a value, got text");
          this.#before = "word";
      }
    }
    return -1;
  }

  /** Offset of the quote that ends the string; -1 where the bytes end first or a fault is met. */
  #stringEnd(bytes: Buffer, from: number): number {
    let at = from;
    if (this.#escaped && at < bytes.length) {
      this.#escaped = false;
      at++;
    }
    for (; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (byte === QUOTE) {
        this.#inString = false;
        return at;
      }
      if (byte === BACKSLASH) {
        at++;
        this.#escaped = at >= bytes.length;
      } else if (byte < 0x20) {
        return this.#fail(at, "expected a closing quote, got a control character (such as a line's end) in a string");
      }
    }
    return -1;
  }

  #fail(at: number, what: string): -1 {
    this.fault = { what, at };
    return -1;
  }
}
