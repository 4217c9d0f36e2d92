/** Options about the loss that fit neither each other nor the model's problem: an error, before anything is trained. */
import { TorchwrightError } from "../../errors";
import type { TextClassifier } from "../../models/model";
import type { ResolvedTrainerOptions } from "../options";
import { givenWeights } from "./class-weights";
import { checkDistillation } from "./distillation";

/** @throws TorchwrightError ERR_INVALID_ARG */
export function checkLossOptions(model: TextClassifier, options: ResolvedTrainerOptions): void {
  const { computeLoss, labelSmoothingFactor, classWeights, focalGamma, distillation } = options;
  const { problemType: problem = "single-label", labels } = model;
  const refuse = (given: boolean, name: string, where: string): void => {
    if (given) throw new TorchwrightError("ERR_INVALID_ARG", `Trainer: expected no ${name} ${where}`);
  };
  const smooth = labelSmoothingFactor > 0;
  const weighted = classWeights !== undefined;
  const focal = focalGamma !== undefined;
  refuse(
    smooth && problem !== "single-label",
    "labelSmoothingFactor",
    `for a ${problem} model, as it spreads one class over all`,
  );
  refuse(weighted && problem === "regression", "classWeights", "for a regression, which has no classes");
  refuse(focal && problem === "regression", "focalGamma", "for a regression, which has no classes");
  refuse(focal && smooth, "labelSmoothingFactor", "with focalGamma, whose paper knows none");
  for (const [name, given] of Object.entries({
    labelSmoothingFactor: smooth,
    classWeights: weighted,
    focalGamma: focal,
  })) {
    refuse(given && computeLoss !== undefined, name, "with computeLoss, which is the whole loss");
  }
  refuse(
    weighted && distillation !== undefined,
    "classWeights",
    "with distillation, whose teacher speaks of all examples alike",
  );
  if (classWeights !== undefined && classWeights !== "balanced") givenWeights(classWeights, labels);
  if (distillation) checkDistillation(model, distillation);
}
