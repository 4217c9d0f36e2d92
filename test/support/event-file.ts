/** For tests: reads TensorBoard's event files by the format's description, sharing nothing with what writes them. */
import { expect } from "chai";

/** A protocol buffer's fields by number: numbers, or the bytes of strings and messages. */
type Fields = Map<number, (number | Buffer)[]>;

export interface ReadEvent {
  readonly wallTime: number;
  readonly step: number;
  readonly version?: string;
  /** Status of a session log; 1 is START. */
  readonly session?: number;
  readonly scalar?: { readonly tag: string; readonly value: number };
  readonly text?: {
    readonly tag: string;
    readonly text: string;
    readonly plugin: string;
    readonly dtype: number;
    readonly shape: readonly number[];
  };
}

/** CRC-32C bit by bit, as RFC 3720 defines it. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit++) {
      const odd = ((crc ^ (byte >>> bit)) & 1) === 1;
      crc = odd ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    }
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function masked(bytes: Uint8Array): number {
  const crc = BigInt(crc32c(bytes));
  return Number((((crc >> 15n) | (crc << 17n)) + 0xa282ead8n) & 0xffffffffn);
}

/** The records of a file, whose checksums are expected to fit, and the bytes of one that is cut short. */
export function readRecords(file: Buffer): { readonly records: Buffer[]; readonly torn: number } {
  const records: Buffer[] = [];
  let at = 0;
  while (at + 12 <= file.length) {
    const length = Number(file.readBigUInt64LE(at));
    if (at + 16 + length > file.length) break;
    const data = file.subarray(at + 12, at + 12 + length);
    expect(file.readUInt32LE(at + 8), "checksum of a length").to.equal(masked(file.subarray(at, at + 8)));
    expect(file.readUInt32LE(at + 12 + length), "checksum of a record").to.equal(masked(data));
    records.push(data);
    at += 16 + length;
  }
  return { records, torn: file.length - at };
}

/** The events of a whole file. */
export function readEvents(file: Buffer): ReadEvent[] {
  const { records, torn } = readRecords(file);
  expect(torn, "bytes behind the last record").to.equal(0);
  return records.map(readEvent);
}

function readEvent(record: Buffer): ReadEvent {
  const event = fieldsOf(record);
  const [version, summary, session] = [3, 5, 7].map((field) => event.get(field)?.[0] as Buffer | undefined);
  const value = summary && fieldsOf(fieldsOf(summary).get(1)?.[0] as Buffer);
  const tag = String(value?.get(1)?.[0]);
  const tensor = value?.get(8)?.[0] as Buffer | undefined;
  return {
    wallTime: event.get(1)?.[0] as number,
    step: (event.get(2)?.[0] ?? 0) as number,
    ...(version && { version: String(version) }),
    ...(session && { session: fieldsOf(session).get(1)?.[0] as number }),
    ...(value && !tensor && { scalar: { tag, value: value.get(2)?.[0] as number } }),
    ...(value && tensor && { text: { tag, ...readTensor(tensor), plugin: pluginOf(value.get(9)?.[0] as Buffer) } }),
  };
}

function readTensor(bytes: Buffer): { readonly text: string; readonly dtype: number; readonly shape: number[] } {
  const tensor = fieldsOf(bytes);
  const sizes = fieldsOf(tensor.get(2)?.[0] as Buffer).get(2) as Buffer[];
  return {
    text: String(tensor.get(8)?.[0]),
    dtype: tensor.get(1)?.[0] as number,
    shape: sizes.map((size) => fieldsOf(size).get(1)?.[0] as number),
  };
}

function pluginOf(metadata: Buffer): string {
  return String(fieldsOf(fieldsOf(metadata).get(1)?.[0] as Buffer).get(1)?.[0]);
}

function fieldsOf(bytes: Buffer): Fields {
  const fields: Fields = new Map();
  let at = 0;
  const varint = (): number => {
    for (let value = 0, scale = 1; ; scale *= 128) {
      const byte = bytes.readUInt8(at++);
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const take = (length: number): Buffer => bytes.subarray(at, (at += length));
  while (at < bytes.length) {
    const key = varint();
    const [field, type] = [Math.floor(key / 8), key % 8];
    const value =
      type === 0 ? varint() : type === 1 ? take(8).readDoubleLE() : type === 5 ? take(4).readFloatLE() : take(varint());
    fields.set(field, [...(fields.get(field) ?? []), value]);
  }
  return fields;
}
