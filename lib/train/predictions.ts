/**
 * Runs a model over a loader without dropout or gradients: the common part of evaluating and
 * predicting, and what `predict` returns.
 */
import { noGrad } from "../autograd/grad-mode";
import type { Batch } from "../data/batch";
import type { DataLoader } from "../data/data-loader";
import { describe, TorchwrightError } from "../errors";
import type { ModelProblem, TextClassifier } from "../models/model";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import { checkLoader, countBatches } from "./check-loader";
import { poolWindows } from "./pool-windows";
import type { Precision } from "./options";
import { forwardIn } from "./precision";
import type { Progress } from "./progress";

/** How a model is run over a loader. */
export interface Pass {
  readonly precision: Precision;
  readonly progress: Progress;
}

/** Probabilities of the classes. @inline */
interface Probable {
  /** Of each row, `[classes]`, in the order of the model's labels. */
  readonly probabilities: readonly Float32Array[];
}

/** Predictions by what the model decides. @inline */
interface PredictionsByProblem {
  /** For one class of each text. */
  readonly "single-label": Probable & {
    /** The most probable class of each row. */
    readonly labels: readonly string[];
  };
  /** For any number of classes. */
  readonly "multi-label": Probable & {
    /** The classes of each row that are more probable than the threshold. */
    readonly labels: readonly (readonly string[])[];
  };
  /** For a number. */
  readonly regression: {
    /** The number of each row. */
    readonly values: Float32Array;
  };
}

/** What a model says about a dataset, row by row in the dataset's order. */
export type Predictions<P extends ModelProblem = "single-label"> = PredictionsByProblem[P];

/** How probabilities become classes. */
export interface PredictionOptions {
  /** Of a multi-label model: what a class's probability must exceed, from 0 to 1. Default 0.5. */
  readonly threshold?: number;
}

/**
 * Calls `visit` with every batch in evaluation mode and without gradients, then restores the model's mode. What
 * `visit` makes is freed when its promise settles. A signal ends it with its reason.
 */
export async function forEachBatch(
  operation: "evaluate" | "calibrate" | "predict",
  model: TextClassifier,
  loader: DataLoader,
  { progress, signal }: { readonly progress: Progress; readonly signal?: AbortSignal },
  visit: (batch: Batch) => Promise<void>,
): Promise<void> {
  checkLoader(operation, loader, model, { labels: operation !== "predict" });
  const batches = await countBatches(loader);
  const wasTraining = model.training;
  model.eval();
  try {
    let done = 0;
    const labels = operation !== "predict" && model.labels; // to predict, no label need be known
    for await (const batch of loader.epoch(0, { labels, device: model.device, ...(signal && { signal }) })) {
      await scope(() => noGrad(() => visit(batch)));
      done += 1;
      progress.batches(operation, done, batches);
    }
  } finally {
    if (wasTraining) model.train();
  }
}

/** Predicts every row of the loader's dataset; see `Trainer.predict`. */
export async function predictModel(
  model: TextClassifier,
  loader: DataLoader,
  pass: Pass,
  { threshold }: PredictionOptions = {},
): Promise<Predictions<ModelProblem>> {
  const { problemType: problem = "single-label", labels } = model;
  if (
    threshold !== undefined &&
    !(problem === "multi-label" && typeof threshold === "number" && threshold >= 0 && threshold <= 1)
  ) {
    const expected =
      problem === "multi-label" ? "threshold to be a number in [0, 1]" : `no threshold for a ${problem} model`;
    throw new TorchwrightError("ERR_INVALID_ARG", `predict: expected ${expected}, got ${describe(threshold)}`);
  }
  const rows = await readRows(model, loader, pass, SCORES[problem]);
  switch (problem) {
    case "single-label":
      return { probabilities: rows, labels: rows.map((row) => labels[argmax(row)] ?? "") };
    case "multi-label":
      return {
        probabilities: rows,
        labels: rows.map((row) => labels.filter((_, id) => (row[id] as number) > (threshold ?? 0.5))),
      };
    case "regression":
      return { values: Float32Array.from(rows, ([value = NaN]) => value) };
  }
}

/** What logits `[batch, classes]` say: probabilities, or the numbers themselves. */
export const SCORES: Readonly<Record<ModelProblem, (logits: Tensor) => Tensor>> = {
  "single-label": (logits) => logits.softmax(-1),
  "multi-label": (logits) => logits.sigmoid(),
  regression: (logits) => logits,
};

/** Scores of every row of the dataset, `[classes]` each. */
async function readRows(
  model: TextClassifier,
  loader: DataLoader,
  { precision, progress }: Pass,
  scoresOf: (logits: Tensor) => Tensor,
): Promise<Float32Array[]> {
  const { length } = checkLoader("predict", loader, model, { labels: false });
  const rows: (Float32Array | undefined)[] = new Array<undefined>(length).fill(undefined);
  await forEachBatch("predict", model, loader, { progress }, async (batch) => {
    const { logits } = await forwardIn(precision, model, batch);
    const { logits: pooled, indices, size } = poolWindows(logits, batch);
    const values = (await scoresOf(pooled).to({ dtype: "float32" }).read()) as Float32Array; // [B, classes]
    const classes = values.length / size;
    indices.forEach((row, i) => (rows[row] = values.slice(i * classes, (i + 1) * classes)));
  });
  const given = rows.filter((row) => row !== undefined);
  if (given.length === rows.length) return given;
  throw new TorchwrightError(
    "ERR_INVALID_ARG",
    `predict: expected a loader that gives all ${rows.length} rows, got ${given.length}; make it without dropLast`,
  );
}

function argmax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] as number) > (values[best] as number)) best = i;
  return best;
}
