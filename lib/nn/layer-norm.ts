/** Layer normalisation. */
import { describe, TorchwrightError } from "../errors";
import { checkOptions } from "../tensor/check-options";
import { ops } from "../tensor/ops";
import type { Tensor } from "../tensor/tensor";
import { checkSize } from "./check-size";
import { ones_, zeros_ } from "./init";
import type { ParameterOptions } from "./make-parameter";
import { makeParameter } from "./make-parameter";
import { Module } from "./module";
import type { Parameter } from "./parameter";

/** How a layer normalization is made. */
export interface LayerNormOptions extends ParameterOptions {
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
  /** Whether there is a weight. Default true. */
  readonly elementwiseAffine?: boolean;
  /** Whether there is a bias beside the weight. Default true. */
  readonly bias?: boolean;
}

/**
 * Normalises over the last dimensions, as `torch.nn.LayerNorm`; weight 1 and bias 0 at first.
 *
 * Source: Ba, Kiros & Hinton, *Layer Normalization*, 2016.
 *
 * @example
 * ```ts
 * import { nn, Tensor } from "torchwright";
 * const norm = new nn.LayerNorm(2);
 * console.log(norm.forward(Tensor.from([[1, 3]])).toArray()); // [[-1, 1]], nearly
 * ```
 */
export class LayerNorm extends Module {
  /** The sizes that are normalised over. */
  readonly normalizedShape: readonly number[];
  /** Added to the variance. */
  readonly eps: number;
  /** Of `normalizedShape`. */
  readonly weight: Parameter | undefined;
  /** Of `normalizedShape`. */
  readonly bias: Parameter | undefined;

  /**
   * @throws TorchwrightError ERR_INVALID_ARG for a size that is no whole number, an `eps` that is no number of at least
   *   0
   */
  constructor(normalizedShape: number | readonly number[], options: LayerNormOptions = {}) {
    super();
    const known = ["eps", "elementwiseAffine", "bias", "device", "dtype"] as const;
    const { eps = 1e-5, elementwiseAffine = true, bias = true, ...place } = checkOptions("LayerNorm", options, known);
    const shape = typeof normalizedShape === "number" ? [normalizedShape] : normalizedShape;
    if (!Array.isArray(shape) || shape.length === 0) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `LayerNorm: expected a size or several, got ${describe(normalizedShape)}`,
      );
    }
    if (typeof eps !== "number" || !(eps >= 0)) {
      throw new TorchwrightError("ERR_INVALID_ARG", `LayerNorm: expected eps of at least 0, got ${describe(eps)}`);
    }
    this.normalizedShape = Array.from(shape as readonly number[], (size) =>
      checkSize("LayerNorm", "normalizedShape", size),
    );
    this.eps = eps;
    if (!elementwiseAffine) return;
    this.weight = makeParameter(this.normalizedShape, place, ones_);
    if (bias) this.bias = makeParameter(this.normalizedShape, place, zeros_);
  }

  /**
   * `[..., ...normalizedShape]` → the same
   *
   * @throws TorchwrightError ERR_OPERATOR_FAILED for other last dimensions
   */
  forward(x: Tensor): Tensor {
    return ops.layerNorm(x, this.normalizedShape, this.weight, this.bias, this.eps);
  }
}
