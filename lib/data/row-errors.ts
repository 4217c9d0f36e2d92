/** Errors that a dataset makes of rows: none there, or a user's function that failed at one. */
import { describe, TorchwrightError } from "../errors";

/** The error for no rows. */
export function emptyDataset(message: string): TorchwrightError {
  return new TorchwrightError("ERR_EMPTY_DATASET", message);
}

/** What a function of the user's threw at a row, with the row's place; an error of this library's stays as it is. */
export function rowError(operation: string, place: string, error: unknown): TorchwrightError {
  if (error instanceof TorchwrightError) return error;
  const message = error instanceof Error ? error.message : describe(error);
  return new TorchwrightError("ERR_BAD_ROW", `${operation}: the function failed at ${place}: ${message}`, {
    cause: error,
  });
}
