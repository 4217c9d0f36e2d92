/** Metrics by which evaluations can be compared, of every problem. */
import { TorchwrightError } from "../errors";
import type { ModelProblem } from "../models/model";

const LOSSES = ["loss", "logLoss", "brier"] as const;
const AVERAGES = [
  "macroPrecision",
  "macroRecall",
  "macroF1",
  "weightedPrecision",
  "weightedRecall",
  "weightedF1",
] as const;
const AREAS = ["macroRocAuc", "macroPrAuc"] as const;

const METRICS = {
  "single-label": [
    ...LOSSES,
    "accuracy",
    "topKAccuracy",
    ...AVERAGES,
    "matthews",
    ...AREAS,
    "expectedCalibrationError",
  ],
  "multi-label": [
    ...LOSSES,
    "subsetAccuracy",
    "hammingLoss",
    "microPrecision",
    "microRecall",
    "microF1",
    ...AVERAGES,
    "samplesPrecision",
    "samplesRecall",
    "samplesF1",
    ...AREAS,
    "microRocAuc",
    "microPrAuc",
  ],
  regression: ["loss", "mse", "rmse", "mae", "r2", "explainedVariance", "pearson", "maxError"],
} as const satisfies Readonly<Record<ModelProblem, readonly string[]>>;

/** Numbers that an evaluation gives and that can be better or worse. */
export type BestMetric = (typeof METRICS)[ModelProblem][number];

/** All of them, each once. */
export const BEST_METRICS: readonly string[] = [...new Set(Object.values(METRICS).flat())];

/** Whether more of it is better: not of losses and errors. */
export function isBetterGreater(metric: BestMetric): boolean {
  return ![...LOSSES, "hammingLoss", "expectedCalibrationError", "mse", "rmse", "mae", "maxError"].includes(metric);
}

/** @throws TorchwrightError ERR_INVALID_ARG for a metric that evaluations of such models do not give */
export function checkBestMetric(metric: BestMetric, problem: ModelProblem): void {
  const known: readonly string[] = METRICS[problem];
  if (known.includes(metric)) return;
  throw new TorchwrightError(
    "ERR_INVALID_ARG",
    `Trainer: expected metricForBestModel of a ${problem} model to be one of ${known.join(", ")}, got "${metric}"`,
  );
}
