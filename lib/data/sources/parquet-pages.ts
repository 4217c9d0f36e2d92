/**
 * Checks the pages of a Parquet column before they are decoded: that they lie within the column, that their numbers of values add up, and
 * their checksums where there are some. The decoder believes what a header says, and a damaged one could ask for any amount of memory.
 */
import { crc32 } from "node:zlib";
import type { ColumnMetaData } from "hyparquet" with { "resolution-mode": "import" };
import type { ParquetModules } from "./parquet-modules";

/** What is wrong with the pages, or undefined. */
export function pagesFault({ parquetHeader }: Pick<ParquetModules, "parquetHeader">, chunk: ArrayBuffer, column: ColumnMetaData): string | undefined {
  const reader = { view: new DataView(chunk), offset: 0 };
  const wanted = Number(column.num_values);
  let values = 0;
  while (reader.offset < chunk.byteLength && values < wanted) {
    const start = reader.offset;
    const header = parquetHeader(reader);
    const { compressed_page_size: size, uncompressed_page_size: unpacked, data_page_header: v1, data_page_header_v2: v2 } = header;
    const end = reader.offset + size;
    if (!(reader.offset > start) || !(size >= 0) || end > chunk.byteLength) return "a page that ends behind its column";
    if (!(unpacked >= 0) || unpacked > Number(column.total_uncompressed_size)) return "a page that is larger than its column";
    if (header.crc !== undefined && (header.crc | 0) !== (crc32(new Uint8Array(chunk, reader.offset, size)) | 0)) return "a page that its checksum does not fit";
    const count = header.type === "DATA_PAGE" ? v1?.num_values : header.type === "DATA_PAGE_V2" ? v2?.num_values : 0;
    if (count === undefined || !(count >= 0)) return "a page without a header";
    if (v2 && !(v2.num_nulls >= 0 && v2.num_nulls <= v2.num_values && v2.num_rows >= 0 && v2.num_rows <= v2.num_values)) return "a page whose header contradicts itself";
    const { dictionary_page_header: dictionary } = header;
    // A value of a dictionary takes a bit at least.
    if (dictionary && !(dictionary.num_values >= 0 && dictionary.num_values <= unpacked * 8)) return "a dictionary with more values than it has bytes";
    values += count;
    reader.offset = end;
  }
  return values === wanted ? undefined : `${values} values in its pages`;
}
