/** PyTorch's layout of an optimizer's `state_dict()`: its types, and reading one with checks. */
import { describe, TorchwrightError } from "../errors";
import type { TensorReference } from "../jit/tensor-reference";
import { Tensor } from "../tensor/tensor";
import { checkFlag, checkNumber, checkPair } from "./check-option";

/** As Python's `optimizer.state_dict()`. Parameters have the numbers of their order, through all groups. */
export interface OptimizerStateDict {
  /**
   * By the parameter's number; one that no step has changed yet has no entry, or zeros where nothing counts steps
   * ({@link SGD}, {@link Lion}).
   */
  readonly state: Readonly<Record<number, Readonly<Record<string, Tensor | number>>>>;
  /** Settings of each group, and its parameters by number. */
  readonly param_groups: readonly PythonGroup[];
}

/** A group's options by PyTorch's names; `params` are the parameters' numbers. */
export interface PythonGroup {
  /** Numbers of the parameters, counted over all groups. */
  readonly params: readonly number[];
  readonly [option: string]: unknown;
}

/** Where a state's elements come from: a tensor, one in a file, or a number for all. */
export type StateSource = Tensor | TensorReference | number;

/** A dictionary whose outer parts are known to be right. */
export interface CheckedStateDict {
  readonly state: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly groups: readonly (Readonly<Record<string, unknown>> & { readonly params: readonly number[] })[];
}

/**
 * Checks the parts of a dictionary against the sizes of an optimizer's groups.
 * @throws TorchwrightError ERR_INVALID_ARG for what is no optimizer's dictionary, ERR_WEIGHTS_MISMATCH for other groups
 */
export function checkStateDict(operation: string, dictionary: unknown, sizes: readonly number[]): CheckedStateDict {
  const wrong = (what: string, got: unknown): TorchwrightError =>
    new TorchwrightError(
      "ERR_INVALID_ARG",
      `${operation}: expected an optimizer's state_dict with ${what}, got ${describe(got)}`,
    );
  if (!isRecord(dictionary)) throw wrong("state and param_groups", dictionary);
  const { state, param_groups: groups } = dictionary;
  if (!isRecord(state)) throw wrong("state, a record by parameters' numbers", state);
  for (const entry of Object.values(state)) if (!isRecord(entry)) throw wrong("a record for each parameter", entry);
  if (!Array.isArray(groups)) throw wrong("param_groups, a list", groups);
  const checked = Array.from<unknown>(groups).map((group) => {
    if (!isRecord(group)) throw wrong("a record for each group", group);
    const { params } = group;
    if (!Array.isArray(params) || !Array.from<unknown>(params).every(Number.isSafeInteger)) {
      throw wrong("numbers of parameters in each group", params);
    }
    return { ...group, params: params as readonly number[] };
  });
  const found = checked.map(({ params }) => params.length);
  if (found.join() !== sizes.join()) {
    throw new TorchwrightError(
      "ERR_WEIGHTS_MISMATCH",
      `${operation}: expected groups of ${sizes.join(" and ")} parameters, as this optimizer has them, got ${found.join(" and ") || "none"}; ` +
        "give the same parameters in the same groups and order",
    );
  }
  return { state: state as CheckedStateDict["state"], groups: checked };
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Tensor);
}

/** Reads options of one group; one that is missing, as in files of older versions, keeps the value that it has here. */
export class GroupReader {
  /** What errors begin with. */
  readonly operation: string;
  readonly #group: Readonly<Record<string, unknown>>;

  constructor(operation: string, group: Readonly<Record<string, unknown>>) {
    this.operation = operation;
    this.#group = group;
  }

  number(key: string, current: number, low = 0, high = Number.MAX_VALUE): number {
    return this.#has(key) ? checkNumber(this.operation, key, this.#group[key] as number, low, high) : current;
  }

  /**
   * A number of any sign. Whether it is 0, or None and undefined here, decides which states there are, and must not
   * change.
   */
  sameKind<T extends number | undefined>(key: string, current: T): T {
    const value = this.#has(key) ? (this.#group[key] ?? undefined) : current;
    if (value !== undefined) checkNumber(this.operation, key, value as number, -Number.MAX_VALUE, Number.MAX_VALUE);
    const kind = (one: unknown): string => (one === undefined ? "None" : one === 0 ? "0" : "a number other than 0");
    if (kind(value) === kind(current)) return value as T;
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `${this.operation}: expected ${key} to be ${kind(current)}, as this optimizer has it, got ${kind(value)}`,
    );
  }

  pair(key: string, current: readonly [number, number], high = Number.MAX_VALUE): readonly [number, number] {
    return this.#has(key)
      ? checkPair(this.operation, key, this.#group[key] as readonly [number, number], 0, high)
      : current;
  }

  flag(key: string, current: boolean): boolean {
    return this.#has(key) ? checkFlag(this.operation, key, this.#group[key] as boolean) : current;
  }

  /** For what only one value of is known here. */
  only(key: string, value: boolean): void {
    if (this.flag(key, value) !== value) {
      throw new TorchwrightError("ERR_INVALID_ARG", `${this.operation}: expected ${key} to be ${value}, got ${!value}`);
    }
  }

  #has(key: string): boolean {
    return Object.hasOwn(this.#group, key);
  }
}
