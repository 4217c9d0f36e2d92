/**
 * The bytes around the contents of a zip archive as `torch.save` writes it: stored entries that begin at multiples of
 * 64 bytes. Source: PKWARE's APPNOTE.TXT 6.3.10; `caffe2/serialize/inline_container.cc` for the padding.
 */

const ALIGNMENT = 64;
/** Names are UTF-8. */
const FLAGS = 0x0800;
const VERSION = 20;
/** With fields of 64 bits. */
const WIDE_VERSION = 45;
/** What the 32-bit field says where the number stands in a field of 64 bits. */
const WIDE = 0xffffffff;
/** 1980-01-01: the smallest date that there is, so that equal contents make equal files. */
const DATE = 0x21;
const PADDING_FIELD = 0x4246;
const WIDE_FIELD = 1;

/** An entry whose content is known. */
export interface StoredEntry {
  readonly name: string;
  readonly crc: number;
  /** Bytes. */
  readonly size: number;
  /** Of its header. */
  readonly offset: number;
}

/** What stands before a content, with padding that aligns the content. */
export function entryHeader({ name, crc, size, offset }: StoredEntry): Buffer {
  const nameLength = Buffer.byteLength(name);
  const wideLength = size >= WIDE ? 20 : 0;
  const unpadded = 30 + nameLength + wideLength;
  // A field has a head of 4 bytes.
  let padding = (ALIGNMENT - ((offset + unpadded) % ALIGNMENT)) % ALIGNMENT;
  if (padding > 0 && padding < 4) padding += ALIGNMENT;
  const header = Buffer.alloc(unpadded + padding);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(wideLength > 0 ? WIDE_VERSION : VERSION, 4);
  header.writeUInt16LE(FLAGS, 6);
  header.writeUInt16LE(DATE, 12);
  header.writeUInt32LE(crc, 14);
  header.writeUInt32LE(Math.min(size, WIDE), 18);
  header.writeUInt32LE(Math.min(size, WIDE), 22);
  header.writeUInt16LE(nameLength, 26);
  header.writeUInt16LE(wideLength + padding, 28);
  header.write(name, 30);
  if (wideLength > 0) writeWideField(header, 30 + nameLength, [size, size]);
  if (padding > 0) {
    header.fill("Z", unpadded);
    header.writeUInt16LE(PADDING_FIELD, unpadded);
    header.writeUInt16LE(padding - 4, unpadded + 2);
  }
  return header;
}

/** The end of an archive: its directory and what says where that begins. */
export function directory(entries: readonly StoredEntry[], offset: number): Buffer {
  const listed = Buffer.concat(entries.map(directoryEntry));
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Math.min(entries.length, 0xffff), 8);
  end.writeUInt16LE(Math.min(entries.length, 0xffff), 10);
  end.writeUInt32LE(Math.min(listed.length, WIDE), 12);
  end.writeUInt32LE(Math.min(offset, WIDE), 16);
  if (entries.length < 0xffff && offset + listed.length < WIDE) return Buffer.concat([listed, end]);
  const wideEnd = Buffer.alloc(56);
  wideEnd.writeUInt32LE(0x06064b50, 0);
  wideEnd.writeBigUInt64LE(44n, 4); // bytes that follow
  wideEnd.writeUInt16LE(WIDE_VERSION, 12);
  wideEnd.writeUInt16LE(WIDE_VERSION, 14);
  [entries.length, entries.length, listed.length, offset].forEach((value, i) =>
    wideEnd.writeBigUInt64LE(BigInt(value), 24 + 8 * i),
  );
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(offset + listed.length), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([listed, wideEnd, locator, end]);
}

function directoryEntry({ name, crc, size, offset }: StoredEntry): Buffer {
  const nameLength = Buffer.byteLength(name);
  const wide = [size, size, offset].filter((value) => value >= WIDE);
  const wideLength = wide.length > 0 ? 4 + 8 * wide.length : 0;
  const entry = Buffer.alloc(46 + nameLength + wideLength);
  entry.writeUInt32LE(0x02014b50, 0);
  entry.writeUInt16LE(VERSION, 4);
  entry.writeUInt16LE(wideLength > 0 ? WIDE_VERSION : VERSION, 6);
  entry.writeUInt16LE(FLAGS, 8);
  entry.writeUInt16LE(DATE, 14);
  entry.writeUInt32LE(crc, 16);
  entry.writeUInt32LE(Math.min(size, WIDE), 20);
  entry.writeUInt32LE(Math.min(size, WIDE), 24);
  entry.writeUInt16LE(nameLength, 28);
  entry.writeUInt16LE(wideLength, 30);
  entry.writeUInt32LE(Math.min(offset, WIDE), 42);
  entry.write(name, 46);
  if (wideLength > 0) writeWideField(entry, 46 + nameLength, wide);
  return entry;
}

/** The field of those numbers that have no room in 32 bits. */
function writeWideField(target: Buffer, at: number, values: readonly number[]): void {
  target.writeUInt16LE(WIDE_FIELD, at);
  target.writeUInt16LE(8 * values.length, at + 2);
  values.forEach((value, i) => target.writeBigUInt64LE(BigInt(value), at + 4 + 8 * i));
}
