/** Rows of a folder that has a folder of text files for each class. */
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { TorchwrightError } from "../../errors";
import { type BadRows, badRow, requireColumns } from "./bad-rows";
import { fileError } from "./file-errors";
import { byCodePoint, type InputPart } from "./input-reader";
import { makeSource } from "./make-source";
import { readFileBytes } from "./read-file";
import { type CheckedOptions, checkSourceOptions, invalidOption, type TextFileOptions } from "./source-options";
import { linePlace, type RowSource, type SourceRow } from "./source-row";
import { findTextFault } from "./text-fault";
import { readText } from "./to-utf8";

export interface FolderSourceOptions extends TextFileOptions {
  /** Glob of the files to read in each class's folder. Default: `"*.txt"`. */
  readonly pattern?: string;
}

/** A file's content and its class. */
export type FolderRow = Readonly<Record<"text" | "label", string>>;

/** A file of a class. */
interface ClassFile extends InputPart {
  readonly label: string;
}

/**
 * The rows of `folder/<class>/*.txt`: a file is one row, `text` its content and `label` the name of its folder. Classes
 * and files come in the order of code points.
 *
 * Throws ERR_INVALID_ARG; reading throws ERR_FILE_NOT_FOUND also for a class without files, ERR_FILE_READ, and
 * ERR_BAD_ROW naming a file that is no text.
 */
export function folderSource(
  operation: string,
  folder: string,
  options: FolderSourceOptions = {},
): RowSource<FolderRow> {
  const checked = checkSourceOptions(operation, options);
  const given: unknown = folder;
  if (typeof given !== "string" || given === "" || given.includes("\0")) {
    throw invalidOption(operation, "the path of a folder", given);
  }
  const { pattern = "*.txt" } = options;
  if (typeof pattern !== "string" || pattern === "") throw invalidOption(operation, "pattern to be a glob", pattern);
  if (checked.columns) requireColumns(operation, { file: folder, row: 0 }, checked.columns, ["text", "label"]);
  const parts = (signal?: AbortSignal): AsyncGenerator<ClassFile, void, void> =>
    classFiles(operation, folder, pattern, signal);
  return makeSource(operation, { restartable: true, parts }, checked, (part, bad) =>
    readRow(operation, part as ClassFile, checked, bad),
  );
}

async function* classFiles(
  operation: string,
  folder: string,
  pattern: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<ClassFile, void, void> {
  const classes = await classFolders(operation, folder);
  if (classes.length === 0) {
    throw new TorchwrightError(
      "ERR_FILE_NOT_FOUND",
      `${operation}: expected a folder for each class in ${folder}, got none`,
    );
  }
  const { glob } = await import("tinyglobby"); // where it is needed: importing the package is to be cheap
  for (const label of classes) {
    const own = path.join(folder, label);
    const names = await glob(pattern, { cwd: own, onlyFiles: true, expandDirectories: false });
    if (names.length === 0) {
      const what = `${operation}: expected files that match "${pattern}" in ${own}, got none`;
      throw new TorchwrightError("ERR_FILE_NOT_FOUND", `${what}; say which files to read: { pattern: "*" }`);
    }
    for (const name of names.sort(byCodePoint)) {
      const file = path.join(own, name);
      yield { file, name: file, label, open: () => readFileBytes(operation, file, signal) };
    }
  }
}

/** Names of the folders in it, links to folders included; those that begin with a dot are none. */
async function classFolders(operation: string, folder: string): Promise<string[]> {
  try {
    const names = (await readdir(folder)).filter((name) => !name.startsWith("."));
    const folders = await Promise.all(names.map(async (name) => (await stat(path.join(folder, name))).isDirectory()));
    return names.filter((_, i) => folders[i]).sort(byCodePoint);
  } catch (error) {
    throw fileError(operation, folder, error);
  }
}

async function* readRow(
  operation: string,
  part: ClassFile,
  options: CheckedOptions,
  bad: BadRows,
): AsyncGenerator<SourceRow<FolderRow>[], void, void> {
  const pieces: Buffer[] = [];
  let size = 0;
  const place = linePlace(part.file, 1, 0);
  try {
    for await (const piece of readText(operation, part, options)) {
      size += piece.length;
      if (size > options.maxRowBytes) {
        throw badRow(operation, `expected a text of at most ${options.maxRowBytes} bytes, got a longer one`, place);
      }
      pieces.push(piece);
    }
  } catch (error) {
    if (!(error instanceof TorchwrightError) || error.code !== "ERR_BAD_ROW") throw error;
    bad.refuse(error);
    return;
  }
  const bytes = Buffer.concat(pieces);
  const fault = findTextFault(bytes, options.encoding);
  if (fault) {
    bad.refuse(badRow(operation, fault.what, linePlace(part.file, 1 + fault.line, 0), { remedy: fault.remedy }));
    return;
  }
  const { columns } = options;
  const row = { text: bytes.toString("utf8"), label: part.label };
  yield [{ row: columns && columns.length < 2 ? (pick(row, columns) as FolderRow) : row, place }];
}

function pick(row: FolderRow, columns: readonly string[]): Partial<FolderRow> {
  return columns.includes("text") ? { text: row.text } : { label: row.label };
}
