/** Changing the size of the last dimensions: padding and interpolation. */
import type { Tensor } from "../tensor/tensor";
import type { Optional, Sizes } from "./arguments";
import { call, checkTensor, oneOf, optional, refuse } from "./arguments";

/** How the new places of {@link pad} are filled. @inline */
export type PadMode = "constant" | "reflect" | "replicate" | "circular";

/** Options of {@link pad}. @inline */
export interface PadOptions {
  /** `"constant"`. */
  readonly mode?: PadMode;
  /** The constant; 0. */
  readonly value?: number | null;
}

/**
 * Adds places before and after the last dimensions; negative numbers take some away.
 *
 * @param sizes `[before last, after last, before second to last, …]`
 */
export function pad(
  input: Tensor,
  sizes: readonly number[],
  ...rest: Optional<[mode?: PadMode, value?: number | null], PadOptions>
): Tensor {
  const { mode, value } = optional("pad", rest, { mode: "constant", value: null as number | null });
  return call("pad", input, sizes, oneOf("pad", "mode", mode, ["constant", "reflect", "replicate", "circular"]), value);
}

/**
 * How {@link interpolate} finds values between the input's; the name says for how many dimensions, or it is for any.
 * @inline
 */
export type InterpolateMode = "nearest" | "nearest-exact" | "area" | "linear" | "bilinear" | "bicubic" | "trilinear";

/** Options of {@link interpolate}; one of `size` and `scaleFactor`. @inline */
export interface InterpolateOptions {
  /** The new sizes. */
  readonly size?: Sizes | null;
  /** The new sizes as multiples of the old ones. */
  readonly scaleFactor?: Sizes | null;
  /** `"nearest"`. */
  readonly mode?: InterpolateMode;
  /** Corners keep their values; false. Not for nearest and area. */
  readonly alignCorners?: boolean | null;
  /** Compute with the ratio of the rounded sizes; false. */
  readonly recomputeScaleFactor?: boolean | null;
  /** Against aliasing when sizes shrink, bilinear and bicubic; false. */
  readonly antialias?: boolean;
}

/** Operators by mode and number of dimensions. */
const UPSAMPLE: Readonly<Record<string, string>> = {
  "nearest 1": "upsample_nearest1d.vec",
  "nearest 2": "upsample_nearest2d.vec",
  "nearest 3": "upsample_nearest3d.vec",
  "nearest-exact 1": "_upsample_nearest_exact1d.vec",
  "nearest-exact 2": "_upsample_nearest_exact2d.vec",
  "nearest-exact 3": "_upsample_nearest_exact3d.vec",
  "linear 1": "upsample_linear1d.vec",
  "bilinear 2": "upsample_bilinear2d.vec",
  "bicubic 2": "upsample_bicubic2d.vec",
  "trilinear 3": "upsample_trilinear3d.vec",
};

const MODES: readonly InterpolateMode[] = [
  "nearest",
  "nearest-exact",
  "area",
  "linear",
  "bilinear",
  "bicubic",
  "trilinear",
];

/**
 * Resizes the dimensions after batch and channels: `[batch, channels, …]` with one to three of them.
 *
 * @example
 * ```ts
 * import { F, Tensor } from "torchwright";
 * const x = Tensor.from([[[1, 3]]]); // [batch, channels, L]
 * console.log(F.interpolate(x, { size: 3, mode: "linear", alignCorners: true }).toArray()); // [[[1, 2, 3]]]
 * ```
 */
export function interpolate(input: Tensor, options: InterpolateOptions): Tensor {
  checkTensor("interpolate", input);
  const defaults: Required<InterpolateOptions> = {
    size: null,
    scaleFactor: null,
    mode: "nearest",
    alignCorners: null,
    recomputeScaleFactor: null,
    antialias: false,
  };
  const given = optional("interpolate", [options], defaults);
  const mode = oneOf("interpolate", "mode", given.mode, MODES);
  const spatial = input.shape.slice(2);
  const plain = mode === "area" || mode.startsWith("nearest");
  if ((given.size === null) === (given.scaleFactor === null)) {
    refuse("interpolate", "one of size and scaleFactor", given.size === null ? "neither" : "both");
  }
  if (plain && given.alignCorners !== null) {
    refuse("interpolate", "alignCorners with a linear or cubic mode only", mode);
  }
  if (given.recomputeScaleFactor && given.size !== null) {
    refuse("interpolate", "recomputeScaleFactor without a size", "both");
  }
  if (given.antialias && mode !== "bilinear" && mode !== "bicubic") {
    refuse("interpolate", "antialias with bilinear or bicubic only", mode);
  }
  let size = perDimension("size", given.size, spatial);
  let factors = perDimension("scaleFactor", given.scaleFactor, spatial);
  if (factors && (given.recomputeScaleFactor || mode === "area")) {
    size = factors.map((factor, i) => Math.floor((spatial[i] ?? 0) * factor));
    factors = null;
  }
  if (mode === "area" && spatial.length >= 1 && spatial.length <= 3) {
    return call(`adaptive_avg_pool${spatial.length}d`, input, size);
  }
  const operator = UPSAMPLE[`${mode} ${spatial.length}`];
  if (operator === undefined) {
    refuse("interpolate", `an input that ${mode} is for`, `shape [${input.shape.join(", ")}]`);
  }
  if (plain) return call(operator, input, size, factors);
  const smooth = given.antialias ? `_${operator.replace(".vec", "_aa.vec")}` : operator;
  return call(smooth, input, size, given.alignCorners ?? false, factors);
}

function perDimension(what: string, sizes: Sizes | null, spatial: readonly number[]): readonly number[] | null {
  if (sizes === null) return null;
  if (typeof sizes === "number") return spatial.map(() => sizes);
  if (sizes.length !== spatial.length) {
    refuse("interpolate", `${what} for ${spatial.length} dimensions`, `${sizes.length}`);
  }
  return sizes;
}
