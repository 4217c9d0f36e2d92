/** Linear maps, dropout and embeddings. */
import { noGrad } from "../autograd/grad-mode";
import { TorchwrightError } from "../errors";
import { callInternal } from "../tensor/operators";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import type { Optional } from "./arguments";
import { call, checkTensor, oneOf, optional, refuse } from "./arguments";

/** x · Wᵀ + b: `[…, in]`, `[out, in]`, `[out]` → `[…, out]`. */
export function linear(input: Tensor, weight: Tensor, bias?: Tensor | null): Tensor {
  return call("linear", input, weight, bias);
}

/** x1 · W · x2 + b: `[…, in1]`, `[…, in2]`, `[out, in1, in2]`, `[out]` → `[…, out]`. */
export function bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias?: Tensor | null): Tensor {
  return call("bilinear", input1, input2, weight, bias);
}

/**
 * Zeroes each element with probability `p` (0.5) and divides the others by 1 − p; where `training` (true) is
 * false, the input as it is.
 */
export function dropout(
  input: Tensor,
  ...rest: Optional<[p?: number, training?: boolean], { readonly p?: number; readonly training?: boolean }>
): Tensor {
  const { p, training } = optional("dropout", rest, { p: 0.5, training: true });
  if (!(p >= 0 && p <= 1)) refuse("dropout", "a probability from 0 to 1", p);
  return call("dropout", input, p, training);
}

/** Options of {@link embedding}. @inline */
export interface EmbeddingOptions {
  /** The row that gets no gradient; negative ones count from the end. */
  readonly paddingIdx?: number | null;
  /** Rows that are looked up are first scaled, in place, to at most this norm. */
  readonly maxNorm?: number | null;
  /** Which norm; 2. */
  readonly normType?: number;
  /** Divide gradients by how often a row is looked up; false. */
  readonly scaleGradByFreq?: boolean;
  /** A sparse gradient for `weight`; false. */
  readonly sparse?: boolean;
}

const EMBEDDING = {
  paddingIdx: null as number | null,
  maxNorm: null as number | null,
  normType: 2,
  scaleGradByFreq: false,
  sparse: false,
};

/**
 * Rows of a table: int64 indices `[…]` and `[rows, size]` → `[…, size]`.
 *
 * @throws TorchwrightError ERR_OPERATOR_FAILED for an index beyond the table, ERR_INDEX_OUT_OF_RANGE for such a
 *   `paddingIdx`
 */
export function embedding(input: Tensor, weight: Tensor, options: EmbeddingOptions = {}): Tensor {
  const { paddingIdx, maxNorm, normType, scaleGradByFreq, sparse } = optional("embedding", [options], EMBEDDING);
  const padding = paddingIdx === null ? -1 : rowOf("embedding", paddingIdx, weight);
  if (maxNorm !== null) renormalize(weight, input, maxNorm, normType);
  return call("embedding", weight, input, padding, scaleGradByFreq, sparse);
}

/** A row of a table, counted from its beginning. */
function rowOf(operation: string, index: number, weight: Tensor): number {
  const rows = weight.shape[0] ?? 0;
  if (Number.isInteger(index) && index >= -rows && index < rows) return index < 0 ? index + rows : index;
  throw new TorchwrightError(
    "ERR_INDEX_OUT_OF_RANGE",
    `${operation}: expected paddingIdx from ${-rows} to ${rows - 1}, got ${index}`,
  );
}

function renormalize(weight: Tensor, indices: Tensor, maxNorm: number, normType: number): void {
  noGrad(() => scope(() => void call("embedding_renorm_", weight, call("contiguous", indices), maxNorm, normType)));
}

/** Options of {@link embeddingBag}. @inline */
export interface EmbeddingBagOptions extends EmbeddingOptions {
  /** Where each bag begins in a flat input, int64 `[bags]`. */
  readonly offsets?: Tensor | null;
  /** How a bag's rows become one; `"mean"`. */
  readonly mode?: "sum" | "mean" | "max";
  /** A factor for each index, of the input's shape; with `"sum"` only. */
  readonly perSampleWeights?: Tensor | null;
  /** The last offset is the input's length; false. */
  readonly includeLastOffset?: boolean;
}

/**
 * Sums, means or maxima of bags of rows of a table `[rows, size]` → `[bags, size]`.
 *
 * @param input int64 `[bags, length]`, or `[indices]` with `offsets`
 */
export function embeddingBag(input: Tensor, weight: Tensor, options: EmbeddingBagOptions = {}): Tensor {
  checkTensor("embeddingBag", input);
  const defaults = {
    offsets: null as Tensor | null,
    ...EMBEDDING,
    mode: "mean",
    perSampleWeights: null as Tensor | null,
    includeLastOffset: false,
  };
  const given = optional("embeddingBag", [options], defaults);
  const mode = oneOf("embeddingBag", "mode", given.mode, ["sum", "mean", "max"]);
  if (given.perSampleWeights && mode !== "sum") refuse("embeddingBag", 'mode "sum" with perSampleWeights', mode);
  if (mode === "max" && (given.sparse || given.scaleGradByFreq)) {
    refuse("embeddingBag", "neither sparse nor scaleGradByFreq", 'mode "max"');
  }
  const rank = input.shape.length;
  if (rank !== 1 && rank !== 2) refuse("embeddingBag", "an input of 1 or 2 dimensions", `${rank}`);
  if ((rank === 1) !== (given.offsets !== null)) {
    refuse("embeddingBag", "offsets for an input of 1 dimension, none for 2", `${rank} dimensions`);
  }
  if (given.maxNorm !== null) renormalize(weight, input, given.maxNorm, given.normType);
  const padding = given.paddingIdx === null ? null : rowOf("embeddingBag", given.paddingIdx, weight);
  return scope(() => {
    const [bags = 0, length = 0] = input.shape;
    const offsets =
      given.offsets ??
      (callInternal("mul", [call("arange", bags), length]) as Tensor).to({ dtype: input.dtype, device: input.device });
    const flat = (tensor: Tensor): Tensor => tensor.reshape([-1]);
    const [result] = callInternal("embedding_bag", [
      weight,
      flat(input),
      offsets,
      given.scaleGradByFreq,
      ["sum", "mean", "max"].indexOf(mode),
      given.sparse,
      given.perSampleWeights && flat(given.perSampleWeights),
      given.includeLastOffset,
      padding,
    ]) as Tensor[];
    return result as Tensor;
  });
}

/**
 * Class indices, int64 `[…]`, as vectors of one 1 among zeros, int64 `[…, classes]`.
 *
 * @param rest `numClasses`; by default one more than the largest index
 */
export function oneHot(
  input: Tensor,
  ...rest: Optional<[numClasses?: number], { readonly numClasses?: number }>
): Tensor {
  return call("one_hot", input, optional("oneHot", rest, { numClasses: -1 }).numClasses);
}
