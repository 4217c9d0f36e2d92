/**
 * Checks a TorchScript archive before libtorch sees it. The file is a zip with a CRC-32 for each entry,
 * which libtorch does not verify: flipped bits would load silently.
 */
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { pipeline } from "node:stream";
import { crc32, createInflateRaw } from "node:zlib";
import { TorchwrightError } from "../errors";

const END_OF_DIRECTORY = 0x06054b50;
const ZIP64_LOCATOR = 0x07064b50;
const ZIP64_END = 0x06064b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const MAX_COMMENT = 0xffff;
const UNKNOWN_32 = 0xffffffff;
/** Tensors are stored, source code is deflated. */
const STORED = 0;
const DEFLATED = 8;

interface Entry {
  readonly name: string;
  /** Of the content, inflated. */
  readonly crc: number;
  readonly method: number;
  /** Bytes in the archive. */
  readonly size: number;
  readonly offset: number;
}

/**
 * Verifies structure and checksums of the archive.
 *
 * @throws TorchwrightError ERR_FILE_NOT_FOUND, ERR_SCRIPT_LOAD naming the damaged entry
 */
export async function verifyArchive(path: string): Promise<void> {
  let file: FileHandle;
  try {
    file = await open(path, "r");
  } catch (cause) {
    throw new TorchwrightError("ERR_FILE_NOT_FOUND", `jit.load: expected a file, got ${path}: ${(cause as Error).message}`, { cause });
  }
  try {
    const { size } = await file.stat();
    const entries = await readDirectory(file, size);
    if (!entries) throw damaged(path, "it is no zip archive, or its end is missing");
    for (const entry of entries) {
      if ((await checksum(file, path, entry, size)) !== entry.crc) {
        throw damaged(path, `the checksum of "${entry.name}" does not fit its content`);
      }
    }
  } catch (error) {
    if (error instanceof TorchwrightError) throw error;
    throw damaged(path, (error as Error).message);
  } finally {
    await file.close();
  }
}

function damaged(path: string, why: string): TorchwrightError {
  return new TorchwrightError(
    "ERR_SCRIPT_LOAD",
    `jit.load: expected an undamaged TorchScript archive (torch.jit.save), got ${path}: ${why}`,
  );
}

async function readAt(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, offset);
  return buffer.subarray(0, bytesRead);
}

async function readDirectory(file: FileHandle, size: number): Promise<readonly Entry[] | undefined> {
  const tailStart = Math.max(0, size - MAX_COMMENT - 22);
  const tail = await readAt(file, tailStart, size - tailStart);
  let end = tail.length - 22;
  while (end >= 0 && tail.readUInt32LE(end) !== END_OF_DIRECTORY) end--;
  if (end < 0) return undefined;
  let count = tail.readUInt16LE(end + 10);
  let length = tail.readUInt32LE(end + 12);
  let offset = tail.readUInt32LE(end + 16);
  if (end >= 20 && tail.readUInt32LE(end - 20) === ZIP64_LOCATOR) {
    const zip64 = await readAt(file, Number(tail.readBigUInt64LE(end - 20 + 8)), 56);
    if (zip64.length < 56 || zip64.readUInt32LE(0) !== ZIP64_END) return undefined;
    count = Number(zip64.readBigUInt64LE(32));
    length = Number(zip64.readBigUInt64LE(40));
    offset = Number(zip64.readBigUInt64LE(48));
  }
  if (offset + length > size) return undefined;
  const directory = await readAt(file, offset, length);
  const entries: Entry[] = [];
  for (let at = 0, i = 0; i < count; i++) {
    if (at + 46 > directory.length || directory.readUInt32LE(at) !== DIRECTORY_ENTRY) return undefined;
    const nameLength = directory.readUInt16LE(at + 28);
    const extraLength = directory.readUInt16LE(at + 30);
    const extra = directory.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength);
    const method = directory.readUInt16LE(at + 10);
    if (method !== STORED && method !== DEFLATED) return undefined;
    entries.push({
      name: directory.toString("utf8", at + 46, at + 46 + nameLength),
      crc: directory.readUInt32LE(at + 16),
      method,
      ...wideFields(directory.readUInt32LE(at + 20), directory.readUInt32LE(at + 24), directory.readUInt32LE(at + 42), extra),
    });
    at += 46 + nameLength + extraLength + directory.readUInt16LE(at + 32);
  }
  return entries;
}

/** Size in the archive and offset, from the zip64 field where they do not fit 32 bits. */
function wideFields(compressed: number, size: number, offset: number, extra: Buffer): { size: number; offset: number } {
  let at = 0;
  while (at + 4 <= extra.length && extra.readUInt16LE(at) !== 1) at += 4 + extra.readUInt16LE(at + 2);
  let field = at + 4;
  const wide = (value: number): number => {
    if (value !== UNKNOWN_32 || field + 8 > extra.length) return value;
    field += 8;
    return Number(extra.readBigUInt64LE(field - 8));
  };
  wide(size); // the field holds them in this order
  return { size: wide(compressed), offset: wide(offset) };
}

async function checksum(file: FileHandle, path: string, entry: Entry, fileSize: number): Promise<number> {
  const header = await readAt(file, entry.offset, 30);
  if (header.length < 30 || header.readUInt32LE(0) !== LOCAL_HEADER) throw damaged(path, `the header of "${entry.name}" is broken`);
  const start = entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  if (start + entry.size > fileSize) throw damaged(path, `"${entry.name}" ends beyond the file`);
  if (entry.size === 0) return 0;
  let crc = 0;
  const content = createReadStream(path, { start, end: start + entry.size - 1, highWaterMark: 1 << 20 });
  // pipeline passes an error of reading on to the loop; the loop reports it
  const inflated = entry.method === STORED ? content : pipeline(content, createInflateRaw(), () => undefined);
  for await (const chunk of inflated) {
    crc = crc32(chunk as Buffer, crc);
  }
  return crc;
}
