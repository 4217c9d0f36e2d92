/**
 * Reads the zip archives of libtorch and `torch.save`: the directory, where entries lie, and whether their checksums
 * fit.
 */
import { createReadStream } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { pipeline } from "node:stream";
import { crc32, createInflateRaw } from "node:zlib";

const END_OF_DIRECTORY = 0x06054b50;
const ZIP64_LOCATOR = 0x07064b50;
const ZIP64_END = 0x06064b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const MAX_COMMENT = 0xffff;
const UNKNOWN_32 = 0xffffffff;
/** Of 600,000 entries and more; it keeps a damaged length from asking for all memory. */
const MAX_DIRECTORY_BYTES = 2 ** 26;
/** Bytes whose checksum takes a millisecond. */
export const PORTION = 2 ** 20;
/** Tensors are stored, source code is deflated. */
export const STORED = 0;
const DEFLATED = 8;

export interface ZipEntry {
  readonly name: string;
  /** Of the content, inflated. */
  readonly crc: number;
  readonly method: number;
  /** Bytes in the archive. */
  readonly size: number;
  /** Of the entry's header. */
  readonly offset: number;
}

/** A file that is read as an archive. */
export interface ZipSource {
  readonly path: string;
  readonly file: FileHandle;
  /** Bytes in all. */
  readonly size: number;
  /** What contents are read into to be checked, for all entries: they are garbage at once. */
  readonly scratch: Buffer;
}

/** A file as an archive. */
export async function zipSource(path: string, file: FileHandle): Promise<ZipSource> {
  return { path, file, size: (await file.stat()).size, scratch: Buffer.allocUnsafe(PORTION) };
}

/** All entries. Throws an Error that says why the file is no such archive. */
export async function readDirectory({ file, size }: ZipSource): Promise<readonly ZipEntry[]> {
  const entries = await directoryOf(file, size);
  if (!entries) throw new Error("it is no zip archive, or its end is missing");
  return entries;
}

async function contentOffset({ file, size }: ZipSource, entry: ZipEntry): Promise<number> {
  const header = await readAt(file, entry.offset, 30);
  if (header.length < 30 || header.readUInt32LE(0) !== LOCAL_HEADER) {
    throw new Error(`the header of "${entry.name}" is broken`);
  }
  const start = entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  if (start + entry.size > size) throw new Error(`"${entry.name}" ends beyond the file`);
  return start;
}

/**
 * Reads an entry through; resolves with where its content begins. Throws an Error that names it where it is damaged.
 */
export async function verifyEntry(source: ZipSource, entry: ZipEntry): Promise<number> {
  const start = await contentOffset(source, entry);
  const crc =
    entry.method === STORED
      ? checksum(source.file, start, entry.size, source.scratch)
      : inflatedChecksum(source.path, start, entry.size);
  if ((await crc) !== entry.crc) {
    throw new Error(`the checksum of "${entry.name}" does not fit its content`);
  }
  return start;
}

/** CRC-32 of a part of a file. */
export async function checksum(file: FileHandle, start: number, size: number, scratch: Buffer): Promise<number> {
  let crc = 0;
  for (let done = 0; done < size;) {
    const { bytesRead } = await file.read(scratch, 0, Math.min(scratch.length, size - done), start + done);
    if (bytesRead === 0) throw new Error("it ends too early");
    crc = crc32(scratch.subarray(0, bytesRead), crc);
    done += bytesRead;
  }
  return crc;
}

async function inflatedChecksum(path: string, start: number, size: number): Promise<number> {
  if (size === 0) return 0;
  let crc = 0;
  const content = createReadStream(path, { start, end: start + size - 1, highWaterMark: PORTION });
  // pipeline passes an error of reading on to the loop; the loop reports it
  for await (const chunk of pipeline(content, createInflateRaw(), () => undefined)) crc = crc32(chunk as Buffer, crc);
  return crc;
}

async function readAt(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, offset);
  return buffer.subarray(0, bytesRead);
}

async function directoryOf(file: FileHandle, size: number): Promise<readonly ZipEntry[] | undefined> {
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
  if (offset + length > size || length > MAX_DIRECTORY_BYTES) return undefined;
  const directory = await readAt(file, offset, length);
  const entries: ZipEntry[] = [];
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
      ...wideFields(
        directory.readUInt32LE(at + 20),
        directory.readUInt32LE(at + 24),
        directory.readUInt32LE(at + 42),
        extra,
      ),
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
