/** What a saved model decides, which its config.json says. */
import { readConfig } from "../../models/bert-config";
import type { ModelProblem } from "../../models/model";
import { agreedProblem } from "../../models/problem";

/** Throws ERR_FILE_NOT_FOUND, ERR_CONFIG_INVALID. */
export async function savedProblem(folder: string): Promise<ModelProblem> {
  return agreedProblem(folder, undefined, await readConfig(folder));
}
