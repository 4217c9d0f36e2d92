/** Opens a saved folder as the kind of model that it is. */
import path from "node:path";
import { loadScriptModule } from "../jit/load";
import { TorchwrightError } from "../errors";
import { readConfig } from "./bert-config";
import { BertForSequenceClassification } from "./bert-for-sequence-classification";
import { labelsOf } from "./labels";
import { loadVerified } from "./manifest";
import type { TextClassifier } from "./model";
import { MODULE_TYPE, needsClass } from "./module-classifier";
import { ScriptClassifier } from "./script-classifier";

/**
 * Opens a folder that `save` wrote, or any Hugging Face folder of a BERT with a classification head.
 *
 * @throws TorchwrightError as `BertForSequenceClassification.fromPretrained` and `jit.load`, ERR_CHECKSUM among them
 */
export async function loadTextClassifier(folder: string, options: { readonly device?: string } = {}): Promise<TextClassifier> {
  const config = await readConfig(folder);
  if (config["model_type"] === MODULE_TYPE) throw needsClass(folder, config);
  if (config["model_type"] !== "torchscript") return await BertForSequenceClassification.fromPretrained(folder, options);
  const labels = labelsOf(config, folder);
  if (!labels) throw new TorchwrightError("ERR_CONFIG_INVALID", `${path.join(folder, "config.json")}: expected id2label`);
  const load = async (): Promise<TextClassifier> => new ScriptClassifier(await loadScriptModule(path.join(folder, "model.pt"), options), labels);
  return await loadVerified(folder, load, (model) => model.dispose());
}
