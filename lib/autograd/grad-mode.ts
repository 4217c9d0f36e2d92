/** Whether operators record what backward needs; holds across `await`. */
import { currentContext, withContext } from "../tensor/context";

/**
 * Runs `fn`, sync or async, without recording for autograd, as `torch.no_grad()`.
 *
 * @example
 * ```ts
 * import { noGrad, Tensor } from "torchwright";
 * const w = Tensor.from([1, 2], { requiresGrad: true });
 * console.log(noGrad(() => w.mul(2)).requiresGrad); // false
 * ```
 */
export function noGrad<T>(fn: () => T): T {
  return withContext({ gradEnabled: false }, fn);
}

/** Runs `fn`, sync or async, recording again inside {@link noGrad}, as `torch.enable_grad()`. */
export function enableGrad<T>(fn: () => T): T {
  return withContext({ gradEnabled: true }, fn);
}

/** Whether an operator called here would record. */
export function isGradEnabled(): boolean {
  return currentContext().gradEnabled;
}
