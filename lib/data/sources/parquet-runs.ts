/**
 * Follows the run lengths of Parquet's encodings without decoding values: whether a decoder would stay within the
 * number of values.
 */
import type { DataReader } from "hyparquet" with { "resolution-mode": "import" };

type ReadVarInt = (reader: DataReader) => number;

/** Bit-packed runs come in groups of eight, which may be filled up. */
const FILLED_UP = 4096;

/**
 * Whether runs of the hybrid of run lengths and bit packing are no longer than the values that are left. Bytes that end
 * too early are the decoder's to find.
 */
export function hybridFits(readVarInt: ReadVarInt, reader: DataReader, width: number, values: number): boolean {
  let seen = 0;
  try {
    while (seen < values) {
      const header = readVarInt(reader);
      const packed = (header & 1) === 1;
      const count = packed ? (header >>> 1) * 8 : header >>> 1;
      if (count > values - seen + (packed ? FILLED_UP : 0)) return false;
      reader.offset += packed ? Math.max(1, (count * width) / 8) : (width + 7) >> 3;
      seen += count;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return true;
}

/** Whether a block of delta encoding says sizes with which a decoder comes to an end; leaves the reader behind it. */
export function deltaFits(readVarInt: ReadVarInt, reader: DataReader, values: number): boolean {
  try {
    const block = readVarInt(reader);
    const miniblocks = readVarInt(reader);
    const count = readVarInt(reader);
    readVarInt(reader); // the first value; longer than 32 bits it has the same length
    if (!(block > 0 && miniblocks > 0 && block % miniblocks === 0 && count >= 0 && count <= values)) return false;
    const perMiniblock = block / miniblocks;
    for (let seen = 1; seen < count;) {
      readVarInt(reader);
      const widths = reader.offset;
      reader.offset += miniblocks;
      for (let i = 0; i < miniblocks && seen < count; i++) {
        const width = reader.view.getUint8(widths + i);
        if (width > 64) return false;
        reader.offset += (perMiniblock * width) / 8;
        seen += perMiniblock;
      }
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return true;
}
