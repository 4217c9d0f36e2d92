/**
 * Evaluates a model on labelled data: mean loss and scikit-learn's classification metrics.
 */
import { ops } from "../tensor/ops";
import type { DataLoader } from "../data/data-loader";
import { ConfusionMatrix, type MetricSummary } from "../metrics/confusion-matrix";
import type { TextClassifier } from "../models/model";
import type { Tensor } from "../tensor/tensor";
import { forEachOutput, type Pass } from "./predictions";

/** Metrics over a dataset; macro averages count each class that occurs once, weighted ones each example. */
export interface Evaluation extends MetricSummary {
  /** Mean cross-entropy over the examples. */
  readonly loss: number;
  /** Rows are true classes, columns predicted ones, in the order of the model's labels. */
  readonly confusionMatrix: ConfusionMatrix;
  readonly examples: number;
  /** Wall time. */
  readonly seconds: number;
}

/** Evaluates the loader's examples; see `Trainer.evaluate`. */
export async function evaluateModel(model: TextClassifier, loader: DataLoader, pass: Pass): Promise<Evaluation> {
  const started = performance.now();
  const confusionMatrix = new ConfusionMatrix(model.labels);
  let lossSum = 0;
  let examples = 0;
  await forEachOutput("evaluate", model, loader, pass, async ({ logits, loss }, { labels, size }) => {
    const [ids, [batchLoss = NaN]] = (await Promise.all([
      ops.stack([labels as Tensor, logits.argmax(-1)]).read(), // [2, B]
      loss.read(),
    ])) as [BigInt64Array, Float32Array];
    confusionMatrix.addAll(ids.subarray(0, size), ids.subarray(size));
    lossSum += batchLoss * size;
    examples += size;
  });
  return {
    loss: lossSum / examples,
    ...confusionMatrix.summary(),
    confusionMatrix,
    examples,
    seconds: (performance.now() - started) / 1000,
  };
}
