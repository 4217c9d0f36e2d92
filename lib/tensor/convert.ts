/** Nested arrays to flat elements and back. */
import { getHeapStatistics } from "node:v8";
import { describe, TorchwrightError } from "../errors";
import type { TypedArray } from "../native/values";
import type { Complex } from "./complex";
import { isComplex } from "./complex";
import type { DType } from "./dtype";
import { isComplexDtype } from "./dtype";
import type { Element, Encoded } from "./encode";
import { encode } from "./encode";

/**
 * A number, bigint, boolean or complex number `{ re, im }`, or arrays of these, not ragged and all of one kind;
 * only complex numbers may be mixed with real ones.
 */
export type NestedArray = number | bigint | boolean | Complex | readonly NestedArray[];

/** How 64-bit integers are given out. */
export interface ReadOptions {
  /** `"bigint"` (the default), or `"number"`, where an integer beyond 2^53 is an error. */
  readonly int64?: "bigint" | "number";
}

/** Checks shape and kind of nested arrays and lays their elements out row by row. */
export function flatten(data: NestedArray, dtype: DType | undefined): Encoded & { readonly shape: readonly number[] } {
  const shape = inferShape(data);
  const elements: Element[] = [];
  collect(data, shape, 0, elements);
  return { ...encode(elements, dtype, (index) => place(index, shape)), shape };
}

/** Where an element stands: `at [0, 2]`. */
function place(index: number, shape: readonly number[]): string {
  const indices: number[] = [];
  let rest = index;
  for (const size of [...shape].reverse()) {
    indices.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return `at [${indices.join(", ")}]`;
}

function inferShape(data: unknown): number[] {
  const shape: number[] = [];
  for (let level = data; Array.isArray(level); level = level[0] as unknown) {
    shape.push(level.length);
    if (shape.length > 64) throw new TorchwrightError("ERR_INVALID_ARG", "Tensor.from: expected at most 64 dimensions");
  }
  return shape;
}

function collect(data: unknown, shape: readonly number[], depth: number, into: Element[]): void {
  if (depth === shape.length) {
    if (typeof data !== "number" && typeof data !== "bigint" && typeof data !== "boolean" && !isComplex(data)) {
      const code = Array.isArray(data) ? "ERR_SHAPE_MISMATCH" : "ERR_INVALID_ARG";
      throw new TorchwrightError(
        code,
        `Tensor.from: expected a number, bigint, boolean or { re, im }, got ${describe(data)}`,
      );
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

/** Rows of rows of elements; a scalar's element alone. Complex numbers come as pairs of parts. */
export function nest(
  values: TypedArray,
  shape: readonly number[],
  dtype: DType,
  options: ReadOptions = {},
): NestedArray {
  const complex = isComplexDtype(dtype);
  let offset = 0;
  const next = (): Element => {
    const value = values[offset++] ?? 0;
    if (complex) return { re: Number(value), im: Number(values[offset++]) };
    if (dtype === "bool") return value !== 0;
    return readInteger("toArray", value, options);
  };
  const build = (depth: number): NestedArray => {
    if (depth === shape.length) return next();
    const size = shape[depth] ?? 0;
    const row: NestedArray[] = [];
    for (let i = 0; i < size; i++) row.push(build(depth + 1)); // an array of a given length is a slow one if it is long
    return row;
  };
  return build(0);
}

/**
 * Bytes that V8 takes for one array, and for an element: in it a number, outside of it a bigint or an object with two
 * numbers.
 */
const BYTES = { array: 56, number: 8, bigint: 32, complex: 80 } as const;
/** While an array grows, the old and the new one are both there. */
const GROWTH = 2.5;
/** V8 ends the process at 2^27 elements. */
const LONGEST_ROW = 100_000_000;

/**
 * Refuses nested arrays that would end the process, because V8's heap does not hold them: of very many elements, or
 * rows without any.
 * @throws TorchwrightError ERR_OUT_OF_MEMORY
 */
export function checkNesting(shape: readonly number[], dtype: DType): void {
  let rows = 1;
  let arrays = 0;
  for (const size of shape) {
    arrays += rows;
    rows *= size;
  }
  const element = isComplexDtype(dtype)
    ? BYTES.complex
    : dtype === "int64" || dtype === "uint64"
      ? BYTES.bigint
      : BYTES.number;
  const bytes = GROWTH * (arrays * BYTES.array + rows * element);
  const most = getHeapStatistics().heap_size_limit / 2;
  if (bytes <= most && Math.max(0, ...shape) <= LONGEST_ROW) return;
  throw new TorchwrightError(
    "ERR_OUT_OF_MEMORY",
    `toArray: expected nested arrays that V8's heap holds, got shape [${shape.join(", ")}], which takes about ${gigabytes(bytes)} beside ` +
      `${gigabytes(most)} that may be used; toTypedArray() gives the elements alone`,
  );
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toPrecision(2)} GB`;

/** A bigint as the caller wants it; other values as they are. */
export function readInteger<T>(
  operation: string,
  value: T | bigint,
  { int64 = "bigint" }: ReadOptions,
): T | bigint | number {
  if (int64 !== "bigint" && int64 !== "number") {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `${operation}: expected int64 to be "bigint" or "number", got ${describe(int64)}`,
    );
  }
  if (typeof value !== "bigint" || int64 === "bigint") return value;
  const number = Number(value);
  if (!Number.isSafeInteger(number)) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `${operation}: expected integers that a number holds safely, got ${describe(value)}`,
    );
  }
  return number;
}
