/** What the values of Parquet become in JavaScript. */
import { isUtf8 } from "node:buffer";
import type { ParquetParsers } from "hyparquet" with { "resolution-mode": "import" };

/** Stands for a value that could not be decoded, until its row is known. */
export class BadValue {
  constructor(readonly what: string) {}
}

/** Decodes text strictly: by default the decoder would replace what is not UTF-8. */
export function strictParsers(): Pick<ParquetParsers, "stringFromBytes" | "jsonFromBytes"> {
  // Texts come from one page after another, and a `Buffer` for each text would cost more than the text.
  let page = Buffer.alloc(0);
  const text = (bytes: Uint8Array | undefined): string | BadValue | undefined => {
    if (bytes === undefined) return undefined;
    if (!isUtf8(bytes)) return new BadValue("expected UTF-8 text, got other bytes");
    if (page.buffer !== bytes.buffer) page = Buffer.from(bytes.buffer as ArrayBuffer);
    return page.toString("utf8", bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  };
  return {
    stringFromBytes: text,
    jsonFromBytes(bytes: Uint8Array | undefined): unknown {
      const json = text(bytes);
      if (typeof json !== "string") return json;
      try {
        return JSON.parse(json) as unknown;
      } catch (error) {
        return new BadValue(`expected JSON, got text that is not (${(error as Error).message})`);
      }
    },
  };
}

/**
 * A value as a row has it: 64-bit integers are numbers where a number can hold them, else bigints; bytes are copies, so
 * that they do not keep the file's alive. Throws a `BadValue`.
 */
export function toPlain(value: unknown): unknown {
  if (typeof value === "bigint") return value >= LEAST && value <= MOST ? Number(value) : value;
  if (typeof value !== "object" || value === null) return value === undefined ? null : value;
  if (value instanceof BadValue) throw value; // eslint-disable-line @typescript-eslint/only-throw-error -- caught where rows are made
  if (Array.isArray(value)) return value.map(toPlain);
  if (value instanceof Uint8Array) return value.slice();
  if (value instanceof Date || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, toPlain(part)]));
}

const LEAST = BigInt(Number.MIN_SAFE_INTEGER);
const MOST = BigInt(Number.MAX_SAFE_INTEGER);
