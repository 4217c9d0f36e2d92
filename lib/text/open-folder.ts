/**
 * Where a model's files are, given as a path or as a name on the hub; what a killed save left there is put in place
 * first.
 */
import { stat } from "node:fs/promises";
import { describe, TorchwrightError } from "../errors";
import { modelFolder } from "../hub/model-folder";
import type { HubOptions } from "../hub/options";
import type { FileSelection } from "../hub/selection";
import { finishInterruptedSave } from "./interrupted-save";

/**
 * Throws as {@link modelFolder} does, ERR_INVALID_ARG for what is no text, and ERR_FILE_NOT_FOUND where there is no
 * such folder.
 */
export async function openFolder(
  operation: string,
  given: string,
  options: HubOptions,
  selection: FileSelection,
): Promise<string> {
  if (typeof given !== "string" || given === "") {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `${operation}: expected a folder's path or a model's name on the hub, got ${describe(given)}`,
    );
  }
  await finishInterruptedSave(given);
  const folder = await modelFolder(operation, given, options, selection);
  if (folder !== given) return folder; // of the cache, which may have noted that there are no such files
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory()) return folder;
  throw new TorchwrightError(
    "ERR_FILE_NOT_FOUND",
    `${operation}: expected a folder, got "${folder}", which ${found ? "is a file" : "does not exist"}`,
  );
}
