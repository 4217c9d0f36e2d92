/** Feeds the metrics of a model's problem with its logits, batch by batch. */
import { MultiLabelMetrics } from "../metrics/multi-label-metrics";
import { RegressionMetrics } from "../metrics/regression-metrics";
import { SingleLabelMetrics } from "../metrics/single-label-metrics";
import type { ModelProblem, TextClassifier } from "../models/model";
import type { Tensor } from "../tensor/tensor";
import type { AnyEvaluation, EvaluateOptions } from "./evaluation";
import type { PooledBatch } from "./pool-windows";

/** Counts batches, whose promises settle in order. */
export interface Scorer {
  add(batch: PooledBatch): Promise<void>;
  /** Without what metrics do not know: loss and time. */
  summary(): Omit<AnyEvaluation, "loss" | "seconds">;
}

/** For a model's problem and labels; throws ERR_INVALID_ARG for options that its metrics do not have. */
export function scorerOf(
  { problemType = "single-label", labels }: TextClassifier,
  options: EvaluateOptions<ModelProblem>,
): Scorer {
  switch (problemType) {
    case "single-label":
      return singleLabel(new SingleLabelMetrics(labels, options));
    case "multi-label":
      return multiLabel(new MultiLabelMetrics(labels, options));
    case "regression":
      return regression(new RegressionMetrics(options));
  }
}

function singleLabel(metrics: SingleLabelMetrics): Scorer {
  return {
    async add({ logits, labels }) {
      const targets = labels as Tensor;
      const ids = targets.shape.length === 1 ? targets : targets.argmax(-1); // of soft labels the most probable class
      metrics.addAll(...(await readBoth(logits.softmax(-1), ids))); // [B, classes], [B]
    },
    summary: () => ({ ...metrics.summary(), problemType: "single-label", confusionMatrix: metrics.confusionMatrix }),
  };
}

function multiLabel(metrics: MultiLabelMetrics): Scorer {
  return {
    async add({ logits, labels }) {
      metrics.addAll(...(await readBoth(logits.sigmoid(), labels as Tensor))); // [B, classes] both
    },
    summary: () => ({ ...metrics.summary(), problemType: "multi-label" }),
  };
}

function regression(metrics: RegressionMetrics): Scorer {
  return {
    async add({ logits, labels }) {
      metrics.addAll(...(await readBoth(logits.squeeze(-1), labels as Tensor))); // [B] both
    },
    summary: () => ({ ...metrics.summary(), problemType: "regression" }),
  };
}

type Numbers = Float32Array | Float64Array;

async function readBoth(scores: Tensor, targets: Tensor): Promise<[scores: Numbers, targets: Numbers]> {
  const [read, truth] = await Promise.all([scores.read(), targets.read()]);
  return [read as Numbers, truth as Numbers];
}
