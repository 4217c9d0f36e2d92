/** What a model decides: Hugging Face's names for it, how many labels it has, and the loss of its logits. */
import { describe, TorchwrightError } from "../errors";
import { F } from "../functional/functional";
import type { Tensor } from "../tensor/tensor";
import type { ModelProblem } from "./model";

/** `problem_type` in config.json. */
const HUGGINGFACE_NAMES: Readonly<Record<ModelProblem, string>> = {
  "single-label": "single_label_classification",
  "multi-label": "multi_label_classification",
  regression: "regression",
};

const PROBLEMS = Object.keys(HUGGINGFACE_NAMES) as readonly ModelProblem[];

/** The value of `problem_type` in config.json. */
export function problemTypeKey(problem: ModelProblem): string {
  return HUGGINGFACE_NAMES[problem];
}

/**
 * The problem that is asked for. What a checkpoint with a head says must be asked for by name, so that its type is
 * known where the program is compiled.
 *
 * @param stored `problem_type` of config.json, where the checkpoint has a head
 * @throws TorchwrightError ERR_INVALID_ARG for what is no problem; ERR_CONFIG_INVALID where the checkpoint has another
 */
export function chooseProblem(operation: string, wanted: unknown, stored?: unknown): ModelProblem {
  if (wanted !== undefined) return checkProblem(operation, wanted);
  const found = PROBLEMS.find((problem) => HUGGINGFACE_NAMES[problem] === stored) ?? "single-label";
  if (found === "single-label") return found;
  throw new TorchwrightError(
    "ERR_CONFIG_INVALID",
    `${operation}: expected { problemType: "${found}" }, as the model's config.json has problem_type "${String(stored)}", got none`,
  );
}

/** @throws TorchwrightError ERR_INVALID_ARG */
function checkProblem(operation: string, problem: unknown): ModelProblem {
  const known = PROBLEMS.find((name) => name === problem);
  if (known) return known;
  throw new TorchwrightError(
    "ERR_INVALID_ARG",
    `${operation}: expected problemType to be one of ${PROBLEMS.map((name) => `"${name}"`).join(", ")}, got ${describe(problem)}`,
  );
}

/**
 * The problem of a finished model: the one that is asked for, where config.json names no other; else that of
 * config.json, or single-label.
 * @throws TorchwrightError ERR_CONFIG_INVALID, ERR_INVALID_ARG
 */
export function agreedProblem(
  folder: string,
  wanted: unknown,
  config: Readonly<Record<string, unknown>>,
): ModelProblem {
  const named = PROBLEMS.find((problem) => HUGGINGFACE_NAMES[problem] === config["problem_type"]);
  const problem = wanted === undefined ? (named ?? "single-label") : checkProblem("load", wanted);
  if (named === undefined || problem === named) return problem;
  throw new TorchwrightError(
    "ERR_CONFIG_INVALID",
    `${folder}/config.json: expected problem_type "${HUGGINGFACE_NAMES[problem]}", got "${HUGGINGFACE_NAMES[named]}"; give { problemType: "${named}" }, so that the type of what it predicts is known`,
  );
}

/**
 * Mean loss of logits `[batch, classes]`, a scalar, as Hugging Face's models compute it: cross-entropy of class ids
 * `[batch]` or probabilities `[batch, classes]`; binary cross-entropy of 0 and 1 `[batch, classes]`, over all classes;
 * squared error of numbers `[batch]`.
 */
export function problemLoss(problem: ModelProblem, logits: Tensor, labels: Tensor): Tensor {
  switch (problem) {
    case "single-label":
      return F.crossEntropy(logits, labels);
    case "multi-label":
      return F.binaryCrossEntropyWithLogits(logits, labels);
    case "regression":
      return F.mseLoss(logits.squeeze(-1), labels);
  }
}

/** {@link problemLoss} of each example, `[batch]`. */
export function exampleLosses(problem: ModelProblem, logits: Tensor, labels: Tensor): Tensor {
  const reduction = "none";
  switch (problem) {
    case "single-label":
      return F.crossEntropy(logits, labels, { reduction });
    case "multi-label":
      return F.binaryCrossEntropyWithLogits(logits, labels, { reduction }).mean([1]);
    case "regression":
      return F.mseLoss(logits.squeeze(-1), labels, { reduction });
  }
}

/** {@link problemLoss} as an expression of TorchScript over `logits` and `labels`. */
export const PROBLEM_LOSS_SOURCE: Readonly<Record<ModelProblem, string>> = {
  "single-label": "torch.cross_entropy_loss(logits, labels)",
  "multi-label": "torch.binary_cross_entropy_with_logits(logits, labels)",
  regression: "torch.mse_loss(logits.squeeze(-1), labels)",
};
