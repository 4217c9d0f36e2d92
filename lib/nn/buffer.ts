/** A tensor that is part of a module's state and is not trained. */
import { checkOptions } from "../tensor/check-options";
import type { Tensor } from "../tensor/tensor";
import { OwnedTensor } from "./owned-tensor";

/**
 * State that no optimizer changes, as `torch.nn.Buffer`: it moves with its module and stands in `stateDict()`, but
 * not in `parameters()`. It shares the elements of `data` and lives until its module's `dispose()`.
 *
 * @example
 * ```ts
 * import { nn, Tensor } from "torchwright";
 * class Centre extends nn.Module {
 *   readonly mean = new nn.Buffer(Tensor.from([0.5, 0.25]));
 *   forward(x: Tensor): Tensor {
 *     return x.sub(this.mean); // [..., 2]
 *   }
 * }
 * console.log([...new Centre().stateDict().keys()]); // ["mean"]
 * ```
 */
export class Buffer extends OwnedTensor {
  /** Whether `stateDict()` has it; one that can be computed anew need not be saved. */
  readonly persistent: boolean;

  constructor(data: Tensor, options: { readonly persistent?: boolean } = {}) {
    super(data);
    const { persistent = true } = checkOptions("Buffer", options, ["persistent"]);
    this.persistent = persistent;
  }
}
