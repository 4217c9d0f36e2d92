/** What the Trainer takes, as the text classifier that it trains. */
import { TorchwrightError } from "../errors";
import { ScriptModule } from "../jit/script-module";
import { Module } from "../nn/module";
import type { ModelProblem, TextClassifier } from "./model";
import type { ClassifierModule } from "./module-classifier";
import { ModuleClassifier } from "./module-classifier";
import { ScriptClassifier } from "./script-classifier";

/** What a module does not know of itself. */
export interface ModuleUse<P extends ModelProblem> {
  readonly labels?: readonly string[];
  readonly problemType?: P;
}

/**
 * A text classifier as it is; a bare module, of TorchScript or of one's own, with its labels as one.
 *
 * @throws TorchwrightError ERR_INVALID_ARG for a module without labels, or labels that differ from the model's
 */
export function asTextClassifier<P extends ModelProblem>(
  model: TextClassifier<P> | ScriptModule | ClassifierModule,
  { labels, problemType }: ModuleUse<P> = {},
): TextClassifier<P> {
  if (model instanceof ScriptModule || model instanceof Module) {
    if (!labels) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        "Trainer: expected { labels: [...] } with a module, which does not know the names of its classes",
      );
    }
    return model instanceof Module
      ? new ModuleClassifier(model, labels, problemType)
      : new ScriptClassifier(model, labels, problemType);
  }
  if (labels && labels.join("\0") !== model.labels.join("\0")) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `Trainer: expected no labels, or the model's own (${model.labels.join(", ")}), got ${labels.join(", ")}`,
    );
  }
  const own = model.problemType ?? "single-label";
  if (problemType !== undefined && problemType !== own) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `Trainer: expected no problemType, or the model's own ("${own}"), got "${problemType}"`,
    );
  }
  return model;
}
