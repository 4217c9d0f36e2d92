/**
 * Runs a model over a loader without dropout or gradients: the common part of evaluating and
 * predicting, and what `predict` returns.
 */
import { noGrad } from "../autograd/grad-mode";
import type { DataLoader } from "../data/data-loader";
import { TorchwrightError } from "../errors";
import type { ModelOutput, TextClassifier } from "../models/model";
import { scope } from "../tensor/scope";
import { checkLoader, countBatches } from "./check-loader";
import { poolWindows, type PooledBatch } from "./pool-windows";
import type { Precision } from "./options";
import { forwardIn } from "./precision";
import type { Progress } from "./progress";

/** How a model is run over a loader. */
export interface Pass {
  readonly precision: Precision;
  readonly progress: Progress;
}

/** What a model says about a dataset, row by row in the dataset's order. */
export interface Predictions {
  /** The most probable class of each row. */
  readonly labels: readonly string[];
  /** Probabilities of each row, `[classes]`, in the order of the model's labels. */
  readonly probabilities: readonly Float32Array[];
}

/**
 * Calls `visit` with every batch's output in evaluation mode, then restores the model's mode. What
 * `visit` makes is freed when its promise settles. It sees one row per document: logits of windows are pooled.
 */
export async function forEachOutput(
  operation: "evaluate" | "predict",
  model: TextClassifier,
  loader: DataLoader,
  { precision, progress }: Pass,
  visit: (output: ModelOutput, batch: PooledBatch) => Promise<void>,
): Promise<void> {
  checkLoader(operation, loader, model, { labels: operation === "evaluate" });
  const batches = await countBatches(loader);
  const wasTraining = model.training;
  model.eval();
  try {
    let done = 0;
    const labels = operation === "evaluate" && model.labels; // to predict, no label need be known
    for await (const batch of loader.epoch(0, { labels, device: model.device })) {
      await scope(async () => {
        const output = await noGrad(() => forwardIn(precision, model, batch));
        const pooled = poolWindows(output, batch);
        await visit(pooled.output, pooled);
      });
      done += 1;
      progress.batches(operation, done, batches);
    }
  } finally {
    if (wasTraining) model.train();
  }
}

/** Predicts every row of the loader's dataset; see `Trainer.predict`. */
export async function predictModel(model: TextClassifier, loader: DataLoader, pass: Pass): Promise<Predictions> {
  const { length } = checkLoader("predict", loader, model, { labels: false });
  const rows: (Float32Array | undefined)[] = new Array<undefined>(length).fill(undefined);
  await forEachOutput("predict", model, loader, pass, async ({ logits }, batch) => {
    const values = (await logits.softmax(-1).read()) as Float32Array; // [B, classes]
    const classes = values.length / batch.size;
    batch.indices.forEach((row, i) => (rows[row] = values.slice(i * classes, (i + 1) * classes)));
  });
  const probabilities = rows.filter((row) => row !== undefined);
  if (probabilities.length !== rows.length) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `predict: expected a loader that gives all ${rows.length} rows, got ${probabilities.length}; make it without dropLast`,
    );
  }
  return { probabilities, labels: probabilities.map((row) => model.labels[argmax(row)] ?? "") };
}

function argmax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] as number) > (values[best] as number)) best = i;
  return best;
}
