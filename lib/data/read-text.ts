/** Reads a text file in pieces of whole lines, checked to be UTF-8, so that a fault has a line number. */
import { isUtf8 } from "node:buffer";
import { createReadStream } from "node:fs";
import { TorchwrightError } from "../errors";

const NEWLINE = 0x0a;

/**
 * The file's text in pieces that end at a line's end, its byte order mark removed.
 *
 * Throws ERR_FILE_NOT_FOUND, ERR_FILE_READ, and ERR_BAD_ROW with the line of the first byte that is not UTF-8.
 */
export async function* readTextPieces(operation: string, file: string): AsyncGenerator<string, void, void> {
  let unfinished: Buffer[] = [];
  let line = 1;
  let first = true;
  const decode = (bytes: Buffer): string => {
    if (first && (bytes.subarray(0, 2).equals(UTF16_LE) || bytes.subarray(0, 2).equals(UTF16_BE))) {
      throw new TorchwrightError(
        "ERR_BAD_ROW",
        `${operation}: expected UTF-8 text, got UTF-16 in ${file}, line 1; save the file as UTF-8`,
      );
    }
    if (!isUtf8(bytes)) {
      const place = `${file}, line ${line + faultyLine(bytes)}`;
      throw new TorchwrightError(
        "ERR_BAD_ROW",
        `${operation}: expected UTF-8 text, got other bytes in ${place}; save the file as UTF-8`,
      );
    }
    const text = bytes.toString("utf8");
    const piece = first && text.startsWith("\uFEFF") ? text.slice(1) : text;
    first = false;
    return piece;
  };
  for await (const chunk of readBytes(operation, file)) {
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    if (end === 0) {
      unfinished.push(chunk);
      continue;
    }
    const bytes = Buffer.concat([...unfinished, chunk.subarray(0, end)]);
    unfinished = [chunk.subarray(end)];
    yield decode(bytes);
    for (const byte of bytes) if (byte === NEWLINE) line++;
  }
  const rest = Buffer.concat(unfinished);
  if (rest.length > 0) yield decode(rest);
}

const UTF16_LE = Buffer.from([0xff, 0xfe]);
const UTF16_BE = Buffer.from([0xfe, 0xff]);

/** Number of whole lines before the first one that is not UTF-8. A newline is never part of another character. */
function faultyLine(bytes: Buffer): number {
  let start = 0;
  for (let line = 0; ; line++) {
    const end = bytes.indexOf(NEWLINE, start);
    if (end < 0 || !isUtf8(bytes.subarray(start, end))) return line;
    start = end + 1;
  }
}

async function* readBytes(operation: string, file: string): AsyncGenerator<Buffer, void, void> {
  try {
    for await (const chunk of createReadStream(file)) yield chunk as Buffer;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") {
      const what = `${operation}: expected a file, got "${file}", which does not exist`;
      throw new TorchwrightError("ERR_FILE_NOT_FOUND", what, { cause: error });
    }
    throw new TorchwrightError("ERR_FILE_READ", `${operation}: could not read ${file}: ${message}`, { cause: error });
  }
}
