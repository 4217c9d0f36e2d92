/** The hyperbolic tangent as a layer. */
import { ops } from "../tensor/ops";
import type { Tensor } from "../tensor/tensor";
import { Module } from "./module";

/** tanh(x), as `torch.nn.Tanh`. */
export class Tanh extends Module {
  /** `[...]` → the same */
  forward(x: Tensor): Tensor {
    return ops.tanh(x);
  }
}
