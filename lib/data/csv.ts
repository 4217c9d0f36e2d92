/** Reads labelled text from CSV: RFC 4180 quoting, a header line, any line ends. */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CsvError, parse } from "csv-parse";
import { describe, TorchwrightError } from "../errors";
import { badRow, checkColumns, type ColumnOptions, type FileRows, requireColumns, toExample } from "./columns";
import { readTextPieces } from "./read-text";

export interface CsvOptions extends ColumnOptions {
  /** What separates fields. Default `","`; `"\t"` for tab-separated files, which quote like CSV. */
  readonly delimiter?: string;
}

/** The rows of a CSV file; errors as for `TextDataset.fromCsv`. */
export async function readCsv(operation: string, file: string, options: CsvOptions): Promise<FileRows> {
  checkColumns(operation, options);
  const delimiter: unknown = options.delimiter ?? ",";
  if (typeof delimiter !== "string" || delimiter === "") {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `${operation}: expected delimiter to be text, got ${describe(delimiter)}`,
    );
  }
  const rows: FileRows = { examples: [], lines: [] };
  let header: Map<string, number> | undefined;
  // Counted here, because the parser counts a CRLF inside quotes twice.
  let nextLine = 1;
  let emptyLines = 0;

  const take = (fields: readonly string[], emptyLinesSoFar: number): void => {
    const line = nextLine + emptyLinesSoFar - emptyLines;
    emptyLines = emptyLinesSoFar;
    nextLine = line + 1 + fields.reduce((breaks, field) => breaks + lineBreaks(field), 0);
    if (!header) {
      header = readHeader(operation, file, options, fields);
      return;
    }
    const known = header;
    if (fields.length !== known.size) {
      throw badRow(operation, file, line, `expected ${known.size} fields as in the header, got ${fields.length}`);
    }
    const value = (column: string): unknown => fields[known.get(column) as number];
    rows.examples.push(toExample(options, value, (what) => badRow(operation, file, line, what)));
    rows.lines.push(line);
  };

  const parser = parse({
    delimiter,
    record_delimiter: ["\r\n", "\n", "\r"],
    relax_column_count: true,
    skip_empty_lines: true,
    on_record: (fields: string[], context) => {
      take(fields, context.empty_lines);
      return null; // taken: nothing to buffer
    },
  });
  parser.resume();
  try {
    await pipeline(Readable.from(readTextPieces(operation, file)), parser);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw badRow(operation, file, nextLine, `expected CSV, got a row that cannot be parsed (${error.message})`, error);
  }
  return rows;
}

function lineBreaks(text: string): number {
  return text.match(/\r\n|\n|\r/g)?.length ?? 0;
}

/** Positions of the columns by name. */
function readHeader(
  operation: string,
  file: string,
  options: CsvOptions,
  fields: readonly string[],
): Map<string, number> {
  const header = new Map<string, number>();
  fields.forEach((name, position) => {
    // A column that is not read may share its name with another.
    if (header.has(name) && [options.text, options.pair, options.label].includes(name)) {
      throw badRow(operation, file, 1, `expected one column "${name}", got two`);
    }
    header.set(header.has(name) ? `${name}\u0000${position}` : name, position);
  });
  requireColumns(operation, file, options, fields);
  return header;
}
