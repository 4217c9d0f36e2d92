/**
 * Bytes of TensorBoard's event files: `Event` protocol buffers in TFRecord's frames.
 *
 * Sources: `event.proto` and `summary.proto` of TensorBoard, "TFRecord and tf.train.Example" of TensorFlow's guide, and
 * the protocol buffers' wire format. Of those messages only what a log of scalars and texts needs is here.
 */

/** What an event says. */
export type EventContent =
  | { readonly kind: "version" }
  /** A session begins: readers forget what other files say of this step and later ones. */
  | { readonly kind: "start" }
  | { readonly kind: "scalar"; readonly tag: string; readonly value: number }
  | { readonly kind: "text"; readonly tag: string; readonly text: string };

export interface EventTime {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** `dtype` of a tensor of strings. */
const DT_STRING = 7;
/** `SessionLog.status`. */
const START = 1;

/** An event in its frame, to be appended to a file. */
export function encodeEvent(content: EventContent, { wallTime, step }: EventTime): Buffer {
  // Zero is the default of a field and is left out.
  return frame(Buffer.concat([double(1, wallTime), ...(step === 0 ? [] : [integer(2, step)]), encodeContent(content)]));
}

function encodeContent(content: EventContent): Buffer {
  switch (content.kind) {
    case "version":
      return text(3, "brain.Event:2");
    case "start":
      return message(7, integer(1, START));
    case "scalar":
      return message(5, message(1, text(1, content.tag), float(2, content.value)));
    case "text":
      return message(5, textSummary(content.tag, content.text));
  }
}

/** As `SummaryWriter.add_text`: a tensor `[1]` of strings, which the plugin "text" shows. */
function textSummary(tag: string, content: string): Buffer {
  const shape = message(2, message(2, integer(1, 1)));
  const tensor = message(8, integer(1, DT_STRING), shape, text(8, content));
  return message(1, text(1, `${tag}/text_summary`), tensor, message(9, message(1, text(1, "text"))));
}

function integer(field: number, value: number): Buffer {
  return Buffer.from([...key(field, VARINT), ...varint(value)]);
}

function text(field: number, value: string): Buffer {
  return message(field, Buffer.from(value, "utf8"));
}

/** A message within one, or any other bytes with their length. */
function message(field: number, ...parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([Buffer.from([...key(field, BYTES), ...varint(length)]), ...parts]);
}

function double(field: number, value: number): Buffer {
  const bytes = Buffer.from([...key(field, FIXED64), 0, 0, 0, 0, 0, 0, 0, 0]);
  bytes.writeDoubleLE(value, bytes.length - 8);
  return bytes;
}

function float(field: number, value: number): Buffer {
  const bytes = Buffer.from([...key(field, FIXED32), 0, 0, 0, 0]);
  bytes.writeFloatLE(value, bytes.length - 4);
  return bytes;
}

function key(field: number, type: number): number[] {
  return varint(field * 8 + type);
}

/** Seven bits a byte, the lowest first; of a whole number of 0 or more. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return [...bytes, rest];
}

/** Length and its checksum before the data, the data's checksum behind it; all little-endian. */
function frame(data: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.writeBigUInt64LE(BigInt(data.length));
  head.writeUInt32LE(maskedCrc32c(head.subarray(0, 8)), 8);
  const foot = Buffer.alloc(4);
  foot.writeUInt32LE(maskedCrc32c(data));
  return Buffer.concat([head, data, foot]);
}

/** CRC-32C of each byte, by Castagnoli's polynomial, its bits reversed. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (TABLE[(crc ^ byte) & 0xff] as number);
  return ~crc >>> 0;
}

/** Rotated and shifted, as TFRecord does, so that data which holds checksums is no trouble to them. */
function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
