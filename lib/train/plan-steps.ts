/** How many steps a run has. */
import { TorchwrightError } from "../errors";
import type { ResolvedTrainerOptions } from "./options";

/** How many steps a run has and how many of them warm up. */
export interface StepPlan {
  /** Optimizer steps of the run. */
  readonly totalSteps: number;
  /** Those of them in which the learning rate rises. */
  readonly warmupSteps: number;
}

/** Steps of an epoch: the last one may have fewer batches than the others. */
export function updatesPerEpoch({ gradientAccumulationSteps }: ResolvedTrainerOptions, batches: number): number {
  return Math.ceil(batches / gradientAccumulationSteps);
}

/**
 * Counts the steps of a run over `batches` batches per epoch, rounding up as Hugging Face does
 * (`TrainingArguments.get_warmup_steps`).
 * @throws ERR_INVALID_ARG for more steps of warm-up than there are steps
 */
export function planSteps(options: ResolvedTrainerOptions, batches: number): StepPlan {
  const totalSteps = options.maxSteps ?? Math.ceil(options.epochs * updatesPerEpoch(options, batches));
  const warmupSteps = options.warmupSteps ?? Math.ceil(options.warmupRatio * totalSteps);
  if (warmupSteps > totalSteps) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `Trainer: expected warmupSteps of at most the run's ${totalSteps} steps (${options.maxSteps === undefined ? "epochs × batches" : "maxSteps"}), got ${warmupSteps}`,
    );
  }
  return { totalSteps, warmupSteps };
}
