/** Losses. `reduction` is `"mean"`, `"sum"` or `"none"`, by default the mean; the loss is then a scalar. */
import { TorchwrightError } from "../errors";
import { callInternal } from "../tensor/operators";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import type { Reduction } from "./arguments";
import { call, checkTensor, oneOf, optional, reductionNumber, refuse } from "./arguments";

/** What every loss takes. @inline */
export interface LossOptions {
  /** `"mean"`. */
  readonly reduction?: Reduction;
}

const LOSS: Required<LossOptions> = { reduction: "mean" };

/** Options of {@link nllLoss}. @inline */
export interface NllLossOptions extends LossOptions {
  /** A factor for each class, `[classes]`; the mean is then weighted. */
  readonly weight?: Tensor | null;
  /** Targets of this class count for nothing; −100. */
  readonly ignoreIndex?: number;
}

/** Options of {@link crossEntropy}. @inline */
export interface CrossEntropyOptions extends NllLossOptions {
  /** Part of each target that is spread over all classes, 0 to 1; 0 (Szegedy et al. 2015). */
  readonly labelSmoothing?: number;
}

const NLL = { ...LOSS, weight: null as Tensor | null, ignoreIndex: -100 };

/**
 * Cross-entropy of logits: {@link nllLoss} of their log-softmax.
 *
 * @param input logits, `[classes]`, `[batch, classes]` or `[batch, classes, d1, …]`
 * @param target int64 class indices, `[]`, `[batch]` or `[batch, d1, …]`, or probabilities of the input's shape
 *
 * @example
 * ```ts
 * import { F, Tensor } from "torchwright";
 * const logits = Tensor.from([[2, 0, 1], [0, 3, 1]], { requiresGrad: true }); // [batch, classes]
 * const loss = F.crossEntropy(logits, Tensor.from([0n, 1n]), { labelSmoothing: 0.1 });
 * await loss.backward();
 * ```
 */
export function crossEntropy(input: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const { weight, ignoreIndex, reduction, labelSmoothing } = optional("crossEntropy", [options], {
    ...NLL,
    labelSmoothing: 0,
  });
  return call(
    "cross_entropy_loss",
    input,
    target,
    weight,
    reductionNumber("crossEntropy", reduction),
    ignoreIndex,
    labelSmoothing,
  );
}

/** Negative log likelihood: of log probabilities, shaped as in {@link crossEntropy}, for int64 class indices. */
export function nllLoss(input: Tensor, target: Tensor, options: NllLossOptions = {}): Tensor {
  const { weight, ignoreIndex, reduction } = optional("nllLoss", [options], NLL);
  return call("nll_loss_nd", input, target, weight, reductionNumber("nllLoss", reduction), ignoreIndex);
}

/** Options of the binary losses. @inline */
export interface BinaryLossOptions extends LossOptions {
  /** A factor for each element, of a shape that broadcasts to the input's. */
  readonly weight?: Tensor | null;
}

/** Binary cross-entropy of probabilities and targets between 0 and 1, of one shape. */
export function binaryCrossEntropy(input: Tensor, target: Tensor, options: BinaryLossOptions = {}): Tensor {
  checkTensor("binaryCrossEntropy", input);
  checkTensor("binaryCrossEntropy", target);
  const { weight, reduction } = optional("binaryCrossEntropy", [options], { weight: null as Tensor | null, ...LOSS });
  checkSameShape("binaryCrossEntropy", input, target);
  return scope(() => {
    const factors = weight && weight.expand([...input.shape]);
    return call("binary_cross_entropy", input, target, factors, reductionNumber("binaryCrossEntropy", reduction));
  });
}

/**
 * {@link binaryCrossEntropy} of the sigmoid of logits, without its overflow; `posWeight` multiplies positive targets.
 */
export function binaryCrossEntropyWithLogits(
  input: Tensor,
  target: Tensor,
  options: BinaryLossOptions & { readonly posWeight?: Tensor | null } = {},
): Tensor {
  checkTensor("binaryCrossEntropyWithLogits", input);
  checkTensor("binaryCrossEntropyWithLogits", target);
  const defaults = { weight: null as Tensor | null, ...LOSS, posWeight: null as Tensor | null };
  const { weight, reduction, posWeight } = optional("binaryCrossEntropyWithLogits", [options], defaults);
  checkSameShape("binaryCrossEntropyWithLogits", input, target);
  const number = reductionNumber("binaryCrossEntropyWithLogits", reduction);
  return call("binary_cross_entropy_with_logits", input, target, weight, posWeight, number);
}

/**
 * A loss of inputs that broadcast. Both get one shape first, as in PyTorch: libtorch divides the mean's gradient for a
 * smaller one by that one's own size.
 */
function elementwise(operator: string, input: Tensor, target: Tensor, ...rest: readonly unknown[]): Tensor {
  return scope(() => {
    const [x, y] = callInternal("broadcast_tensors", [[input, target]]) as readonly Tensor[];
    return call(operator, x, y, ...rest);
  });
}

/** PyTorch's own functions refuse what libtorch's binary losses would broadcast. */
function checkSameShape(operation: string, input: Tensor, target: Tensor): void {
  const [expected, got] = [input.shape.join(", "), target.shape.join(", ")];
  if (expected !== got) {
    throw new TorchwrightError(
      "ERR_SHAPE_MISMATCH",
      `${operation}: expected a target of shape [${expected}], got [${got}]`,
    );
  }
}

/** (x − y)², of shapes that broadcast. */
export function mseLoss(input: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  const { reduction } = optional("mseLoss", [options], LOSS);
  return elementwise("mse_loss", input, target, reductionNumber("mseLoss", reduction));
}

/** |x − y|, of shapes that broadcast. */
export function l1Loss(input: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  const { reduction } = optional("l1Loss", [options], LOSS);
  return elementwise("l1_loss", input, target, reductionNumber("l1Loss", reduction));
}

/** (x − y)² / 2β where |x − y| is below β (1), else |x − y| − β/2 (Girshick 2015). */
export function smoothL1Loss(
  input: Tensor,
  target: Tensor,
  options: LossOptions & { readonly beta?: number } = {},
): Tensor {
  const { reduction, beta } = optional("smoothL1Loss", [options], { ...LOSS, beta: 1 });
  return elementwise("smooth_l1_loss", input, target, reductionNumber("smoothL1Loss", reduction), beta);
}

/** (x − y)² / 2 where |x − y| is at most δ (1), else δ · (|x − y| − δ/2) (Huber 1964). */
export function huberLoss(
  input: Tensor,
  target: Tensor,
  options: LossOptions & { readonly delta?: number } = {},
): Tensor {
  const { reduction, delta } = optional("huberLoss", [options], { ...LOSS, delta: 1 });
  return elementwise("huber_loss", input, target, reductionNumber("huberLoss", reduction), delta);
}

/** Options of {@link klDiv}. @inline */
export interface KlDivOptions {
  /** `"mean"`, over elements as in PyTorch; `"batchmean"` is the divergence's definition. */
  readonly reduction?: Reduction | "batchmean";
  /** Targets are log probabilities too; false. */
  readonly logTarget?: boolean;
}

/** Kullback-Leibler divergence, point by point: of log probabilities from target probabilities, of one shape. */
export function klDiv(input: Tensor, target: Tensor, options: KlDivOptions = {}): Tensor {
  const defaults: Required<KlDivOptions> = { reduction: "mean", logTarget: false };
  const { reduction: wanted, logTarget } = optional("klDiv", [options], defaults);
  const reduction = oneOf("klDiv", "reduction", wanted, ["none", "mean", "sum", "batchmean"]);
  const number = reductionNumber("klDiv", reduction === "batchmean" ? "sum" : reduction);
  return scope(() => {
    const divergence = callInternal("kl_div", [input, target, number], { logTarget }) as Tensor;
    const [batch] = input.shape;
    return reduction === "batchmean" && batch !== undefined ? divergence.div(batch) : divergence;
  });
}

/** Options of losses with a margin. @inline */
export interface MarginOptions extends LossOptions {
  readonly margin?: number;
}

/** 1 − cos where the target is 1, max(0, cos − margin) where it is −1; `[batch, size]`, `[batch, size]`, `[batch]`. */
export function cosineEmbeddingLoss(
  input1: Tensor,
  input2: Tensor,
  target: Tensor,
  options: MarginOptions = {},
): Tensor {
  const { margin, reduction } = optional("cosineEmbeddingLoss", [options], { margin: 0, ...LOSS });
  return call(
    "cosine_embedding_loss",
    input1,
    input2,
    target,
    margin,
    reductionNumber("cosineEmbeddingLoss", reduction),
  );
}

/** max(0, −target · (x1 − x2) + margin): a target of 1 wants x1 above x2, −1 the reverse; margin 0. */
export function marginRankingLoss(input1: Tensor, input2: Tensor, target: Tensor, options: MarginOptions = {}): Tensor {
  const { margin, reduction } = optional("marginRankingLoss", [options], { margin: 0, ...LOSS });
  return call("margin_ranking_loss", input1, input2, target, margin, reductionNumber("marginRankingLoss", reduction));
}

/** Options of {@link tripletMarginLoss}. @inline */
export interface TripletMarginOptions extends MarginOptions {
  /** The distance's norm; 2. */
  readonly p?: number;
  /** 1e−6. */
  readonly eps?: number;
  /**
   * Take the positive's distance to the negative where it is smaller than the anchor's; false (Balntas et al. 2016).
   */
  readonly swap?: boolean;
}

/** max(0, |anchor − positive| − |anchor − negative| + margin), each `[batch, size]`; margin 1. */
export function tripletMarginLoss(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  options: TripletMarginOptions = {},
): Tensor {
  const defaults = { margin: 1, p: 2, eps: 1e-6, swap: false, ...LOSS };
  const { margin, p, eps, swap, reduction } = optional("tripletMarginLoss", [options], defaults);
  if (!(margin > 0)) refuse("tripletMarginLoss", "a margin above 0", margin);
  return call(
    "triplet_margin_loss",
    anchor,
    positive,
    negative,
    margin,
    p,
    eps,
    swap,
    reductionNumber("tripletMarginLoss", reduction),
  );
}
