/** Finds what is wrong in bytes that should be text. */
import { isUtf8 } from "node:buffer";
import type { SourceEncoding } from "./source-options";

/** A fault, and where it stands in the bytes that were looked at. */
export interface TextFault {
  /** What was expected and what came, with its column. */
  readonly what: string;
  /** Line breaks before it. */
  readonly line: number;
  readonly remedy: string;
}

/** The first byte that is no text; undefined where all are. */
export function findTextFault(bytes: Buffer, encoding: SourceEncoding): TextFault | undefined {
  const nul = bytes.indexOf(0);
  const before = nul < 0 ? bytes : bytes.subarray(0, nul);
  if (!isUtf8(before)) {
    const at = firstNotUtf8(before);
    const { line, column } = positionOf(bytes, at);
    if (encoding === "utf-8") {
      const byte = `0x${(bytes[at] as number).toString(16).toUpperCase()}`;
      return {
        what: `expected UTF-8 text, got the byte ${byte} at column ${column}`,
        line,
        remedy: "save the file as UTF-8, or say its encoding",
      };
    }
    const what = `expected ${encoding.toUpperCase()} text, got what it does not have at column ${column}`;
    return { what, line, remedy: "say the file's encoding" };
  }
  if (nul < 0) return undefined;
  const { line, column } = positionOf(bytes, nul);
  const remedy =
    encoding === "utf-8"
      ? 'the file is not text, or is UTF-16: say { encoding: "utf-16le" }'
      : "the file is not text, or in another encoding";
  return { what: `expected text, got a NUL byte at column ${column}`, line, remedy };
}

/** Line breaks before an offset, and its 1-based column in characters (UTF-16 units). */
export function positionOf(bytes: Buffer, offset: number): { readonly line: number; readonly column: number } {
  const lines = bytes
    .subarray(0, offset)
    .toString()
    .split(/\r\n|\n|\r/);
  return { line: lines.length - 1, column: (lines.at(-1) as string).length + 1 };
}

function firstNotUtf8(bytes: Buffer): number {
  let good = 0;
  let bad = bytes.length; // the prefix of this length is not UTF-8, and neither is a longer one
  while (bad - good > 4) {
    const middle = (good + bad) >> 1;
    const end = characterStart(bytes, middle);
    if (end > good && isUtf8(bytes.subarray(good, end))) good = end;
    else if (end > good) bad = end;
    else break;
  }
  for (let at = good; at < bad;) {
    const size = [1, 2, 3, 4].find((length) => isUtf8(bytes.subarray(at, at + length)) && at + length <= bytes.length);
    if (size === undefined) return at;
    at += size;
  }
  return good;
}

/** The last offset up to `offset` that is not inside a character. */
function characterStart(bytes: Buffer, offset: number): number {
  for (let at = offset; at > offset - 4 && at > 0; at--) if (((bytes[at] as number) & 0xc0) !== 0x80) return at;
  return offset;
}
