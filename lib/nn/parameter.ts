/** A tensor that training changes. */
import { checkOptions } from "../tensor/check-options";
import type { Tensor } from "../tensor/tensor";
import { OwnedTensor } from "./owned-tensor";

/**
 * A tensor that a module learns, as `torch.nn.Parameter`: a field of a {@link Module} that holds one is found by
 * `parameters()` and `stateDict()`. It shares the elements of `data`, requires grad unless told otherwise, and
 * lives, inside a scope too, until its module's `dispose()`.
 *
 * @example
 * ```ts
 * import { nn, ops, Tensor } from "torchwright";
 * class Scale extends nn.Module {
 *   readonly factor = new nn.Parameter(ops.ones([3]));
 *   forward(x: Tensor): Tensor {
 *     return x.mul(this.factor); // [..., 3]
 *   }
 * }
 * console.log(new Scale().namedParameters().map(([name]) => name)); // ["factor"]
 * ```
 */
export class Parameter extends OwnedTensor {
  /**
   * @param data any shape; its own handle stays its owner's
   * @throws TorchwrightError ERR_INVALID_ARG for an integral dtype, unless `requiresGrad` is false
   */
  constructor(data: Tensor, options: { readonly requiresGrad?: boolean } = {}) {
    super(data);
    const { requiresGrad = true } = checkOptions("Parameter", options, ["requiresGrad"]);
    if (!requiresGrad) return;
    try {
      this.requiresGrad = true;
    } catch (error) {
      this.dispose();
      throw error;
    }
  }
}
