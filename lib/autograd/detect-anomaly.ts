/** Finds the forward call whose gradient went wrong. */
import { describe, TorchwrightError } from "../errors";
import { native } from "../native/load";
import { withModes } from "../tensor/context";

/** What `detectAnomaly` looks for. */
export interface AnomalyOptions {
  /** Whether a NaN in a gradient is an error; default true. */
  readonly checkNan?: boolean;
}

/**
 * Runs `fn`, sync or async, so that an error in a backward pass, or a NaN that it computes, names the JavaScript stack
 * of the forward call, as `torch.autograd.detect_anomaly`. Slow: for finding a fault, not for training. NaN checks are
 * the process's: they hold for backward passes of other code too while `fn` runs.
 *
 * @throws TorchwrightError (from `backward` inside) ERR_NON_FINITE for a NaN
 *
 * @example
 * ```ts
 * import { detectAnomaly, Tensor, TorchwrightError } from "torchwright";
 * using x = Tensor.from([0], { requiresGrad: true });
 * await detectAnomaly(async () => {
 *   const y = x.mul(0).div(x).sum(); // 0 / 0
 *   await y.backward().catch((error: TorchwrightError) => console.log(error.code)); // ERR_NON_FINITE
 * });
 * ```
 */
export function detectAnomaly<T>(fn: () => T, options: AnomalyOptions = {}): T {
  const { checkNan = true } = options;
  if (typeof checkNan !== "boolean") {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `detectAnomaly: expected checkNan to be true or false, got ${describe(checkNan)}`,
    );
  }
  native().anomalyScope(true, checkNan);
  const end = (): void => native().anomalyScope(false, checkNan);
  let result: T;
  try {
    result = withModes({ anomaly: true }, fn);
  } catch (error) {
    end();
    throw error;
  }
  if (result instanceof Promise) return result.finally(end) as T;
  end();
  return result;
}
