/** Data types by PyTorch's names, and the typed arrays that hold them. */
import { describe, TorchwrightError } from "../errors";
import type { TypedArray } from "../native/addon";

export const DTYPES = [
  "float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool",
  "uint16", "uint32", "uint64", "complex32", "complex64", "complex128",
] as const;

/** Name of an element type. */
export type DType = (typeof DTYPES)[number];

export function isDtype(name: unknown): name is DType {
  return (DTYPES as readonly unknown[]).includes(name);
}

/** @throws TorchwrightError ERR_UNKNOWN_DTYPE */
export function checkDtype(dtype: unknown): DType {
  if (isDtype(dtype)) return dtype;
  throw new TorchwrightError("ERR_UNKNOWN_DTYPE", `dtype: expected one of ${DTYPES.join(", ")}; got ${describe(dtype)}`);
}

/** The dtype that a typed array's elements have, or undefined for an array that no tensor takes. */
export function dtypeOf(array: TypedArray): DType | undefined {
  if (array instanceof Float32Array) return "float32";
  if (array instanceof Float64Array) return "float64";
  if (array instanceof BigInt64Array) return "int64";
  if (array instanceof Int32Array) return "int32";
  if (array instanceof Int16Array) return "int16";
  if (array instanceof Int8Array) return "int8";
  if (array instanceof Uint8Array) return "uint8";
  return undefined;
}
