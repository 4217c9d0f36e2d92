/** Dropout. */
import { describe, TorchwrightError } from "../errors";
import { ops } from "../tensor/ops";
import type { Tensor } from "../tensor/tensor";
import { Module } from "./module";

/**
 * While training, zeroes elements with probability `p` and scales the others by 1 / (1 − p), as `torch.nn.Dropout`.
 *
 * @example
 * ```ts
 * import { nn, ops } from "torchwright";
 * const dropout = new nn.Dropout(0.1).eval();
 * console.log(dropout.forward(ops.ones([3])).toArray()); // [1, 1, 1]
 * ```
 */
export class Dropout extends Module {
  /** @throws TorchwrightError ERR_INVALID_ARG unless 0 ≤ p ≤ 1 */
  constructor(
    /** Probability that an element becomes 0. */
    readonly p = 0.5,
  ) {
    super();
    if (typeof p !== "number" || !(p >= 0 && p <= 1)) {
      throw new TorchwrightError("ERR_INVALID_ARG", `Dropout: expected p from 0 to 1, got ${describe(p)}`);
    }
  }

  /** `[...]` → the same */
  forward(x: Tensor): Tensor {
    return ops.dropout(x, this.p, this.training);
  }
}
