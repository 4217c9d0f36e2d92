/** Opens a saved folder as the kind of model that it is. */
import path from "node:path";
import { loadScriptModule } from "../jit/load";
import { TorchwrightError } from "../errors";
import type { HubOptions } from "../hub/options";
import { checkObject } from "../tensor/check-options";
import { openFolder } from "../text/open-folder";
import { readConfig } from "./bert-config";
import { BertForSequenceClassification } from "./bert-for-sequence-classification";
import { MODEL_FILES } from "./hub-files";
import { labelsOf } from "./labels";
import { loadVerified } from "./manifest";
import type { ModelProblem, TextClassifier } from "./model";
import { MODULE_TYPE, needsClass } from "./module-classifier";
import { agreedProblem } from "./problem";
import { ScriptClassifier } from "./script-classifier";

/** Where a model goes, and what problem it solves. */
export interface LoadModelOptions<P extends ModelProblem = ModelProblem> extends HubOptions {
  /** Default: CUDA where there is one. */
  readonly device?: string;
  /** What the model decides, so that its type is known. Default: what its config.json says. */
  readonly problemType?: P;
}

/**
 * Opens a folder that `save` wrote, or any Hugging Face folder of a BERT with a classification head; where there is no
 * folder of that name, the model of that name on the hub.
 *
 * @throws TorchwrightError as `BertForSequenceClassification.fromPretrained` and `jit.load`, ERR_CHECKSUM among them;
 *   ERR_CONFIG_INVALID where config.json names another problem than `problemType`
 */
export async function loadTextClassifier<P extends ModelProblem = ModelProblem>(
  given: string,
  asked: LoadModelOptions<P> = {},
): Promise<TextClassifier<P>> {
  const { problemType: wanted, device, ...hub } = checkObject("loadTextClassifier", asked);
  const options = device === undefined ? {} : { device };
  const folder = await openFolder("loadTextClassifier", given, hub, MODEL_FILES);
  const config = await readConfig(folder);
  if (config["model_type"] === MODULE_TYPE) throw needsClass(folder, config);
  const problemType = agreedProblem(folder, wanted, config) as P;
  if (config["model_type"] !== "torchscript") {
    return await BertForSequenceClassification.fromPretrained(folder, { ...options, problemType });
  }
  const labels = labelsOf(config, folder);
  if (!labels) {
    throw new TorchwrightError("ERR_CONFIG_INVALID", `${path.join(folder, "config.json")}: expected id2label`);
  }
  const load = async (): Promise<TextClassifier<P>> =>
    new ScriptClassifier(await loadScriptModule(path.join(folder, "model.pt"), options), labels, problemType);
  return await loadVerified(folder, load, (model) => model.dispose());
}
