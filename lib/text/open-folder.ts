/** Where a model's files are, given as a path or as a name on the hub; what a killed save left there is put in place first. */
import { modelFolder } from "../hub/model-folder";
import type { HubOptions } from "../hub/options";
import type { FileSelection } from "../hub/selection";
import { finishInterruptedSave } from "./interrupted-save";

/** Throws as {@link modelFolder} does. */
export async function openFolder(operation: string, given: string, options: HubOptions, selection: FileSelection): Promise<string> {
  await finishInterruptedSave(given);
  return modelFolder(operation, given, options, selection);
}
