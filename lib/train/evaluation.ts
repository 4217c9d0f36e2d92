/**
 * Evaluates a model on labelled data: mean loss, and the metrics of its problem.
 */
import type { DataLoader } from "../data/data-loader";
import type { ConfusionMatrix } from "../metrics/confusion-matrix";
import { withReading } from "../metrics/metric-sections";
import type { MultiLabelOptions, MultiLabelSummary } from "../metrics/multi-label-metrics";
import type { RegressionOptions, RegressionSummary } from "../metrics/regression-metrics";
import type { SingleLabelOptions, SingleLabelSummary } from "../metrics/single-label-metrics";
import type { ModelProblem, TextClassifier } from "../models/model";
import { ops } from "../tensor/ops";
import { Tensor } from "../tensor/tensor";
import type { Objective } from "./objective/objective";
import type { PooledBatch } from "./pool-windows";
import { forEachBatch } from "./predictions";
import type { Progress } from "./progress";
import { scorerOf } from "./scorers";

interface Measured<P extends ModelProblem> {
  /** What the model's labels are. */
  readonly problemType: P;
  /** Mean loss over the examples: that of training, without a teacher. */
  readonly loss: number;
  readonly examples: number;
  /** Wall time. */
  readonly seconds: number;
}

/**
 * scikit-learn's metrics of one class for each example; macro averages count each class that occurs, weighted ones each
 * example.
 */
export interface SingleLabelEvaluation extends SingleLabelSummary, Measured<"single-label"> {
  /** Rows are true classes, columns predicted ones, in the order of the model's labels. */
  readonly confusionMatrix: ConfusionMatrix;
}

/** Metrics of any number of classes for each example. */
export interface MultiLabelEvaluation extends MultiLabelSummary, Measured<"multi-label"> {}

/** Metrics of a number for each example. */
export interface RegressionEvaluation extends RegressionSummary, Measured<"regression"> {}

/** By the model's problem. @inline */
export interface EvaluationByProblem {
  /** For one class of each text. */
  readonly "single-label": SingleLabelEvaluation;
  /** For any number of classes. */
  readonly "multi-label": MultiLabelEvaluation;
  /** For a number. */
  readonly regression: RegressionEvaluation;
}

/** What the evaluation of a model gives, by its problem. */
export type Evaluation<P extends ModelProblem = "single-label"> = EvaluationByProblem[P];

/** That of a model whose problem is not known: `problemType` tells it. */
export type AnyEvaluation = Evaluation<ModelProblem>;

/** Options by what the model decides. @inline */
interface OptionsByProblem {
  /** For one class of each text. */
  readonly "single-label": SingleLabelOptions;
  /** For any number of classes. */
  readonly "multi-label": MultiLabelOptions;
  /** For a number. */
  readonly regression: RegressionOptions;
}

/** What the metrics of a problem can be told: `topK`, `threshold`, `bootstrap` for confidence intervals, … */
export type EvaluateOptions<P extends ModelProblem = "single-label"> = OptionsByProblem[P];

export interface EvaluationParts {
  readonly model: TextClassifier;
  readonly objective: Objective;
  readonly progress: Progress;
  /** Sees every batch, too, one after the other. */
  readonly look?: (batch: PooledBatch) => Promise<void>;
  /** Gives up with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Evaluates the loader's examples; see `Trainer.evaluate`. */
export async function evaluateModel(
  { model, objective, progress, look, signal }: EvaluationParts,
  loader: DataLoader,
  options: EvaluateOptions<ModelProblem> = {},
): Promise<AnyEvaluation> {
  const started = performance.now();
  const scorer = scorerOf(model, options);
  let [lossSum, weightSum] = [0, 0];
  await forEachBatch("evaluate", model, loader, { progress, ...(signal && { signal }) }, async (given) => {
    const { batch, loss, weight } = await objective.ofHeldOut(given);
    const [[batchLoss = NaN, batchWeight = NaN]] = await Promise.all([
      readScalars(loss, weight),
      scorer.add(batch),
      look?.(batch),
    ]);
    lossSum += batchLoss * batchWeight;
    weightSum += batchWeight;
  });
  const summary = scorer.summary();
  return withReading({
    ...summary,
    loss: lossSum / weightSum,
    seconds: (performance.now() - started) / 1000,
  } as AnyEvaluation);
}

async function readScalars(loss: Tensor, weight: number | Tensor): Promise<Float64Array> {
  const double = { dtype: "float64", device: loss.device } as const;
  const pair = [loss, weight instanceof Tensor ? weight : Tensor.from(weight, double)];
  return (await ops.stack(pair.map((scalar) => scalar.to(double))).read()) as Float64Array;
}

/** An evaluation's single numbers, without lists and matrices: what a log holds. */
export function scalarMetrics(evaluation: AnyEvaluation): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(evaluation).filter((entry): entry is [string, number] => typeof entry[1] === "number"),
  );
}
