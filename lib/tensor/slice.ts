/** A range of positions along one dimension. */
import { describe, TorchwrightError } from "../errors";

/** Python's `start:end:step`: `end` is not included, negative positions count from the end, both ends are clipped. */
export interface Slice {
  /** First index; negative ones count from the end. Default: the beginning. */
  readonly start?: number | null;
  /** Index behind the last. Default: the end. */
  readonly end?: number | null;
  /** 1 or more; 1 where left out. */
  readonly step?: number;
}

/**
 * `start:end:step` as an index for `at` and `assign`: `slice(1)` is Python's `1:`, `slice(null, 3)` is `:3`.
 *
 * @example
 * ```ts
 * import { slice, Tensor } from "torchwright";
 * const x = Tensor.from([0, 1, 2, 3, 4, 5]);
 * console.log(x.at(slice(1, -1, 2)).toArray()); // [1, 3]
 * ```
 */
export function slice(start?: number | null, end?: number | null, step = 1): Slice {
  return { start: start ?? null, end: end ?? null, step };
}

/** Checks what JavaScript passed as a slice. */
export function readSlice(operation: string, value: object): readonly [number | null, number | null, number] {
  const unknown = Object.keys(value).find((key) => !["start", "end", "step"].includes(key));
  if (unknown !== undefined || Object.getPrototypeOf(value) !== Object.prototype) {
    const got = unknown === undefined ? describe(value) : `the key ${describe(unknown)}`;
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `${operation}: expected an index or a slice { start, end, step }, got ${got}`,
    );
  }
  const { start = null, end = null, step = 1 } = value as Slice;
  for (const [name, position] of Object.entries({ start: start ?? 0, end: end ?? 0, step })) {
    if (Number.isSafeInteger(position)) continue;
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `${operation}: expected an integer as a slice's ${name}, got ${describe(position)}`,
    );
  }
  if (step < 1) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `${operation}: expected a positive step, got ${step}; flip([dim]) reverses a dimension`,
    );
  }
  return [start, end, step];
}
