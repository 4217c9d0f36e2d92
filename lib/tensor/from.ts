/** What `Tensor.from` takes, as a tensor in the addon: by a copy, or over memory that was lent. */
import { describe, TorchwrightError } from "../errors";
import type { Handle } from "../native/values";
import { checkOptions } from "./check-options";
import { nativeInContext } from "./context";
import type { NestedArray } from "./convert";
import { flatten } from "./convert";
import { resolveDevice } from "./device";
import type { DType } from "./dtype";
import { checkDtype } from "./dtype";
import type { TensorData } from "./typed-array";
import { encodeTypedArray } from "./typed-array";

/** Options of `Tensor.from`; what is left out follows from the data, the device is the CPU. */
export interface FromOptions {
  /** Default: the nesting of the arrays, or one dimension for a typed array. */
  readonly shape?: readonly number[];
  /** Default: by the elements (number → float32, bigint → int64, boolean → bool, a typed array its own). */
  readonly dtype?: DType;
  /** Default "cpu". */
  readonly device?: string;
  /** Whether gradients are computed for it. Default false. */
  readonly requiresGrad?: boolean;
  /**
   * Take the typed array's memory instead of copying it: for arrays over a tensor's memory, from
   * `toTypedArray` with `share` or a large `read`. Default false.
   */
  readonly share?: boolean;
}

/** A new tensor's handle. */
export function handleFrom(data: NestedArray | TensorData, options: FromOptions): Handle {
  checkOptions("Tensor.from", options, ["shape", "dtype", "device", "requiresGrad", "share"]);
  if (options.share) return handleOver(data, options);
  const device = resolveDevice(options.device ?? "cpu");
  const wanted = options.dtype === undefined ? undefined : checkDtype(options.dtype);
  const { values, dtype, form, shape } = ArrayBuffer.isView(data)
    ? encodeTypedArray(data, wanted)
    : flatten(data, wanted);
  return nativeInContext().fromTypedArray(values, options.shape ?? shape, dtype, device, form);
}

/** The same over the memory of a typed array that libtorch lent. */
function handleOver(data: NestedArray | TensorData, { shape, dtype, device }: FromOptions): Handle {
  if (!ArrayBuffer.isView(data)) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `Tensor.from: expected a typed array to share, got ${describe(data)}`,
    );
  }
  const own = encodeTypedArray(data, undefined);
  if (
    own.form !== "values" ||
    (dtype !== undefined && dtype !== own.dtype) ||
    (device !== undefined && device !== "cpu")
  ) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      "Tensor.from: with `share`, expected the array's own dtype and the CPU; convert with to()",
    );
  }
  return nativeInContext().shareIn(own.values, shape ?? own.shape);
}
