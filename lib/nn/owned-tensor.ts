/** What parameters and buffers have in common: tensors that belong to a module and not to a scope. */
import { describe, TorchwrightError } from "../errors";
import { outsideScopes } from "../tensor/context";
import { Tensor } from "../tensor/tensor";

/** A tensor with a handle of its own on another's elements, which no scope frees. */
export abstract class OwnedTensor extends Tensor {
  /** Keeps the handle, whose finalizer is this object's, alive. */
  readonly #alias: Tensor;

  protected constructor(data: Tensor) {
    if (!(data instanceof Tensor)) {
      throw new TorchwrightError("ERR_INVALID_ARG", `${new.target.name}: expected a tensor, got ${describe(data)}`);
    }
    const alias = outsideScopes(() => data.detach());
    super(alias.handle);
    this.#alias = alias;
  }

  override dispose(): void {
    super.dispose();
    this.#alias.dispose();
  }
}
