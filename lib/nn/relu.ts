/** The rectified linear unit. */
import { ops } from "../tensor/ops";
import type { Tensor } from "../tensor/tensor";
import { Module } from "./module";

/** max(x, 0), as `torch.nn.ReLU`. */
export class ReLU extends Module {
  /** `[...]` → the same */
  forward(x: Tensor): Tensor {
    return ops.relu(x);
  }
}
