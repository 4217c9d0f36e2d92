/**
 * Checks the pages of a Parquet column before they are decoded: that they lie within the column, that their numbers of
 * values add up, their checksums where there are some, and the lengths of runs. The decoder believes what it reads, and
 * a run of two thousand million values, which one wrong bit makes, would end the process.
 */
import { brotliDecompressSync, crc32, gunzipSync } from "node:zlib";
import type { ColumnMetaData, Compressors, PageHeader, SchemaTree } from "hyparquet" with {
  "resolution-mode": "import",
};
import type { ParquetModules } from "./parquet-modules";
import { deltaFits, hybridFits } from "./parquet-runs";

/** A column's stored bytes, and what its schema says of it. */
export interface ColumnChunk {
  readonly bytes: ArrayBuffer;
  readonly column: ColumnMetaData;
  readonly maxRepetition: number;
  readonly maxDefinition: number;
}

/** A page whose values are packed; they can be checked only when they are unpacked. */
interface PackedPage {
  readonly header: PageHeader;
  readonly chunk: ColumnChunk;
}

/** Checks the pages of the columns that are being read. */
export class PageChecker {
  /** By the memory and offset of their packed bytes, which the decoder hands to `compressors`. */
  readonly #packed = new Map<ArrayBufferLike, Map<number, PackedPage>>();

  constructor(private readonly modules: ParquetModules) {}

  /** The levels of a column, by its path. */
  static levels(
    { getTreePath, getMaxDefinitionLevel, getMaxRepetitionLevel }: ParquetModules,
    tree: SchemaTree,
    column: ColumnMetaData,
  ): Pick<ColumnChunk, "maxRepetition" | "maxDefinition"> {
    const path = getTreePath(tree, column.path_in_schema);
    return { maxRepetition: getMaxRepetitionLevel(path), maxDefinition: getMaxDefinitionLevel(path) };
  }

  /** What is wrong with the pages of a column, or undefined. Its packed pages are checked when they are unpacked. */
  add(chunk: ColumnChunk): string | undefined {
    const { bytes, column } = chunk;
    const reader = { view: new DataView(bytes), offset: 0 };
    const wanted = Number(column.num_values);
    const packed = new Map<number, PackedPage>();
    let values = 0;
    while (reader.offset < bytes.byteLength && values < wanted) {
      const before = reader.offset;
      const header = this.modules.parquetHeader(reader);
      const start = reader.offset;
      const end = start + header.compressed_page_size;
      if (!(start > before && end >= start && end <= bytes.byteLength)) return "a page that ends behind its column";
      if (!(
        header.uncompressed_page_size >= 0 && header.uncompressed_page_size <= Number(column.total_uncompressed_size)
      )) {
        return "a page that is larger than its column";
      }
      if (header.crc !== undefined && (header.crc | 0) !== (crc32(new Uint8Array(bytes, start, end - start)) | 0)) {
        return "a page that its checksum does not fit";
      }
      const count = valuesIn(header);
      if (count === undefined) return "a page whose header contradicts itself";
      const fault = this.#levelsFault(chunk, header, start, packed);
      if (fault !== undefined) return fault;
      values += count;
      reader.offset = end;
    }
    this.#packed.set(bytes, packed);
    return values === wanted ? undefined : `${values} values in its pages`;
  }

  /** Forgets the columns, as those of another row group come. */
  clear(): void {
    this.#packed.clear();
  }

  /**
   * What unpacks pages, and checks them then. gzip and Brotli are the system's own, which cannot be led into an endless
   * loop.
   */
  get compressors(): Compressors {
    const { compressors } = this.modules;
    const unpack: Compressors = {
      ...compressors,
      GZIP: (input, length) => gunzipSync(input, { maxOutputLength: Math.max(1, length) }),
      BROTLI: (input, length) => brotliDecompressSync(input, { maxOutputLength: Math.max(1, length) }),
    };
    return Object.fromEntries(
      Object.entries(unpack).map(([codec, make]) => [
        codec,
        (input: Uint8Array, length: number) => {
          const page = make(input, length);
          const known = this.#packed.get(input.buffer)?.get(input.byteOffset);
          if (!known) throw new Error("a page was not checked");
          if (!valuesFit(this.modules, known, page)) throw new Error("a page has longer runs than it has values");
          return page;
        },
      ]),
    );
  }

  #levelsFault(
    chunk: ColumnChunk,
    header: PageHeader,
    start: number,
    packed: Map<number, PackedPage>,
  ): string | undefined {
    const { bytes, column, maxDefinition, maxRepetition } = chunk;
    const { data_page_header_v2: v2 } = header;
    const stored = new Uint8Array(bytes, start, header.compressed_page_size);
    const fault = "a page with longer runs than it has values";
    if (!v2 || header.type !== "DATA_PAGE_V2") {
      if (column.codec !== "UNCOMPRESSED") packed.set(start, { header, chunk });
      else if (!valuesFit(this.modules, { header, chunk }, stored)) return fault;
      return undefined;
    }
    const levels = v2.repetition_levels_byte_length + v2.definition_levels_byte_length;
    if (!(v2.repetition_levels_byte_length >= 0 && v2.definition_levels_byte_length >= 0 && levels <= stored.length)) {
      return "a page whose header contradicts itself";
    }
    const view = viewOf(stored);
    const { readVarInt } = this.modules;
    const fits =
      (maxRepetition === 0 || hybridFits(readVarInt, { view, offset: 0 }, bits(maxRepetition), v2.num_values)) &&
      (maxDefinition === 0 ||
        hybridFits(readVarInt, { view, offset: v2.repetition_levels_byte_length }, bits(maxDefinition), v2.num_values));
    if (!fits) return fault;
    if (column.codec !== "UNCOMPRESSED" && v2.is_compressed) packed.set(start + levels, { header, chunk });
    else if (!valuesFit(this.modules, { header, chunk }, stored.subarray(levels))) return fault;
    return undefined;
  }
}

/** Number of values with the missing ones, 0 for a dictionary; undefined where the header makes no sense. */
function valuesIn({
  type,
  uncompressed_page_size,
  data_page_header: v1,
  data_page_header_v2: v2,
  dictionary_page_header: dictionary,
}: PageHeader): number | undefined {
  if (type === "DICTIONARY_PAGE") {
    // A value of a dictionary takes a bit at least.
    return dictionary && dictionary.num_values >= 0 && dictionary.num_values <= uncompressed_page_size * 8
      ? 0
      : undefined;
  }
  if (type === "DATA_PAGE") return v1 && v1.num_values >= 0 ? v1.num_values : undefined;
  if (type !== "DATA_PAGE_V2" || !v2) return undefined;
  const sensible =
    v2.num_nulls >= 0 && v2.num_nulls <= v2.num_values && v2.num_rows >= 0 && v2.num_rows <= v2.num_values;
  return sensible ? v2.num_values : undefined;
}

/** Whether the runs in an unpacked page (of version 2: its values) are no longer than its values. */
function valuesFit({ readVarInt }: ParquetModules, { header, chunk }: PackedPage, page: Uint8Array): boolean {
  const v2 = header.type === "DATA_PAGE_V2" ? header.data_page_header_v2 : undefined;
  const data = v2 ?? header.data_page_header;
  if (header.type === "DICTIONARY_PAGE" || !data) return true;
  const view = viewOf(page);
  const reader = { view, offset: 0 };
  if (!v2) {
    for (const most of [chunk.maxRepetition, chunk.maxDefinition]) {
      if (most === 0) continue;
      if (reader.offset + 4 > page.length) return true; // the decoder finds that
      const length = view.getUint32(reader.offset, true);
      const start = reader.offset + 4;
      if (!hybridFits(readVarInt, { view, offset: start }, bits(most), data.num_values)) return false;
      reader.offset = start + length;
    }
  }
  if (reader.offset >= page.length) return true;
  switch (data.encoding) {
    case "PLAIN_DICTIONARY":
    case "RLE_DICTIONARY": {
      const width = view.getUint8(reader.offset++);
      return hybridFits(readVarInt, reader, width, data.num_values);
    }
    case "RLE":
      reader.offset += 4;
      return hybridFits(readVarInt, reader, 1, data.num_values);
    case "DELTA_BINARY_PACKED":
    case "DELTA_LENGTH_BYTE_ARRAY":
      return deltaFits(readVarInt, reader, data.num_values);
    case "DELTA_BYTE_ARRAY":
      return deltaFits(readVarInt, reader, data.num_values) && deltaFits(readVarInt, reader, data.num_values);
    default:
      return true;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Bits that hold a number up to `most`. */
function bits(most: number): number {
  return 32 - Math.clz32(most);
}
