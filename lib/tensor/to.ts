/** What `Tensor.to` takes. */
import { describe, TorchwrightError } from "../errors";
import { checkOptions } from "./check-options";
import type { Device } from "./device";
import { resolveDevice } from "./device";
import type { DType } from "./dtype";
import { checkDtype, isDtype } from "./dtype";

/** What `Tensor.to` changes. */
export interface ToOptions {
  /** Default: the tensor's own. */
  readonly dtype?: DType;
  /** Default: the tensor's own. */
  readonly device?: string;
  /**
   * A copy between pinned memory (`pinMemory()`) and a GPU returns before it is done; to read on the CPU what came from
   * a GPU then needs `synchronize()` first. Default false.
   */
  readonly nonBlocking?: boolean;
}

/** The same as options, checked; `"cuda"` is a device of this process's. */
export function readTarget(target: DType | Device | ToOptions): ToOptions {
  if (typeof target !== "string" && (typeof target !== "object" || target === null)) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `to: expected a dtype, a device or an object with both, got ${describe(target)}`,
    );
  }
  if (typeof target !== "string") checkOptions("to", target, ["dtype", "device", "nonBlocking"]);
  const { dtype, device, nonBlocking }: ToOptions =
    typeof target !== "string" ? target : isDtype(target) ? { dtype: target } : { device: target };
  return {
    ...(dtype === undefined ? {} : { dtype: checkDtype(dtype) }),
    ...(device === undefined ? {} : { device: resolveDevice(device) }),
    ...(nonBlocking === undefined ? {} : { nonBlocking }),
  };
}
