/** Normalization over features, groups and batches, and to unit length. */
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import type { Optional } from "./arguments";
import { call, checkTensor, optional, refuse } from "./arguments";

/** A tensor, or none. @inline */
type Maybe = Tensor | null;

/** Options of {@link layerNorm} and {@link groupNorm}. @inline */
export interface NormOptions {
  readonly weight?: Maybe;
  readonly bias?: Maybe;
  /** Added to the variance; 1e−5. */
  readonly eps?: number;
}

const NORM = { weight: null as Maybe, bias: null as Maybe, eps: 1e-5 };

/**
 * (x − mean) / √(variance + eps) · weight + bias over the last dimensions (Ba et al. 2016), which
 * `normalizedShape` names; weight and bias have that shape.
 *
 * @example
 * ```ts
 * import { F, Tensor } from "torchwright";
 * const x = Tensor.from([[1, 3], [5, 9]]);
 * console.log(F.layerNorm(x, [2], { eps: 1e-12 }).toArray()); // [[-1, 1], [-1, 1]]
 * ```
 */
export function layerNorm(
  input: Tensor,
  normalizedShape: readonly number[],
  ...rest: Optional<[weight?: Maybe, bias?: Maybe, eps?: number], NormOptions>
): Tensor {
  const { weight, bias, eps } = optional("layerNorm", rest, NORM);
  return call("layer_norm", input, normalizedShape, weight, bias, eps);
}

/** Options of {@link rmsNorm}. @inline */
export interface RmsNormOptions {
  readonly weight?: Maybe;
  /** Added to the mean square; by default the dtype's epsilon. */
  readonly eps?: number | null;
}

/** x / √(mean of x² + eps) · weight over the last dimensions (Zhang and Sennrich 2019). */
export function rmsNorm(
  input: Tensor,
  normalizedShape: readonly number[],
  ...rest: Optional<[weight?: Maybe, eps?: number | null], RmsNormOptions>
): Tensor {
  const { weight, eps } = optional("rmsNorm", rest, { weight: null as Maybe, eps: null as number | null });
  return call("rms_norm", input, normalizedShape, weight, eps);
}

/** {@link layerNorm} over groups of channels (Wu and He 2018): `[batch, channels, …]`, weight and bias `[channels]`. */
export function groupNorm(
  input: Tensor,
  numGroups: number,
  ...rest: Optional<[weight?: Maybe, bias?: Maybe, eps?: number], NormOptions>
): Tensor {
  const { weight, bias, eps } = optional("groupNorm", rest, NORM);
  checkTensor("groupNorm", input);
  const [batch = 1, channels = 1, ...others] = input.shape;
  if (others.reduce((product, size) => product * size, Math.floor((batch * channels) / numGroups)) === 1) {
    refuse("groupNorm", "more than one value for each group", `shape [${input.shape.join(", ")}]`);
  }
  return call("group_norm", input, numGroups, weight, bias, eps);
}

/** Options of {@link batchNorm}. @inline */
export interface BatchNormOptions extends NormOptions {
  /** Normalize by the batch's statistics, and move the running ones towards them; false. */
  readonly training?: boolean;
  /** How far they move; 0.1. */
  readonly momentum?: number;
}

/**
 * (x − mean) / √(variance + eps) · weight + bias for each channel (Ioffe and Szegedy 2015): `[batch, channels, …]`,
 * all others `[channels]`. In training the running statistics are written to, in place.
 */
export function batchNorm(
  input: Tensor,
  runningMean: Maybe,
  runningVar: Maybe,
  ...rest: Optional<
    [weight?: Maybe, bias?: Maybe, training?: boolean, momentum?: number, eps?: number],
    BatchNormOptions
  >
): Tensor {
  checkTensor("batchNorm", input);
  const { eps: epsilon, ...affine } = NORM;
  const defaults = { ...affine, training: false, momentum: 0.1, eps: epsilon };
  const { weight, bias, training, momentum, eps } = optional("batchNorm", rest, defaults);
  const [batch = 1, , ...others] = input.shape;
  if (training && others.reduce((product, size) => product * size, batch) === 1) {
    refuse("batchNorm", "more than one value for each channel in training", `shape [${input.shape.join(", ")}]`);
  }
  if (training ? !(eps > 0) : !(eps >= 0)) {
    refuse("batchNorm", training ? "eps above 0 in training" : "eps of 0 or more", eps);
  }
  return call("batch_norm", input, weight, bias, runningMean, runningVar, training, momentum, eps, true);
}

/** x / max(‖x‖, eps) along a dimension; norm 2, dimension 1, eps 1e−12. */
export function normalize(
  input: Tensor,
  ...rest: Optional<
    [p?: number, dim?: number, eps?: number],
    { readonly p?: number; readonly dim?: number; readonly eps?: number }
  >
): Tensor {
  checkTensor("normalize", input);
  const { p, dim, eps } = optional("normalize", rest, { p: 2, dim: 1, eps: 1e-12 });
  return scope(() => input.div(call("linalg_vector_norm", input, p, [dim], true).clampMin(eps)));
}

/** x1 · x2 / max(‖x1‖ · ‖x2‖, eps²) along a dimension of shapes that broadcast; dimension 1, eps 1e−8. */
export function cosineSimilarity(
  x1: Tensor,
  x2: Tensor,
  ...rest: Optional<[dim?: number, eps?: number], { readonly dim?: number; readonly eps?: number }>
): Tensor {
  const { dim, eps } = optional("cosineSimilarity", rest, { dim: 1, eps: 1e-8 });
  return call("cosine_similarity", x1, x2, dim, eps);
}

/** Options of {@link pairwiseDistance}. @inline */
export interface DistanceOptions {
  /** 2. */
  readonly p?: number;
  /** Added to each difference; 1e−6. */
  readonly eps?: number;
  readonly keepdim?: boolean;
}

/** ‖x1 − x2 + eps‖ over the last dimension: `[batch, size]`, `[batch, size]` → `[batch]`. */
export function pairwiseDistance(
  x1: Tensor,
  x2: Tensor,
  ...rest: Optional<[p?: number, eps?: number, keepdim?: boolean], DistanceOptions>
): Tensor {
  const { p, eps, keepdim } = optional("pairwiseDistance", rest, { p: 2, eps: 1e-6, keepdim: false });
  return call("pairwise_distance", x1, x2, p, eps, keepdim);
}
