/**
 * PyTorch's indexing: `t[…]` is `t.at(…)`, `t[…] = v` is `t.assign([…], v)`. Importing this attaches both.
 *
 * Numbers, slices, ellipsis and new axes make views, one dimension after the other; what index tensors
 * remain then go to ATen's `index` or `index_put_`, as PyTorch's `TensorIndexing.h` does it.
 */
import { describe, TorchwrightError } from "../errors";
import type { Complex } from "./complex";
import { isComplex } from "./complex";
import { integerRange, isComplexDtype } from "./dtype";
import { callInternal } from "./operators";
import type { TensorIndex } from "./read-index";
import { checkRange, consumed, readIndex } from "./read-index";
import { readSlice } from "./slice";
import { Tensor } from "./tensor";

/** Indexing, as methods of every tensor. */
export interface TensorIndexing {
  /**
   * The part of the tensor that PyTorch's `t[i, j, …]` gives: a view, but a copy where tensors or arrays are among
   * the indices.
   *
   * @example
   * ```ts
   * import { slice, Tensor } from "torchwright";
   * const x = Tensor.from([[1, 2, 3], [4, 5, 6]]);
   * console.log(x.at(-1).toArray()); // [4, 5, 6]
   * console.log(x.at("...", 0).toArray()); // [1, 4]
   * console.log(x.at(":", slice(1)).toArray()); // [[2, 3], [5, 6]]
   * console.log(x.at(x.gt(2)).toArray()); // [3, 4, 5, 6]
   * console.log(x.at([1, 0], [0, 2]).toArray()); // [4, 3]
   * ```
   *
   * @throws TorchwrightError ERR_INDEX_OUT_OF_RANGE with index, dimension and size
   * @throws TorchwrightError ERR_SHAPE_MISMATCH for a mask of another shape or positions that do not broadcast
   * @throws TorchwrightError ERR_INVALID_ARG for too many indices, a step below 1, or what is no index
   */
  at(...indices: readonly TensorIndex[]): Tensor;
  /**
   * PyTorch's `t[index] = value`, in place: `value` is broadcast to the part that `at` would give. An array is
   * the list of `at`'s arguments: `t.assign([0, 1], v)` is `t[0, 1] = v`, `t.assign([[0, 1]], v)` is `t[[0, 1]] = v`.
   * A tensor is converted to this dtype, but among index tensors or arrays it must have it, as in PyTorch. Recorded
   * for autograd; on a leaf that requires grad only under `noGrad`. Returns the tensor itself.
   *
   * @example
   * ```ts
   * import { slice, Tensor } from "torchwright";
   * const x = Tensor.from([[1, 2, 3], [4, 5, 6]]);
   * x.assign([":", 0], 9).assign(x.lt(3), 0);
   * console.log(x.toArray()); // [[9, 0, 3], [9, 5, 6]]
   * x.assign([0, slice(1)], Tensor.from([7, 8]));
   * ```
   *
   * @throws TorchwrightError as `at`; ERR_SHAPE_MISMATCH for a value that does not broadcast;
   *   ERR_INVALID_ARG for an integer that is unsafe or out of the dtype's range; ERR_OPERATOR_FAILED on a leaf that
   *   requires grad
   */
  assign(index: TensorIndex | readonly TensorIndex[], value: Tensor | number | bigint | boolean | Complex): Tensor;
}

/** A view after the simple indices, and ATen's list of index tensors, empty where there were none. */
interface Resolved {
  readonly view: Tensor;
  readonly tensors: (Tensor | undefined)[];
}

/** Runs `use` on the tensor's indexed part and frees what was made on the way, but not what `use` returns. */
function withIndices<T>(
  operation: string,
  self: Tensor,
  indices: readonly TensorIndex[],
  use: (resolved: Resolved) => T,
): T {
  const made: Tensor[] = [];
  const track = (tensor: Tensor): Tensor => {
    made.push(tensor);
    return tensor;
  };
  let result: T | undefined;
  try {
    result = use(resolve(operation, self, indices, track));
    return result;
  } finally {
    for (const tensor of made) if (tensor !== result) tensor.dispose();
  }
}

function resolve(
  operation: string,
  self: Tensor,
  given: readonly TensorIndex[],
  track: (made: Tensor) => Tensor,
): Resolved {
  const { shape } = self;
  const indices = given.map((index) => readIndex(operation, index, track));
  const specified = indices.reduce<number>((sum, index) => sum + consumed(index), 0);
  if (specified > shape.length) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `${operation}: expected at most ${shape.length} indices for shape [${shape.join(", ")}], got ${specified}`,
    );
  }
  if (indices.filter((index) => index === "...").length > 1) {
    throw new TorchwrightError("ERR_INVALID_ARG", `${operation}: expected at most one "...", got more`);
  }
  let view = self;
  let axis = 0; // dimension of `self` that comes next
  let dim = 0; // dimension of `view` that comes next
  const tensors: (Tensor | undefined)[] = [];
  const pass = (dimensions: number): void => {
    axis += dimensions;
    dim += dimensions;
    for (let i = 0; i < dimensions; i += 1) tensors.push(undefined);
  };
  const insert = (): void => {
    view = track(callInternal("unsqueeze", [view, dim]) as Tensor);
    dim += 1;
  };
  for (const index of indices) {
    if (index === "...") pass(shape.length - specified);
    else if (index === ":") pass(1);
    else if (index === null) {
      insert();
      tensors.push(undefined);
    } else if (typeof index === "boolean") {
      insert(); // a mask without dimensions over a new one: all of it or nothing
      tensors.push(track(Tensor.from(BigInt64Array.from(index ? [0n] : []))));
    } else if (typeof index === "number") {
      checkRange(operation, index, axis, shape[axis] ?? 0);
      view = track(callInternal("select", [view, dim, index]) as Tensor);
      axis += 1;
    } else if (index instanceof Tensor) {
      tensors.push(index);
      const covered = consumed(index);
      axis += covered;
      dim += covered;
    } else {
      view = track(callInternal("slice", [view, dim, ...readSlice(operation, index)]) as Tensor);
      pass(1);
    }
  }
  return { view, tensors: tensors.some((tensor) => tensor !== undefined) ? tensors : [] };
}

function at(this: Tensor, ...indices: readonly TensorIndex[]): Tensor {
  return withIndices("at", this, indices, ({ view, tensors }) => {
    if (tensors.length > 0) return callInternal("index", [view, tensors]) as Tensor;
    return view === this ? (callInternal("alias", [view]) as Tensor) : view;
  });
}

function assign(
  this: Tensor,
  index: TensorIndex | readonly TensorIndex[],
  value: Tensor | number | bigint | boolean | Complex,
): Tensor {
  const indices = Array.isArray(index) ? (index as readonly TensorIndex[]) : [index as TensorIndex];
  withIndices("assign", this, indices, ({ view, tensors }) => {
    if (tensors.length === 0 && (typeof value === "number" || typeof value === "boolean") && !isUnsafe(this, value)) {
      callInternal("fill_", [view, value]);
      return;
    }
    const source = valueTensor(this, value);
    try {
      if (tensors.length > 0) callInternal("index_put_", [view, tensors, source]);
      else callInternal("copy_", [view, source]);
    } finally {
      if (source !== value) source.dispose();
    }
  });
  return this;
}

/** Whether a number may have lost digits that the tensor's integers have. */
function isUnsafe(self: Tensor, value: number | boolean): boolean {
  return Number.isInteger(value) && !Number.isSafeInteger(value) && integerRange(self.dtype) !== undefined;
}

/** The value as a tensor without leading dimensions of size 1, which would not broadcast to fewer. */
function valueTensor(self: Tensor, value: unknown): Tensor {
  if (value instanceof Tensor) {
    const first = value.shape.findIndex((size) => size !== 1);
    const ones = first < 0 ? value.shape.length : first;
    return ones === 0 ? value : (callInternal("view", [value, value.shape.slice(ones)]) as Tensor);
  }
  const { dtype, device } = self;
  if (isComplex(value)) {
    if (isComplexDtype(dtype)) return Tensor.from(value, { dtype, device });
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `assign: expected a real number for ${dtype}, got { re: ${value.re}, im: ${value.im} }`,
    );
  }
  // Checked against the dtype's range, and exact: what a number or a 64-bit scalar may not be.
  if (typeof value === "bigint" || (typeof value === "number" && isUnsafe(self, value))) {
    return Tensor.from(value, { dtype, device });
  }
  if (typeof value === "number" || typeof value === "boolean") {
    return callInternal("full", [[], value], { dtype, device }) as Tensor;
  }
  throw new TorchwrightError("ERR_INVALID_ARG", `assign: expected a tensor or number as value, got ${describe(value)}`);
}

Object.assign(Tensor.prototype, { at, assign });
