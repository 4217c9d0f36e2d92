/** Whether operators record what backward needs; holds across `await`. */
import { checkFunction } from "../tensor/check-options";
import { currentContext, withModes } from "../tensor/context";

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
  checkFunction("noGrad", fn);
  return withModes({ grad: false }, fn);
}

/**
 * Runs `fn`, sync or async, recording again inside {@link noGrad}, as `torch.enable_grad()`. Inside
 * {@link inferenceMode} nothing is recorded all the same.
 */
export function enableGrad<T>(fn: () => T): T {
  checkFunction("enableGrad", fn);
  return withModes({ grad: true }, fn);
}

/**
 * Runs `fn`, sync or async, as `torch.inference_mode()`: faster than {@link noGrad}, because the tensors made
 * inside track neither views nor versions. They can never take part in autograd, not even later.
 *
 * @example
 * ```ts
 * import { inferenceMode, Tensor } from "torchwright";
 * const w = Tensor.from([1, 2], { requiresGrad: true });
 * console.log(inferenceMode(() => w.mul(2)).requiresGrad); // false
 * ```
 */
export function inferenceMode<T>(fn: () => T): T {
  checkFunction("inferenceMode", fn);
  return withModes({ inference: true }, fn);
}

/** Whether an operator called here would record. */
export function isGradEnabled(): boolean {
  const { grad, inference } = currentContext().modes;
  return grad && !inference;
}

/** Whether this runs inside {@link inferenceMode}. */
export function isInferenceMode(): boolean {
  return currentContext().modes.inference;
}
