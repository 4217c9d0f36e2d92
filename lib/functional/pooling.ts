/** Pooling over windows: `[batch, channels, …]` or `[channels, …]`, channels stay. */
import type { Tensor } from "../tensor/tensor";
import type { Optional, Sizes } from "./arguments";
import { call, optional } from "./arguments";

/** Options of maximum pooling. The indices of the maxima are `ops.maxPool2dWithIndices`'s. @inline */
export interface MaxPoolOptions {
  /** The window's size where left out. */
  readonly stride?: Sizes | null;
  /** 0. */
  readonly padding?: Sizes;
  /** 1. */
  readonly dilation?: Sizes;
  /** Windows that begin inside may end outside; false. */
  readonly ceilMode?: boolean;
}

/** Optional arguments by place, or by name. @inline */
type MaxRest = Optional<[stride?: Sizes | null, padding?: Sizes, dilation?: Sizes, ceilMode?: boolean], MaxPoolOptions>;

function maxPool(operator: string, operation: string, input: Tensor, kernelSize: Sizes, rest: MaxRest): Tensor {
  const defaults = { stride: null as Sizes | null, padding: 0 as Sizes, dilation: 1 as Sizes, ceilMode: false };
  const { stride, padding, dilation, ceilMode } = optional(operation, rest, defaults);
  return call(operator, input, kernelSize, stride ?? [], padding, dilation, ceilMode);
}

/** Maxima of windows: `[batch, channels, L]` → `[batch, channels, Lout]`. */
export function maxPool1d(input: Tensor, kernelSize: Sizes, ...rest: MaxRest): Tensor {
  return maxPool("max_pool1d", "maxPool1d", input, kernelSize, rest);
}

/** Maxima of windows: `[batch, channels, H, W]` → `[batch, channels, Hout, Wout]`. */
export function maxPool2d(input: Tensor, kernelSize: Sizes, ...rest: MaxRest): Tensor {
  return maxPool("max_pool2d", "maxPool2d", input, kernelSize, rest);
}

/** Options of average pooling. @inline */
export interface AvgPoolOptions {
  /** The window's size where left out. */
  readonly stride?: Sizes | null;
  /** 0. */
  readonly padding?: Sizes;
  /** Windows that begin inside may end outside; false. */
  readonly ceilMode?: boolean;
  /** Padding counts as zeros; true. */
  readonly countIncludePad?: boolean;
}

/** Optional arguments by place. @inline */
type AvgPlaces = [stride?: Sizes | null, padding?: Sizes, ceilMode?: boolean, countIncludePad?: boolean];

const AVERAGE = { stride: null as Sizes | null, padding: 0 as Sizes, ceilMode: false, countIncludePad: true };

/** Means of windows: `[batch, channels, L]` → `[batch, channels, Lout]`. */
export function avgPool1d(input: Tensor, kernelSize: Sizes, ...rest: Optional<AvgPlaces, AvgPoolOptions>): Tensor {
  const { stride, padding, ceilMode, countIncludePad } = optional("avgPool1d", rest, AVERAGE);
  return call("avg_pool1d", input, kernelSize, stride ?? [], padding, ceilMode, countIncludePad);
}

/**
 * Means of windows: `[batch, channels, H, W]` → `[batch, channels, Hout, Wout]`; `divisorOverride` replaces the
 * window's size.
 */
export function avgPool2d(
  input: Tensor,
  kernelSize: Sizes,
  ...rest: Optional<
    [...AvgPlaces, divisorOverride?: number | null],
    AvgPoolOptions & { readonly divisorOverride?: number | null }
  >
): Tensor {
  const defaults = { ...AVERAGE, divisorOverride: null as number | null };
  const { stride, padding, ceilMode, countIncludePad, divisorOverride } = optional("avgPool2d", rest, defaults);
  return call("avg_pool2d", input, kernelSize, stride ?? [], padding, ceilMode, countIncludePad, divisorOverride);
}

/** Means of as many windows as asked for: `[batch, channels, L]` → `[batch, channels, outputSize]`. */
export function adaptiveAvgPool1d(input: Tensor, outputSize: Sizes): Tensor {
  return call("adaptive_avg_pool1d", input, outputSize);
}

/** The same in two dimensions, → `[batch, channels, …outputSize]`; `null` keeps a dimension's size. */
export function adaptiveAvgPool2d(input: Tensor, outputSize: number | readonly (number | null)[]): Tensor {
  if (typeof outputSize === "number" || !Array.isArray(outputSize)) {
    return call("adaptive_avg_pool2d", input, outputSize);
  }
  const sizes = input.shape.slice(-outputSize.length);
  return call(
    "adaptive_avg_pool2d",
    input,
    (outputSize as readonly (number | null)[]).map((size, i) => size ?? sizes[i]),
  );
}
