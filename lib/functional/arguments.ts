/** How functions of `F` read their optional arguments, and the one call behind all of them. */
import { describe, TorchwrightError } from "../errors";
import { callInternal, isOptions } from "../tensor/operators";
import { Tensor } from "../tensor/tensor";

/** Optional arguments by place, in PyTorch's order, or by name in one object. @inline */
export type Optional<Places extends readonly unknown[], Names> = Places | [options: Names];

/** How a loss is reduced: element by element, their mean, their sum. @inline */
export type Reduction = "none" | "mean" | "sum";

/** One number for all dimensions, or one for each. @inline */
export type Sizes = number | readonly number[];

/** Calls an ATen operator that gives one tensor. */
export function call(operator: string, ...args: readonly unknown[]): Tensor {
  return callInternal(operator, args) as Tensor;
}

/**
 * Optional arguments with defaults filled in: by place in the order of `defaults`, then by name from a trailing
 * object. `undefined` counts as left out.
 *
 * @throws TorchwrightError ERR_INVALID_ARG for a name that the function does not have, too many arguments, or
 *   one that is given twice
 */
export function optional<T extends object>(operation: string, given: readonly unknown[], defaults: T): T {
  const names = Object.keys(defaults);
  const last = given.at(-1);
  const options = isOptions(last) ? last : {};
  const places = isOptions(last) ? given.slice(0, -1) : given;
  if (places.length > names.length) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `${operation}: expected at most ${names.length} optional arguments, got ${places.length}`,
    );
  }
  const values = { ...defaults } as Record<string, unknown>;
  places.forEach((value, i) => {
    if (value !== undefined) values[names[i] ?? ""] = value;
  });
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const place = names.indexOf(name);
    if (place < 0 || (place < places.length && places[place] !== undefined)) {
      const got = place < 0 ? describe(name) : `${name} twice`;
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `${operation}: expected options out of ${names.join(", ")}, got ${got}`,
      );
    }
    values[name] = value;
  }
  return values as T;
}

/** What a function looks at before libtorch does. Throws ERR_INVALID_ARG. */
export function checkTensor(operation: string, value: unknown): void {
  if (value instanceof Tensor) return;
  throw new TorchwrightError("ERR_INVALID_ARG", `${operation}: expected a tensor, got ${describe(value)}`);
}

/** ATen's number of a reduction. */
export function reductionNumber(operation: string, reduction: Reduction): number {
  return ["none", "mean", "sum"].indexOf(oneOf(operation, "reduction", reduction, ["none", "mean", "sum"]));
}

/** Checks a name out of a list. */
export function oneOf<T extends string>(operation: string, what: string, value: unknown, names: readonly T[]): T {
  if ((names as readonly unknown[]).includes(value)) return value as T;
  throw new TorchwrightError(
    "ERR_INVALID_ARG",
    `${operation}: expected ${what} to be one of ${names.join(", ")}, got ${describe(value)}`,
  );
}

/** A refusal in the package's words. */
export function refuse(operation: string, expected: string, got: unknown): never {
  throw new TorchwrightError(
    "ERR_INVALID_ARG",
    `${operation}: expected ${expected}, got ${typeof got === "string" ? got : describe(got)}`,
  );
}
