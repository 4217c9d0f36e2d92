/** Where a model's files are, given as a path or as a name on the hub; what a killed save left there is put in place first. */
import { describe, TorchwrightError } from "../errors";
import { modelFolder } from "../hub/model-folder";
import type { HubOptions } from "../hub/options";
import type { FileSelection } from "../hub/selection";
import { finishInterruptedSave } from "./interrupted-save";

/** Throws as {@link modelFolder} does, and ERR_INVALID_ARG for what is no text. */
export async function openFolder(operation: string, given: string, options: HubOptions, selection: FileSelection): Promise<string> {
  if (typeof given !== "string" || given === "") {
    throw new TorchwrightError("ERR_INVALID_ARG", `${operation}: expected a folder's path or a model's name on the hub, got ${describe(given)}`);
  }
  await finishInterruptedSave(given);
  return modelFolder(operation, given, options, selection);
}
