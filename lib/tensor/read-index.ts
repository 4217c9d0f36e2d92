/** What stands between the brackets of an index: checked, and brought into a few forms. */
import { describe, TorchwrightError } from "../errors";
import type { Slice } from "./slice";
import { Tensor } from "./tensor";

/** Positions (int64) or a mask (bool) as nested arrays. */
export type IndexArray = readonly (number | bigint | boolean | IndexArray)[];

/**
 * What one place between the brackets may hold: a position (negative ones count from the end), a slice or `":"`
 * for a whole dimension, `"..."` for as many whole dimensions as fit, `null` for a new dimension of size 1, an
 * int64 tensor or array of positions, a bool tensor or array as a mask.
 */
export type TensorIndex = number | bigint | boolean | null | "..." | ":" | Slice | Tensor | IndexArray;

/** An index as it is worked with. */
export type ReadIndex = number | boolean | null | "..." | ":" | Slice | Tensor;

/** Arrays become tensors, tensors without dimensions become what they hold. */
export function readIndex(operation: string, index: TensorIndex, track: (made: Tensor) => Tensor): ReadIndex {
  if (Array.isArray(index)) {
    return track(Tensor.from(index as readonly number[], isMask(index) ? {} : { dtype: "int64" }));
  }
  if (index instanceof Tensor) return readTensor(operation, index);
  if (typeof index === "bigint" || typeof index === "number") {
    const position = Number(index);
    if (Number.isSafeInteger(position)) return position;
  } else if (
    index === null ||
    index === "..." ||
    index === ":" ||
    typeof index === "boolean" ||
    (typeof index === "object" && index !== null)
  ) {
    return index as ReadIndex;
  }
  throw new TorchwrightError(
    "ERR_INVALID_ARG",
    `${operation}: expected an integer, a slice, ":", "...", null, a mask or a tensor of positions as index, got ${describe(index)}`,
  );
}

function isMask(index: unknown): boolean {
  return Array.isArray(index) ? isMask(index[0]) : typeof index === "boolean";
}

function readTensor(operation: string, index: Tensor): ReadIndex {
  const { dtype, shape } = index;
  if (dtype !== "bool" && dtype !== "int64" && dtype !== "int32") {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `${operation}: expected a tensor of bool, int64 or int32 as index, got ${dtype}`,
    );
  }
  if (shape.length > 0) return index;
  const value = index.item({ int64: "number" });
  return typeof value === "boolean" ? value : Number(value);
}

/** Dimensions that an index stands for. */
export function consumed(index: ReadIndex): number {
  if (index === null || index === "..." || typeof index === "boolean") return 0;
  return index instanceof Tensor && index.dtype === "bool" ? index.shape.length : 1;
}

/** Refuses a position beyond a dimension. */
export function checkRange(operation: string, index: number, dim: number, size: number): void {
  if (index >= -size && index < size) return;
  throw new TorchwrightError(
    "ERR_INDEX_OUT_OF_RANGE",
    size === 0
      ? `${operation}: expected no index into dimension ${dim}, which has size 0, got ${index}`
      : `${operation}: expected an index from ${-size} to ${size - 1} for dimension ${dim} of size ${size}, got ${index}`,
  );
}
