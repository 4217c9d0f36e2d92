/** Brings text of any of the encodings to UTF-8, which all parsers read. */
import type { InputPart } from "./input-reader";
import { atLeast, decompress } from "./decompress";
import { badRow } from "./bad-rows";
import { linePlace } from "./source-row";
import { encode, isHighSurrogate } from "./read-stream";
import type { CheckedOptions, SourceEncoding } from "./source-options";

type Pieces = AsyncGenerator<Buffer, void, void>;

/**
 * The part's text as UTF-8, unpacked, without byte order mark, in pieces that end between characters. What the encoding
 * does not have becomes the byte 0xFF, which UTF-8 does not have either.
 *
 * Throws ERR_BAD_ROW for a byte order mark of another encoding than the one that was asked for.
 */
export async function* readText(
  operation: string,
  part: InputPart,
  { encoding }: Pick<CheckedOptions, "encoding">,
): Pieces {
  const step = STEPS[encoding];
  let start = true;
  let rest: Buffer | undefined;
  for await (const given of atLeast(decompress(operation, part.name, part.open()), 3)) {
    let piece = rest ? Buffer.concat([rest, given]) : given;
    rest = undefined;
    if (start) {
      piece = withoutMark(operation, part, encoding, piece);
      start = false;
    }
    const end = piece.length - step.unfinished(piece);
    if (end < piece.length) rest = Buffer.from(piece.subarray(end)); // a copy: the piece's memory may be its maker's
    if (end > 0) yield step.convert(piece.subarray(0, end));
  }
  if (rest) yield Buffer.of(0xff);
}

interface Step {
  /** Bytes at the end that begin a character but do not end it. */
  unfinished(bytes: Buffer): number;
  convert(bytes: Buffer): Buffer;
}

const STEPS: Readonly<Record<SourceEncoding, Step>> = {
  "utf-8": { unfinished: unfinishedUtf8, convert: (bytes) => bytes },
  "utf-16le": {
    unfinished: (bytes) => unfinishedUtf16(bytes, 1),
    convert: (bytes) => encode(bytes.toString("utf16le")),
  },
  "utf-16be": {
    unfinished: (bytes) => unfinishedUtf16(bytes, 0),
    convert: (bytes) => encode(Buffer.from(bytes).swap16().toString("utf16le")),
  },
  latin1: { unfinished: () => 0, convert: (bytes) => Buffer.from(bytes.toString("latin1")) },
  "windows-1252": {
    unfinished: () => 0,
    convert: (bytes) => encode(bytes.toString("latin1").replace(/[\x80-\x9f]/g, windows1252)),
  },
};

/** 0 to 3: how much of a character that more bytes would complete stands at the end. */
function unfinishedUtf8(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
  }
  return 0;
}

function unfinishedUtf16(bytes: Buffer, high: 0 | 1): number {
  const odd = bytes.length % 2;
  const last = bytes[bytes.length - odd - 2 + high];
  return odd + (last !== undefined && isHighSurrogate(last << 8) ? 2 : 0);
}

/**
 * Code points of the bytes 0x80 to 0x9F (the WHATWG's index); Node 20's own decoder takes them for Latin-1. 0: there is
 * none.
 */
const WINDOWS_1252 = [
  0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017d, 0, 0,
  0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0, 0x017e, 0x0178,
];

function windows1252(character: string): string {
  const point = WINDOWS_1252[character.charCodeAt(0) - 0x80] as number;
  return point === 0 ? "\uD800" : String.fromCharCode(point); // the lone surrogate is refused in its row
}

const MARKS: readonly (readonly [SourceEncoding, Buffer])[] = [
  ["utf-8", Buffer.of(0xef, 0xbb, 0xbf)],
  ["utf-16le", Buffer.of(0xff, 0xfe)],
  ["utf-16be", Buffer.of(0xfe, 0xff)],
];

function withoutMark(operation: string, part: InputPart, encoding: SourceEncoding, bytes: Buffer): Buffer {
  const found = MARKS.find(([, mark]) => bytes.subarray(0, mark.length).equals(mark));
  if (!found) return bytes;
  const [marked, mark] = found;
  if (marked === encoding) return bytes.subarray(mark.length);
  throw badRow(
    operation,
    `expected ${encoding.toUpperCase()} text, got the byte order mark of ${marked.toUpperCase()}`,
    linePlace(part.file, 1, 0),
    {
      remedy: `say { encoding: "${marked}" }${encoding === "utf-8" ? " or save the file as UTF-8" : ""}`,
    },
  );
}
