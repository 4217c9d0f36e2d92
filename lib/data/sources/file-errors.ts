/** Errors of the file system and of streams, as this library's. */
import { describe, TorchwrightError } from "../../errors";

/** The error for a file that could not be opened or read. */
export function fileError(operation: string, file: string, error: unknown): TorchwrightError {
  if (error instanceof TorchwrightError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ENOTDIR") {
    const what = `${operation}: expected a file, got "${file}", which does not exist`;
    return new TorchwrightError("ERR_FILE_NOT_FOUND", what, { cause: error });
  }
  return new TorchwrightError("ERR_FILE_READ", `${operation}: could not read ${file}: ${message}`, { cause: error });
}

/** The error for a folder in a file's place. */
export function notAFile(operation: string, folder: string): TorchwrightError {
  const remedy = `a glob such as "${folder}/*" reads the files in it`;
  return new TorchwrightError("ERR_FILE_READ", `${operation}: expected a file, got the folder ${folder}; ${remedy}`);
}

/** The error for damaged content. */
export function damaged(operation: string, what: string, cause?: unknown): TorchwrightError {
  return new TorchwrightError("ERR_FILE_READ", `${operation}: ${what}`, cause === undefined ? undefined : { cause });
}

/** The error for a stream that failed. */
export function streamError(operation: string, error: unknown): TorchwrightError {
  if (error instanceof TorchwrightError) return error;
  const message = error instanceof Error ? error.message : describe(error);
  return new TorchwrightError("ERR_FILE_READ", `${operation}: could not read the stream: ${message}`, { cause: error });
}
