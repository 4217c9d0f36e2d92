/** The fully connected layer. */
import { checkOptions } from "../tensor/check-options";
import { ops } from "../tensor/ops";
import type { Tensor } from "../tensor/tensor";
import { checkSize } from "./check-size";
import { fans, kaimingUniform_, uniform_ } from "./init";
import type { ParameterOptions } from "./make-parameter";
import { makeParameter } from "./make-parameter";
import { Module } from "./module";
import type { Parameter } from "./parameter";

/** How a linear layer is made. */
export interface LinearOptions extends ParameterOptions {
  /** Default true. */
  readonly bias?: boolean;
}

/**
 * y = x Wᵀ + b, as `torch.nn.Linear`, with its initial values: both uniform within ±1/√inFeatures.
 *
 * @example
 * ```ts
 * import { nn, ops } from "torchwright";
 * const layer = new nn.Linear(20, 30);
 * console.log(layer.forward(ops.randn([128, 20])).shape); // [128, 30]
 * ```
 */
export class Linear extends Module {
  /** `[outFeatures, inFeatures]` */
  readonly weight: Parameter;
  /** `[outFeatures]` */
  readonly bias: Parameter | undefined;

  /**
   * @throws TorchwrightError ERR_INVALID_ARG for a size that is no whole number, ERR_UNKNOWN_DEVICE, ERR_UNKNOWN_DTYPE
   */
  constructor(
    /** Width of the input. */
    readonly inFeatures: number,
    /** Width of the output. */
    readonly outFeatures: number,
    options: LinearOptions = {},
  ) {
    super();
    const { bias = true, ...place } = checkOptions("Linear", options, ["bias", "device", "dtype"]);
    checkSize("Linear", "inFeatures", inFeatures);
    checkSize("Linear", "outFeatures", outFeatures);
    this.weight = makeParameter([outFeatures, inFeatures], place, (weight) =>
      kaimingUniform_(weight, { a: Math.sqrt(5) }),
    );
    if (!bias) return;
    const { fanIn } = fans(this.weight);
    const bound = fanIn > 0 ? 1 / Math.sqrt(fanIn) : 0;
    this.bias = makeParameter([outFeatures], place, (values) => uniform_(values, -bound, bound));
  }

  /**
   * `[..., inFeatures]` → `[..., outFeatures]`
   *
   * @throws TorchwrightError ERR_SHAPE_MISMATCH, ERR_TENSOR_DISPOSED
   */
  forward(x: Tensor): Tensor {
    return ops.linear(x, this.weight, this.bias);
  }
}
