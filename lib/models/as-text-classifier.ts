/** What the Trainer takes, as the text classifier that it trains. */
import { TorchwrightError } from "../errors";
import { ScriptModule } from "../jit/script-module";
import { Module } from "../nn/module";
import type { TextClassifier } from "./model";
import type { ClassifierModule } from "./module-classifier";
import { ModuleClassifier } from "./module-classifier";
import { ScriptClassifier } from "./script-classifier";

/**
 * A text classifier as it is; a bare module, of TorchScript or of one's own, with its labels as one.
 *
 * @throws TorchwrightError ERR_INVALID_ARG for a module without labels, or labels that differ from the model's
 */
export function asTextClassifier(model: TextClassifier | ScriptModule | ClassifierModule, labels?: readonly string[]): TextClassifier {
  if (model instanceof ScriptModule || model instanceof Module) {
    if (!labels) {
      throw new TorchwrightError("ERR_INVALID_ARG", "Trainer: expected { labels: [...] } with a module, which does not know the names of its classes");
    }
    return model instanceof Module ? new ModuleClassifier(model, labels) : new ScriptClassifier(model, labels);
  }
  if (labels && labels.join("\0") !== model.labels.join("\0")) {
    throw new TorchwrightError("ERR_INVALID_ARG", `Trainer: expected no labels, or the model's own (${model.labels.join(", ")}), got ${labels.join(", ")}`);
  }
  return model;
}
