/**
 * What a run minimises: the model's own loss, or one made of its logits as the options say.
 *
 * Each batch gives a mean and what it counts by, so that the means of several batches add up to that of one large
 * batch.
 */
import { describe, TorchwrightError } from "../../errors";
import type { ModelInputs, TextClassifier } from "../../models/model";
import { problemLoss } from "../../models/problem";
import { outsideScopes } from "../../tensor/context";
import { Tensor } from "../../tensor/tensor";
import type { ResolvedTrainerOptions } from "../options";
import { type BatchRows, poolWindows, type PooledBatch } from "../pool-windows";
import { forwardIn } from "../precision";
import { distill } from "./distillation";
import { focalLoss } from "./focal-loss";
import { weightedCrossEntropy, weightedMultiLabel } from "./weighted-loss";

/** The mean loss of a batch, and what it counts by among others. */
export interface WeightedLoss {
  /** A scalar. */
  readonly loss: Tensor;
  /** The examples, or the sum of their class weights, a scalar. */
  readonly weight: number | Tensor;
}

/** A model's answer to a batch, one row per document, with its loss. */
export interface BatchLoss extends WeightedLoss {
  readonly batch: PooledBatch;
}

export interface ObjectiveParts {
  readonly model: TextClassifier;
  readonly options: ResolvedTrainerOptions;
  /** A factor for each class, in the order of the model's labels. */
  readonly classWeights?: readonly number[] | undefined;
}

export class Objective implements Disposable {
  readonly #model: TextClassifier;
  readonly #options: ResolvedTrainerOptions;
  /** `[classes]`, on the model's device. */
  readonly #classWeights: Tensor | undefined;
  /** Whether nothing takes the place of the model's own loss. */
  readonly #own: boolean;

  constructor({ model, options, classWeights }: ObjectiveParts) {
    this.#model = model;
    this.#options = options;
    this.#classWeights =
      classWeights && outsideScopes(() => Tensor.from(classWeights, { dtype: "float32", device: model.device }));
    this.#own =
      !classWeights && !options.computeLoss && options.labelSmoothingFactor === 0 && options.focalGamma === undefined;
  }

  /** The loss of held-out data: that of training, without a teacher. */
  async ofHeldOut(batch: BatchRows): Promise<BatchLoss> {
    const { precision } = this.#options;
    if (this.#own && !batch.documents) {
      const { logits, loss } = await forwardIn(precision, this.#model, batch);
      return { batch: poolWindows(logits, batch), loss, weight: batch.size };
    }
    const { logits } = await forwardIn(precision, this.#model, withoutLabels(batch));
    const pooled = poolWindows(logits, batch);
    return { batch: pooled, ...(await this.#lossOf(pooled)) };
  }

  /** The loss that training follows; the teacher is asked, too, where there is one. */
  async of(batch: BatchRows): Promise<BatchLoss> {
    const own = await this.ofHeldOut(batch);
    const { distillation, precision } = this.#options;
    return distillation
      ? { ...own, loss: await distill(distillation, own, { inputs: withoutLabels(batch), windows: batch, precision }) }
      : own;
  }

  async #lossOf(batch: PooledBatch): Promise<WeightedLoss> {
    const { problemType: problem = "single-label" } = this.#model;
    const { computeLoss, labelSmoothingFactor: labelSmoothing, focalGamma: gamma } = this.#options;
    const { logits, size } = batch;
    const labels = batch.labels as Tensor; // of data that has them
    const weights = this.#classWeights?.to({ dtype: logits.dtype });
    if (computeLoss) return { loss: meanOf(await computeLoss(logits, { ...batch, labels }), size), weight: size };
    if (problem === "regression") return { loss: problemLoss(problem, logits, labels), weight: size };
    if (gamma !== undefined) return focalLoss(logits, labels, { gamma, weights });
    if (problem === "multi-label") return { loss: weightedMultiLabel(logits, labels, weights), weight: size };
    return weightedCrossEntropy(logits, labels, { weights, labelSmoothing });
  }

  [Symbol.dispose](): void {
    this.#classWeights?.dispose();
  }
}

function withoutLabels({ labels: _, ...inputs }: BatchRows): ModelInputs {
  return inputs;
}

/** The mean of what someone's own loss function gave. */
function meanOf(given: unknown, size: number): Tensor {
  if (given instanceof Tensor) {
    if (given.shape.length === 0) return given;
    if (given.shape.length === 1 && given.shape[0] === size) return given.mean();
  }
  const got = given instanceof Tensor ? `a tensor [${given.shape.join(", ")}]` : describe(given);
  throw new TorchwrightError(
    "ERR_INVALID_ARG",
    `computeLoss: expected a scalar, the mean over the batch, or the losses of its ${size} examples [${size}], got ${got}`,
  );
}
