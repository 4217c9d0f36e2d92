/** An open Parquet file: its columns, and its row groups decoded some rows at a time. */
import type { FileHandle } from "node:fs/promises";
import type { ColumnMetaData, FileMetaData, RowGroup } from "hyparquet" with { "resolution-mode": "import" };
import { TorchwrightError } from "../../errors";
import { damaged, fileError } from "./file-errors";
import { type ParquetModules, parquetModules } from "./parquet-modules";
import { PageChecker } from "./parquet-pages";
import { strictParsers } from "./parquet-values";

/** Columns of consecutive rows, in the order in which they were asked for. */
export interface ColumnRows {
  /** Number of the first row in the file. */
  readonly start: number;
  readonly length: number;
  readonly columns: readonly ArrayLike<unknown>[];
}

/** Decoded at once: what is decoded is several times larger than what is stored. */
const SLICE_BYTES = 16 * 1024 * 1024;
const SLICE_ROWS = 128 * 1024;

export class ParquetFile {
  /** Names of the columns. */
  readonly columns: readonly string[];
  readonly #nested: ReadonlySet<string>;
  /** Bytes of the columns of the row group that is read, by their first byte's place. */
  readonly #chunks = new Map<number, ArrayBuffer>();
  readonly #pages: PageChecker;
  readonly #parsers = strictParsers();

  private constructor(
    private readonly operation: string,
    private readonly name: string,
    private readonly handle: FileHandle,
    private readonly size: number,
    private readonly modules: ParquetModules,
    private readonly metadata: FileMetaData,
    private readonly binaryAsText: boolean,
  ) {
    this.#pages = new PageChecker(modules);
    const { children } = modules.parquetSchema(metadata);
    this.columns = children.map(({ element }) => element.name);
    const nested = children.filter(
      ({ element, children: inner }) => inner.length > 0 || element.repetition_type === "REPEATED",
    );
    this.#nested = new Set(nested.map(({ element }) => element.name));
  }

  /** Reads the file's footer. Throws ERR_FILE_READ for what is no Parquet file. The caller closes the handle. */
  static async open(operation: string, name: string, handle: FileHandle, binaryAsText: boolean): Promise<ParquetFile> {
    const { size } = await handle.stat();
    const first = await readRange(operation, name, handle, 0, Math.min(4, size));
    const magic = Buffer.from(first).toString("latin1");
    if (magic === "PARE") {
      throw damaged(operation, `expected a Parquet file that can be read, got an encrypted one (${name})`);
    }
    if (magic !== "PAR1" || size < 12) {
      throw damaged(
        operation,
        `expected a Parquet file, got ${size < 12 ? `${size} bytes` : "one that does not begin with PAR1"} (${name})`,
      );
    }
    const modules = await parquetModules();
    const file = {
      byteLength: size,
      slice: (start: number, end = size) => readRange(operation, name, handle, start, end),
    };
    return guarded(operation, name, async () => {
      const metadata = await modules.parquetMetadataAsync(file, { geoparquet: false });
      if (!Array.isArray(metadata.row_groups)) throw new Error("it has no row groups");
      return new ParquetFile(operation, name, handle, size, modules, metadata, binaryAsText);
    });
  }

  /** The rows of some columns. Throws ERR_FILE_READ for a page that is damaged or an encoding that is not supported. */
  async *read(columns: readonly string[], signal: AbortSignal | undefined): AsyncGenerator<ColumnRows, void, void> {
    let groupStart = 0;
    for (const group of this.metadata.row_groups) {
      const rows = Number(group.num_rows);
      if (!Number.isSafeInteger(rows) || rows < 0) throw this.#damage(`${rows} rows in a row group`);
      if (rows > 0) yield* this.#readGroup(group, groupStart, rows, columns, signal);
      groupStart += rows;
    }
    if (groupStart !== Number(this.metadata.num_rows)) {
      throw this.#damage(`${groupStart} rows in its row groups, ${this.metadata.num_rows} in its footer`);
    }
  }

  async *#readGroup(
    group: RowGroup,
    groupStart: number,
    rows: number,
    columns: readonly string[],
    signal: AbortSignal | undefined,
  ): AsyncGenerator<ColumnRows, void, void> {
    this.#clear();
    const bytes = await guarded(this.operation, this.name, () => this.#load(group, rows, columns));
    const whole = columns.some((name) => this.#nested.has(name)); // nested columns cannot be entered in the middle
    const step = whole
      ? rows
      : Math.min(SLICE_ROWS, Math.max(1024, Math.ceil((rows * SLICE_BYTES) / Math.max(1, bytes))));
    const file = { byteLength: this.size, slice: (start: number, end = this.size) => this.#slice(start, end) };
    const { metadata, modules } = this;
    for (let start = 0; start < rows; start += step) {
      signal?.throwIfAborted();
      const length = Math.min(step, rows - start);
      const range = { rowStart: groupStart + start, rowEnd: groupStart + start + length };
      const read = await guarded(this.operation, this.name, async () => {
        const scan = await modules.parquetScan({
          file,
          metadata,
          columns: [...columns],
          compressors: this.#pages.compressors,
          parsers: this.#parsers,
          utf8: this.binaryAsText,
          useOffsetIndex: false,
          ...range,
        });
        const found: ArrayLike<unknown>[] = [];
        for (const column of columns) found.push(await scan.readColumn({ column, ...range }));
        return found;
      });
      read.forEach((values, i) => {
        if (values.length !== length) {
          throw this.#damage(`${values.length} of ${length} values in column "${columns[i]}"`);
        }
      });
      yield { start: range.rowStart, length, columns: read };
    }
    this.#clear();
  }

  /** Reads and checks the columns of a row group; gives their size when unpacked. */
  async #load(group: RowGroup, rows: number, columns: readonly string[]): Promise<number> {
    const parts = group.columns
      .map(({ meta_data: part }) => part)
      .filter((part): part is ColumnMetaData => part !== undefined && columns.includes(part.path_in_schema[0] ?? ""));
    const tree = this.modules.parquetSchema(this.metadata);
    let bytes = 0;
    for (const part of parts) {
      const name = part.path_in_schema.join(".");
      const start = Number(part.dictionary_page_offset || part.data_page_offset);
      const end = start + Number(part.total_compressed_size);
      if (!(start >= 4 && end >= start && end <= this.size)) throw this.#damage(`column "${name}" outside of the file`);
      const values = Number(part.num_values);
      if (!Number.isSafeInteger(values) || (values !== rows && !this.#nested.has(part.path_in_schema[0] as string))) {
        throw this.#damage(`${values} values in column "${name}" of a row group of ${rows} rows`);
      }
      const chunk = await readRange(this.operation, this.name, this.handle, start, end);
      const fault = this.#pages.add({ bytes: chunk, column: part, ...PageChecker.levels(this.modules, tree, part) });
      if (fault !== undefined) throw this.#damage(`${fault} (column "${name}")`);
      this.#chunks.set(start, chunk);
      bytes += Number(part.total_uncompressed_size);
    }
    return bytes;
  }

  #clear(): void {
    this.#chunks.clear();
    this.#pages.clear();
  }

  /**
   * The bytes of a column, or of columns that the decoder wants together, from which it takes each with `slice`. It
   * must get the very memory whose pages were checked, so what stands for several columns is no copy of them.
   */
  #slice(start: number, end: number): ArrayBuffer {
    const chunk = this.#chunks.get(start);
    if (chunk?.byteLength === end - start) return chunk;
    if (!chunk) throw new Error("it asks for bytes that were not checked");
    const several: Pick<ArrayBuffer, "byteLength" | "slice"> = {
      byteLength: end - start,
      slice: (from = 0, to = end - start) => this.#slice(start + from, start + to),
    };
    return several as ArrayBuffer;
  }

  #damage(got: string): TorchwrightError {
    return damaged(this.operation, `expected a whole Parquet file, got ${got} (${this.name})`);
  }
}

/** Bytes of the file; all of them, or ERR_FILE_READ. */
async function readRange(
  operation: string,
  name: string,
  handle: FileHandle,
  start: number,
  end: number,
): Promise<ArrayBuffer> {
  if (!(end >= start)) throw damaged(operation, `expected a whole Parquet file, got places outside of it (${name})`);
  const bytes = new Uint8Array(end - start);
  for (let filled = 0; filled < bytes.length;) {
    let bytesRead: number;
    try {
      ({ bytesRead } = await handle.read(bytes, filled, bytes.length - filled, start + filled));
    } catch (error) {
      throw fileError(operation, name, error);
    }
    if (bytesRead === 0) {
      throw damaged(
        operation,
        `expected ${end} bytes in ${name}, as when it was opened, got ${start + filled}: it was cut while being read`,
      );
    }
    filled += bytesRead;
  }
  return bytes.buffer;
}

/** What the decoder throws at damaged bytes says little: any error can come of them. */
async function guarded<T>(operation: string, name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TorchwrightError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw damaged(
      operation,
      `expected a Parquet file that can be decoded, got one that cannot (${name}: ${message})`,
      error,
    );
  }
}
