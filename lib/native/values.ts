/** What crosses the boundary to native code: handles, results, arrays, and how arguments are told apart. */

/**
 * A tensor as the addon knows it: slot number and generation in one number.
 * A handle whose slot was freed or reused is an error, never another tensor.
 */
export type Handle = number;

/** What comes back from native code: a number is a tensor's handle, `{ value }` anything else. */
export type NativeResult =
  | Handle
  | undefined
  | { readonly value: number | bigint | boolean | string | number[] }
  | { readonly dict: readonly (readonly [string, NativeResult])[] }
  | readonly NativeResult[];

/** A random generator as the addon knows it; never given out twice. */
export type GeneratorHandle = number;

/**
 * How an argument is to be read. A tensor, a generator and a number are all plain numbers on their
 * way into C++, so each call carries two bits per argument, the first argument's lowest.
 */
export const ArgKind = { plain: 0, tensor: 1, tensorList: 2, generator: 3 } as const;

/** Typed arrays whose elements are a dtype of libtorch. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

/** Real and imaginary part, as `item` gives them. */
export interface ComplexParts {
  /** The real part. */
  readonly re: number;
  /** The imaginary part. */
  readonly im: number;
}

/**
 * How an array's elements make up a tensor's: one each, real and imaginary parts in turn (complex), or
 * float16's bits in a Uint16Array.
 */
export type ArrayForm = "values" | "pairs" | "float16";

export interface TensorMeta {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly device: string;
  readonly requiresGrad: boolean;
  readonly isLeaf: boolean;
}

/** What only printing asks for. */
export interface TensorDetails {
  /** `MulBackward0`; absent for a leaf. */
  readonly gradFn?: string;
  /** c10's name: `Strided`, `Sparse`, `SparseCsr`, … */
  readonly layout: string;
  readonly quantized: boolean;
}
