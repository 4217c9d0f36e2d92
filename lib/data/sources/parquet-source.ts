/** Rows of Parquet: row group by row group, only the columns that are asked for. */
import { type BadRows, badRow, requireColumns, requireUnique } from "./bad-rows";
import { decompress, packingOf } from "./decompress";
import { type InputPart, readInput } from "./input-reader";
import { makeSource } from "./make-source";
import { ParquetFile } from "./parquet-file";
import { BadValue, toPlain } from "./parquet-values";
import { openFile } from "./read-file";
import { setField } from "./set-field";
import type { SourceInput } from "./source-input";
import { type CheckedOptions, checkSourceOptions, invalidOption, type SourceOptions } from "./source-options";
import type { Fields, Place, RowSource, SourceRow } from "./source-row";
import { type Spooled, spool } from "./spool";

/** How Parquet files are read. */
export interface ParquetSourceOptions extends SourceOptions {
  /**
   * Whether binary columns that are not marked as text are text all the same, as some old writers left them. Default:
   * false.
   */
  readonly binaryAsText?: boolean;
}

/** Rows that are made and given at once. */
const ROWS = 4096;

/**
 * The rows of Parquet files. Values keep their types: integers of 64 bits are numbers where these can hold them, else
 * bigints; times are `Date`s of whole milliseconds; decimals are numbers; missing values are null; lists are arrays,
 * structs objects, bytes `Uint8Array`s. In memory are the stored bytes of the columns of one row group. A stream, or a
 * file that is itself packed with gzip or zstd, goes through a temporary file first: Parquet is read from its end.
 *
 * Throws ERR_INVALID_ARG; reading throws ERR_FILE_NOT_FOUND, ERR_COLUMN_MISSING, ERR_FILE_READ for a file that is
 * damaged, and ERR_BAD_ROW for text that is not UTF-8.
 */
export function parquetSource(operation: string, input: SourceInput, options: ParquetSourceOptions = {}): RowSource {
  const checked = checkSourceOptions(operation, options);
  const { binaryAsText = false } = options;
  if (typeof binaryAsText !== "boolean") {
    throw invalidOption(operation, "binaryAsText to be true or false", binaryAsText);
  }
  return makeSource(operation, readInput(operation, input), checked, (part, bad) =>
    readPart(operation, part, checked, binaryAsText, bad),
  );
}

async function* readPart(
  operation: string,
  part: InputPart,
  options: CheckedOptions,
  binaryAsText: boolean,
  bad: BadRows,
): AsyncGenerator<SourceRow[], void, void> {
  const { handle, [Symbol.asyncDispose]: dispose } = await openPart(operation, part);
  try {
    const file = await ParquetFile.open(operation, part.name, handle, binaryAsText);
    const { columns = file.columns } = options;
    requireColumns(operation, placeOf(part, 0), columns, file.columns);
    requireUnique(operation, placeOf(part, 0), columns, file.columns, "say which other columns to read");
    for await (const { start, length, columns: values } of file.read(columns, options.signal)) {
      for (let from = 0; from < length; from += ROWS) {
        const rows: SourceRow[] = [];
        for (let i = from; i < Math.min(from + ROWS, length); i++) {
          const place = placeOf(part, start + i);
          try {
            rows.push({ row: makeRow(columns, values, i), place });
          } catch (error) {
            if (!(error instanceof BadValue)) throw error;
            bad.refuse(badRow(operation, error.what, place));
          }
        }
        yield rows;
      }
    }
  } finally {
    await dispose();
  }
}

function makeRow(names: readonly string[], columns: readonly ArrayLike<unknown>[], i: number): Fields {
  const row: Record<string, unknown> = {};
  for (let c = 0; c < names.length; c++) {
    const value = (columns[c] as ArrayLike<unknown>)[i];
    setField(row, names[c] as string, typeof value === "string" ? value : toPlain(value));
  }
  return row;
}

function placeOf({ file }: InputPart, row: number): Place {
  return file === undefined ? { row } : { file, row };
}

/** The file itself, or a temporary one with its content. */
async function openPart(operation: string, part: InputPart): Promise<Spooled> {
  if (part.file === undefined) return spool(operation, decompress(operation, part.name, part.open()));
  const handle = await openFile(operation, part.file);
  try {
    const first = Buffer.alloc(4);
    await handle.read(first, 0, 4, 0);
    if (packingOf(first) === undefined) return { handle, [Symbol.asyncDispose]: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
  await handle.close();
  return spool(operation, decompress(operation, part.name, part.open()));
}
