/** The hyperbolic tangent as a layer. */
import { ops } from "../tensor/ops";
import type { Tensor } from "../tensor/tensor";
import { Module } from "./module";

/**
 * tanh(x), as `torch.nn.Tanh`.
 *
 * @example
 * ```ts
 * import { nn, Tensor } from "torchwright";
 * console.log(new nn.Tanh().forward(Tensor.from([-1, 0, 1])).toArray()); // [-0.762, 0, 0.762], nearly
 * ```
 */
export class Tanh extends Module {
  /** `[...]` → the same */
  forward(x: Tensor): Tensor {
    return ops.tanh(x);
  }
}
