/** Letting go of gradients between steps. */
import { native } from "../native/load";
import type { Tensor } from "../tensor/tensor";

/**
 * Drops the gradients of parameters (`toNone`, the default, frees them) or sets them to zero. Queued in
 * program order behind a running backward or step.
 */
export function zeroGrads(params: readonly Tensor[], toNone = true): void {
  if (toNone) for (const parameter of params) parameter.forgetGrad();
  // A rejection means that the process is ending.
  native()
    .zeroGrad(
      params.map(({ handle }) => handle),
      toNone,
    )
    .catch(() => undefined);
}
