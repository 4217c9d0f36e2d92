/** Convolutions: `[batch, in, …]` and `[out, in / groups, …]` → `[batch, out, …]`; also without a batch. */
import type { Tensor } from "../tensor/tensor";
import type { Sizes } from "./arguments";
import { call, optional } from "./arguments";

/** Options of convolutions: one number for all dimensions, or one for each. @inline */
export interface ConvolutionOptions {
  /** 1. */
  readonly stride?: Sizes;
  /** 0; `"same"` keeps the size (with stride 1). */
  readonly padding?: Sizes | "valid" | "same";
  /** 1. */
  readonly dilation?: Sizes;
  /** 1. */
  readonly groups?: number;
}

/** Optional arguments by place, or by name. @inline */
type Rest =
  | [bias?: Tensor | null, options?: ConvolutionOptions]
  | [options: ConvolutionOptions & { readonly bias?: Tensor | null }];

function convolve(operator: string, operation: string, input: Tensor, weight: Tensor, rest: Rest): Tensor {
  const defaults = {
    bias: null as Tensor | null,
    stride: 1 as Sizes,
    padding: 0 as Sizes | string,
    dilation: 1 as Sizes,
    groups: 1,
  };
  const { bias, stride, padding, dilation, groups } = optional(operation, rest, defaults);
  return call(operator, input, weight, bias, stride, padding, dilation, groups);
}

/** Over one dimension: `[batch, in, L]`, weight `[out, in / groups, K]`, bias `[out]`. */
export function conv1d(input: Tensor, weight: Tensor, ...rest: Rest): Tensor {
  return convolve("conv1d", "conv1d", input, weight, rest);
}

/**
 * Over two dimensions: `[batch, in, H, W]`, weight `[out, in / groups, KH, KW]`, bias `[out]`.
 *
 * @example
 * ```ts
 * import { F, ops } from "torchwright";
 * const images = ops.randn([2, 3, 8, 8]);
 * const weight = ops.randn([4, 3, 3, 3]);
 * console.log(F.conv2d(images, weight, null, { padding: "same" }).shape); // [2, 4, 8, 8]
 * ```
 */
export function conv2d(input: Tensor, weight: Tensor, ...rest: Rest): Tensor {
  return convolve("conv2d", "conv2d", input, weight, rest);
}

/** Over three dimensions: `[batch, in, D, H, W]`, weight `[out, in / groups, KD, KH, KW]`, bias `[out]`. */
export function conv3d(input: Tensor, weight: Tensor, ...rest: Rest): Tensor {
  return convolve("conv3d", "conv3d", input, weight, rest);
}
