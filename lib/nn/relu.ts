/** The rectified linear unit. */
import { ops } from "../tensor/ops";
import type { Tensor } from "../tensor/tensor";
import { Module } from "./module";

/**
 * max(x, 0), as `torch.nn.ReLU`.
 *
 * @example
 * ```ts
 * import { nn, Tensor } from "torchwright";
 * console.log(new nn.ReLU().forward(Tensor.from([-1, 0, 1])).toArray()); // [0, 0, 1]
 * ```
 */
export class ReLU extends Module {
  /** `[...]` → the same */
  forward(x: Tensor): Tensor {
    return ops.relu(x);
  }
}
