/** Data types by PyTorch's names, and what they hold. */
import { describe, TorchwrightError } from "../errors";

export const DTYPES = [
  "float32",
  "float64",
  "float16",
  "bfloat16",
  "int64",
  "int32",
  "int16",
  "int8",
  "uint8",
  "bool",
  "uint16",
  "uint32",
  "uint64",
  "complex32",
  "complex64",
  "complex128",
] as const;

/** Name of an element type. */
export type DType = (typeof DTYPES)[number];

export function isDtype(name: unknown): name is DType {
  return (DTYPES as readonly unknown[]).includes(name);
}

/** @throws TorchwrightError ERR_UNKNOWN_DTYPE */
export function checkDtype(dtype: unknown): DType {
  if (isDtype(dtype)) return dtype;
  throw new TorchwrightError(
    "ERR_UNKNOWN_DTYPE",
    `dtype: expected one of ${DTYPES.join(", ")}; got ${describe(dtype)}`,
  );
}

/** Whether elements have a real and an imaginary part. */
export function isComplexDtype(dtype: DType): boolean {
  return dtype.startsWith("complex");
}

/** Smallest and largest value of each integral dtype. */
const INTEGER_RANGES: Partial<Record<DType, readonly [bigint, bigint]>> = {
  int8: [-(2n ** 7n), 2n ** 7n - 1n],
  int16: [-(2n ** 15n), 2n ** 15n - 1n],
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint8: [0n, 2n ** 8n - 1n],
  uint16: [0n, 2n ** 16n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
};

/** Smallest and largest value that a dtype of integers holds; undefined for the others, bool included. */
export function integerRange(dtype: DType): readonly [bigint, bigint] | undefined {
  return INTEGER_RANGES[dtype];
}
