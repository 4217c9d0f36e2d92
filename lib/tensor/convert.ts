/** Nested arrays to flat typed arrays and back. */
import { describe, TorchwrightError } from "../errors";
import type { TypedArray } from "../native/addon";
import type { DType } from "./dtype";

/** A number, bigint or boolean, or arrays of these, all of one kind and not ragged. */
export type NestedArray = number | bigint | boolean | readonly NestedArray[];

interface Flat {
  readonly values: TypedArray;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** Checks shape and kind of nested arrays and lays their elements out row by row. */
export function flatten(data: NestedArray): Flat {
  const shape = inferShape(data);
  const elements: (number | bigint | boolean)[] = [];
  collect(data, shape, 0, elements);
  const first = elements[0];
  const kind = typeof (first ?? 0);
  const odd = elements.findIndex((element) => typeof element !== kind);
  if (odd >= 0) {
    throw new TorchwrightError("ERR_INVALID_ARG", `Tensor.from: expected elements of one kind (${kind}), got ${describe(elements[odd])}`);
  }
  switch (kind) {
    case "bigint":
      for (const element of elements as bigint[]) {
        if (BigInt.asIntN(64, element) !== element) {
          throw new TorchwrightError("ERR_INVALID_ARG", `Tensor.from: expected bigints of 64 bits, got ${describe(element)}`);
        }
      }
      return { values: BigInt64Array.from(elements as bigint[]), shape, dtype: "int64" };
    case "boolean":
      return { values: Uint8Array.from(elements as boolean[], Number), shape, dtype: "bool" };
    default:
      // Doubles carry integers beyond float32's 2^24 exactly to an int64 dtype.
      return { values: Float64Array.from(elements as number[]), shape, dtype: "float32" };
  }
}

function inferShape(data: unknown): number[] {
  const shape: number[] = [];
  for (let level = data; Array.isArray(level); level = level[0] as unknown) {
    shape.push(level.length);
    if (shape.length > 64) throw new TorchwrightError("ERR_INVALID_ARG", "Tensor.from: expected at most 64 dimensions");
  }
  return shape;
}

function collect(data: unknown, shape: readonly number[], depth: number, into: (number | bigint | boolean)[]): void {
  if (depth === shape.length) {
    if (typeof data !== "number" && typeof data !== "bigint" && typeof data !== "boolean") {
      const code = Array.isArray(data) ? "ERR_SHAPE_MISMATCH" : "ERR_INVALID_ARG";
      throw new TorchwrightError(code, `Tensor.from: expected a number, bigint or boolean, got ${describe(data)}`);
    }
    into.push(data);
    return;
  }
  if (!Array.isArray(data) || data.length !== shape[depth]) {
    throw new TorchwrightError(
      "ERR_SHAPE_MISMATCH",
      `Tensor.from: expected arrays of ${shape[depth]} at depth ${depth}, got ${describe(data)}`,
    );
  }
  for (const item of data as unknown[]) collect(item, shape, depth + 1, into);
}

/** Rows of rows of elements; a scalar's element alone. */
export function nest(values: TypedArray, shape: readonly number[], dtype: DType): NestedArray {
  let offset = 0;
  const build = (depth: number): NestedArray => {
    if (depth === shape.length) {
      const value = values[offset++] ?? 0;
      return dtype === "bool" ? value !== 0 : value;
    }
    return Array.from({ length: shape[depth] ?? 0 }, () => build(depth + 1));
  };
  return build(0);
}
