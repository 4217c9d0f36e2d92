/** Focal loss: what the model is sure of counts for less. */
import { F } from "../../functional/functional";
import type { Tensor } from "../../tensor/tensor";
import type { WeightedLoss } from "./objective";
import { isIds } from "./weighted-loss";

export interface FocalParts {
  readonly gamma: number;
  /** `[classes]`, the paper's alpha. */
  readonly weights: Tensor | undefined;
}

/**
 * Mean of (1 − p)^gamma · (−log p), where p is the probability of the true class: of class ids `[batch]` under a
 * softmax, the mean then weighted as in cross-entropy, or of each class's own 0 or 1 `[batch, classes]` under a
 * sigmoid, with the weight on the ones.
 *
 * Source: Lin et al., *Focal Loss for Dense Object Detection*, 2017.
 */
export function focalLoss(logits: Tensor, labels: Tensor, { gamma, weights }: FocalParts): WeightedLoss {
  const size = labels.shape[0] as number;
  const ids = isIds(labels);
  const losses = ids
    ? F.crossEntropy(logits, labels, { reduction: "none" }) // [B]
    : F.binaryCrossEntropyWithLogits(logits, labels, { reduction: "none" }); // [B, classes]
  // 1 − p, precise also where p is nearly 1; never 0, where a power below 1 has no slope.
  const missing = losses.neg().expm1().neg().clamp(1e-12);
  const focal = missing.pow(gamma).mul(losses);
  if (!weights) return { loss: focal.mean(), weight: size };
  if (!ids) return { loss: focal.mul(labels.mul(weights.sub(1)).add(1)).mean(), weight: size };
  const each = weights.indexSelect(0, labels); // [B]
  const weight = each.sum();
  return { loss: focal.mul(each).sum().div(weight), weight };
}
