/** The Gaussian error linear unit. */
import { describe, TorchwrightError } from "../errors";
import { checkOptions } from "../tensor/check-options";
import { ops } from "../tensor/ops";
import type { Tensor } from "../tensor/tensor";
import { Module } from "./module";

/**
 * x Φ(x), as `torch.nn.GELU`. Source: Hendrycks & Gimpel, *Gaussian Error Linear Units*, 2016.
 *
 * @example
 * ```ts
 * import { nn, Tensor } from "torchwright";
 * console.log(new nn.GELU().forward(Tensor.from([-1, 0, 1])).toArray()); // [-0.159, 0, 0.841], nearly
 * ```
 */
export class GELU extends Module {
  /** "none" for the exact function, "tanh" for its approximation. */
  readonly approximate: "none" | "tanh";

  /** @throws TorchwrightError ERR_INVALID_ARG unless `approximate` is "none" (the default) or "tanh" */
  constructor(
    options: {
      /** "none" for the exact function, "tanh" for its approximation. */
      readonly approximate?: "none" | "tanh";
    } = {},
  ) {
    super();
    const { approximate = "none" } = checkOptions("GELU", options, ["approximate"]);
    if (approximate !== "none" && approximate !== "tanh") {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `GELU: expected approximate to be "none" or "tanh", got ${describe(approximate)}`,
      );
    }
    this.approximate = approximate;
  }

  /** `[...]` → the same */
  forward(x: Tensor): Tensor {
    return ops.gelu(x, { approximate: this.approximate });
  }
}
