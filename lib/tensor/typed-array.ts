/** Typed arrays as the elements of a tensor. */
import { describe, TorchwrightError } from "../errors";
import type { TypedArray } from "../native/values";
import type { DType } from "./dtype";
import { integerRange, isComplexDtype } from "./dtype";
import type { Encoded } from "./encode";
import { checkIntegers } from "./encode";

/** A Float16Array, which newer JavaScript engines have. @inline */
export type Float16Data = ArrayBufferView & {
  readonly [Symbol.toStringTag]: "Float16Array";
  /** Number of elements. */
  readonly length: number;
};

/** Typed arrays that a tensor is made from. */
export type TensorData = TypedArray | Uint8ClampedArray | Float16Data;

/** By the name that the engine gives an array, which a subclass (Buffer) shares. */
const DTYPE_OF: Readonly<Record<string, DType>> = {
  Float32Array: "float32",
  Float64Array: "float64",
  Int8Array: "int8",
  Int16Array: "int16",
  Int32Array: "int32",
  BigInt64Array: "int64",
  Uint8Array: "uint8",
  Uint8ClampedArray: "uint8",
  Uint16Array: "uint16",
  Uint32Array: "uint32",
  BigUint64Array: "uint64",
};

const TYPED_ARRAY = Object.getPrototypeOf(Uint8Array.prototype) as object;

/** `Float32Array` for such an array, whatever its class calls itself; undefined for a DataView. */
function arrayKind(data: ArrayBufferView): string | undefined {
  return Reflect.get(TYPED_ARRAY, Symbol.toStringTag, data) as string | undefined;
}

/**
 * A typed array as elements of `dtype`, by default its own. For a complex dtype it holds real and imaginary
 * parts in turn, as `toTypedArray` gives them.
 *
 * @throws TorchwrightError ERR_INVALID_ARG for an array that no tensor takes, or a value that an integral
 *   dtype does not hold
 */
export function encodeTypedArray(
  data: TensorData,
  dtype: DType | undefined,
): Encoded & { readonly shape: readonly number[] } {
  const kind = arrayKind(data);
  if (kind === "Float16Array") {
    const numbers = data as unknown as ArrayLike<number>;
    if (dtype !== undefined && (integerRange(dtype) || isComplexDtype(dtype))) {
      return encodeTypedArray(Float32Array.from(numbers), dtype);
    }
    const values = new Uint16Array(data.buffer, data.byteOffset, data.length);
    return { values, dtype: dtype ?? "float16", form: "float16", shape: [data.length] };
  }
  const own = kind === undefined ? undefined : DTYPE_OF[kind];
  if (own === undefined) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `Tensor.from: expected numbers or a typed array, got ${describe(data)}`,
    );
  }
  const values = data as TypedArray | Uint8ClampedArray;
  if (dtype === undefined || dtype === own) return { values, dtype: own, form: "values", shape: [values.length] };
  if (isComplexDtype(dtype)) {
    const parts =
      values instanceof Float32Array || values instanceof Float64Array
        ? values
        : Float64Array.from(values as Int8Array, Number);
    return { values: parts, dtype, form: "pairs", shape: [Math.floor(parts.length / 2)] };
  }
  checkIntegers(values, dtype, (index) => `at index ${index}`);
  return { values, dtype, form: "values", shape: [values.length] };
}
