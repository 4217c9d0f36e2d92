/** AdamW on libtorch's fused kernel: the same arithmetic as `torch.optim.AdamW(..., fused=True)`. */
import { FusedAdam, type FusedAdamOptions } from "./fused-adam";
import type { ParamsOrGroups } from "./param-groups";

/** PyTorch's names and defaults, but `weightDecay` 0 (PyTorch 0.01), as Hugging Face's Trainer has it. */
export type AdamWOptions = FusedAdamOptions;

/**
 * Adam with decoupled weight decay.
 *
 * The states (two tensors of the parameter's shape and a step count each) are made at construction and live until
 * `dispose()`.
 *
 * Source: Loshchilov & Hutter, *Decoupled Weight Decay Regularization*, 2019; arithmetic of
 * `torch._fused_adamw_`.
 */
export class AdamW extends FusedAdam {
  protected override readonly kernel = "_fused_adamw_";

  /** @throws TorchwrightError ERR_INVALID_ARG */
  constructor(params: ParamsOrGroups, options: AdamWOptions = {}) {
    super(params, options);
  }
}
