/** Moves a module's tensors to another device or dtype under the handles that optimizers and users hold. */
import { describe, TorchwrightError } from "../errors";
import { checkOptions } from "../tensor/check-options";
import { nativeInContext } from "../tensor/context";
import type { Device } from "../tensor/device";
import { resolveDevice } from "../tensor/device";
import type { DType } from "../tensor/dtype";
import { isDtype } from "../tensor/dtype";
import { countMove } from "../tensor/moves";
import type { Tensor } from "../tensor/tensor";

/** Dtypes that a model may compute in. @inline */
export type FloatType = Extract<DType, "float32" | "float64" | "float16" | "bfloat16">;

const FLOAT_TYPES: readonly string[] = ["float32", "float64", "float16", "bfloat16"] satisfies FloatType[];

/** Where to, and as what; what is left out stays. */
export interface Move {
  readonly device?: Device;
  readonly dtype?: FloatType;
}

/** @throws TorchwrightError ERR_INVALID_ARG, ERR_UNKNOWN_DTYPE, ERR_UNKNOWN_DEVICE, ERR_DEVICE_UNAVAILABLE */
export function readMove(target: Device | FloatType | { readonly device?: string; readonly dtype?: FloatType }): Move {
  if (typeof target !== "string" && (typeof target !== "object" || target === null)) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `to: expected a device, a dtype or an object with both, got ${describe(target)}`,
    );
  }
  if (typeof target !== "string") checkOptions("to", target, ["device", "dtype"]);
  const { device, dtype } =
    typeof target !== "string"
      ? target
      : isDtype(target)
        ? { device: undefined, dtype: target }
        : { device: target, dtype: undefined };
  if (dtype !== undefined && !FLOAT_TYPES.includes(dtype)) {
    throw new TorchwrightError("ERR_UNKNOWN_DTYPE", `to: expected ${FLOAT_TYPES.join(", ")}, got ${describe(dtype)}`);
  }
  return { ...(device !== undefined && { device: resolveDevice(device) }), ...(dtype !== undefined && { dtype }) };
}

/**
 * Exchanges the tensors' elements and gradients for moved ones, off the JavaScript thread. Integral tensors keep their
 * dtype.
 */
export async function moveTensors(tensors: readonly Tensor[], { device, dtype }: Move): Promise<void> {
  countMove();
  await nativeInContext().moveTensors(
    tensors.map(({ handle }) => handle),
    device,
    dtype,
  );
}
