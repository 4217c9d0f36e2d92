/** Adam on libtorch's fused kernel: the same arithmetic as `torch.optim.Adam(..., fused=True)`. */
import { FusedAdam, type FusedAdamOptions } from "./fused-adam";
import type { ParamsOrGroups } from "./param-groups";

/** PyTorch's names and defaults. */
export type AdamOptions = FusedAdamOptions;

/**
 * Adam, with weight decay as an L2 penalty: it is added to the gradient, and what Adam makes of it depends on the
 * gradient's size. For decay that does not, take {@link AdamW}.
 *
 * Source: Kingma & Ba, *Adam: A Method for Stochastic Optimization*, 2015; arithmetic of `torch._fused_adam_`.
 */
export class Adam extends FusedAdam {
  protected override readonly kernel = "_fused_adam_";

  /** @throws TorchwrightError ERR_INVALID_ARG */
  constructor(params: ParamsOrGroups, options: AdamOptions = {}) {
    super(params, options);
  }
}
