/** Reads labelled text from JSON Lines: one object per line, blank lines skipped. */
import { describe } from "../errors";
import { badRow, checkColumns, type ColumnOptions, type FileRows, requireColumns, toExample } from "./columns";
import { readTextPieces } from "./read-text";

/** The rows of a JSON Lines file; errors as for `TextDataset.fromJsonLines`. */
export async function readJsonLines(operation: string, file: string, options: ColumnOptions): Promise<FileRows> {
  checkColumns(operation, options);
  const rows: FileRows = { examples: [], lines: [] };
  let line = 0;
  for await (const piece of readTextPieces(operation, file)) {
    const texts = piece.split("\n");
    if (texts.at(-1) === "") texts.pop();
    for (const text of texts) {
      line++;
      if (text.trim() === "") continue;
      const row = parseRow(operation, file, line, text);
      if (rows.examples.length === 0) requireColumns(operation, file, options, Object.keys(row));
      const value = (column: string): unknown => (Object.hasOwn(row, column) ? row[column] : undefined);
      rows.examples.push(toExample(options, value, (what) => badRow(operation, file, line, what)));
      rows.lines.push(line);
    }
  }
  return rows;
}

function parseRow(operation: string, file: string, line: number, text: string): Readonly<Record<string, unknown>> {
  let row: unknown;
  try {
    row = JSON.parse(text);
  } catch (error) {
    const what = `expected a JSON object, got text that is not JSON (${(error as Error).message})`;
    throw badRow(operation, file, line, what, error);
  }
  if (typeof row !== "object" || row === null || Array.isArray(row)) {
    throw badRow(operation, file, line, `expected a JSON object, got ${describe(row)}`);
  }
  return row as Readonly<Record<string, unknown>>;
}
