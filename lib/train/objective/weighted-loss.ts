/** Losses with a factor for each class, as PyTorch's `weight` and `pos_weight`. */
import { F } from "../../functional/functional";
import { Tensor } from "../../tensor/tensor";
import type { WeightedLoss } from "./objective";

export interface CrossEntropyParts {
  /** `[classes]`. */
  readonly weights: Tensor | undefined;
  readonly labelSmoothing: number;
}

/**
 * Mean cross-entropy of logits `[batch, classes]` and class ids `[batch]` or probabilities `[batch, classes]`, as
 * `torch.nn.CrossEntropyLoss(weight, label_smoothing)`: of class ids it is a weighted mean.
 */
export function weightedCrossEntropy(
  logits: Tensor,
  labels: Tensor,
  { weights, labelSmoothing }: CrossEntropyParts,
): WeightedLoss {
  const loss = F.crossEntropy(logits, labels, { weight: weights ?? null, labelSmoothing });
  return {
    loss,
    weight: weights && isIds(labels) ? weights.indexSelect(0, labels).sum() : (labels.shape[0] as number),
  };
}

/**
 * Mean binary cross-entropy over all classes; weights are those of positive targets, as in
 * `torch.nn.BCEWithLogitsLoss(pos_weight)`.
 */
export function weightedMultiLabel(logits: Tensor, targets: Tensor, weights: Tensor | undefined): Tensor {
  return F.binaryCrossEntropyWithLogits(logits, targets, { posWeight: weights ?? null });
}

/** A tensor times a factor that may be on the device. */
export function times(tensor: Tensor, factor: number | Tensor): Tensor {
  return factor instanceof Tensor ? tensor.mul(factor) : tensor.mul(factor);
}

/** Whether labels are class ids `[batch]` and not a number for each class. */
export function isIds(labels: Tensor): boolean {
  return labels.shape.length === 1;
}
