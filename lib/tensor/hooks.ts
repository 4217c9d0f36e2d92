/** Functions of tensors that native code calls back during backward. */
import { describe, TorchwrightError } from "../errors";
import type { NativeCallback } from "../native/callbacks";
import { addCallback } from "../native/callbacks";
import { calledBack, nativeInContext, withModes } from "./context";
import { collect } from "./scope";
import { Tensor, wrap } from "./tensor";

/** Gets the gradient, of the tensor's shape; may return another one of that shape. Must not be async. */
export type GradientHook = (gradient: Tensor) => Tensor | void;

/** A stack that overflows below Node's async hooks ends the process. */
const DEEPEST = 60;
let depth = 0;

/**
 * What native code calls as a function of tensors. What the function makes is freed when its results are taken over.
 */
export function tensorCallback(
  fn: (tensors: (Tensor | undefined)[]) => readonly (Tensor | undefined)[],
): NativeCallback {
  return (handles, gradEnabled) =>
    calledBack(() =>
      withModes({ grad: gradEnabled, inference: false }, () => {
        const { result, temporary } = collect(() => {
          const tensors = handles.map((handle) => (handle === undefined ? undefined : wrap(handle)));
          return deeper(() => fn(tensors));
        });
        return { results: result.map((tensor) => tensor?.handle), temporary };
      }),
    );
}

/** Throws ERR_INVALID_ARG beyond what the stack holds. */
function deeper<T>(fn: () => T): T {
  if (depth >= DEEPEST) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `backward: expected passes inside of hooks at most ${DEEPEST} deep; does a hook call the backward that it belongs to?`,
    );
  }
  depth += 1;
  try {
    return fn();
  } finally {
    depth -= 1;
  }
}

export function addHook(tensor: Tensor, hook: GradientHook): { remove(): void } {
  if (typeof hook !== "function") {
    throw new TorchwrightError("ERR_INVALID_ARG", `registerHook: expected a function, got ${describe(hook)}`);
  }
  let current: GradientHook | undefined = hook;
  const callback = tensorCallback(([gradient]) => {
    const result = gradient && current?.(gradient);
    if (result === undefined) return [];
    if (result instanceof Tensor) return [result];
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `registerHook: expected the hook to return a tensor or nothing, got ${describe(result)}`,
    );
  });
  nativeInContext().registerHook(tensor.handle, addCallback(callback));
  return { remove: () => (current = undefined) };
}
