/**
 * The hot path of operator calls. Arguments pass through a buffer that the addon reads without asking for each (the
 * frame), and the kinds of the arguments name a plan: which overload they fit and how each is converted, found once
 * (`call_plan.h` has the other half).
 *
 * What this path cannot carry (keyword arguments, strings, bigints, long lists) takes the general way; see
 * `operators.ts`.
 */
import type { NativeResult } from "../native/values";
import { native } from "../native/load";
import { Tensor } from "./tensor";

/** Kinds of arguments, four bits each in a signature after a leading 1; 0 is what the frame cannot carry. */
const Code = {
  none: 0,
  tensor: 1,
  int: 2,
  double: 3,
  bool: 4,
  undefined: 5,
  null: 6,
  emptyList: 7,
  intList: 8,
  doubleList: 9,
  tensorList: 10,
} as const;

/** So that a signature is a small integer of 29 bits, and the frame (512 cells) holds all. */
const MOST_ARGUMENTS = 7;
const MOST_ELEMENTS = 64;

/** An operator by its number in the addon, with the plans for its calls so far. */
export class OperatorEntry {
  #number: number | undefined;
  readonly #plans = new Map<number, number>();
  #lastSignature = 0;
  #lastPlan = 0;

  constructor(readonly name: string) {}

  get number(): number {
    return (this.#number ??= native().operator(this.name, true));
  }

  plan(signature: number): number {
    if (signature === this.#lastSignature) return this.#lastPlan;
    let plan = this.#plans.get(signature);
    if (plan === undefined) {
      plan = native().plan(this.number, signature);
      this.#plans.set(signature, plan);
    }
    this.#lastSignature = signature;
    this.#lastPlan = plan;
    return plan;
  }
}

let frame: Float64Array | undefined;
let run: () => NativeResult = () => undefined;
let cursor = 0;
/** Grows with every call: an element's getter that calls an operator writes to the same frame. */
let epoch = 0;

/** Puts a call into the frame; false where it must take the general way. `self` comes before `args`. */
export function prepareCall(entry: OperatorEntry, self: Tensor | undefined, args: readonly unknown[]): boolean {
  const cells = frame ?? openFrame();
  const mine = ++epoch;
  cursor = 1;
  let signature = 1;
  if (self !== undefined) {
    cells[cursor++] = self.handle;
    signature = 16 + Code.tensor;
  }
  if (args.length >= MOST_ARGUMENTS) return false;
  for (const arg of args) {
    const code = put(cells, arg);
    if (code === Code.none) return false;
    signature = 16 * signature + code;
  }
  const plan = entry.plan(signature);
  if (plan === 0 || epoch !== mine) return false;
  cells[0] = plan;
  return true;
}

/** Runs the prepared call. A single tensor's handle is in {@link resultHandle}; other results come back as they are. */
export function runPrepared(): NativeResult {
  return run();
}

/** In the place of a result: the first argument, which the operator has changed in place. */
export const FIRST_ARGUMENT = -1;

/** The handle of the single tensor that the last call gave, or {@link FIRST_ARGUMENT}; 0 where it gave none. */
export function resultHandle(): number {
  return frame?.[0] ?? 0;
}

/** Whether that tensor keeps next to nothing alive: at most 1 KB, and no graph. */
export function resultIsLight(): boolean {
  return frame?.[1] === 1;
}

function openFrame(): Float64Array {
  const addon = native();
  run = addon.run;
  // An empty one holds no plan's number: every call takes the general way.
  return (frame = addon.frame() ?? new Float64Array(0));
}

function put(cells: Float64Array, value: unknown): number {
  switch (typeof value) {
    case "number":
      cells[cursor++] = value;
      return numberCode(value);
    case "boolean":
      cells[cursor++] = value ? 1 : 0;
      return Code.bool;
    case "undefined":
      return Code.undefined;
    case "object":
      if (value instanceof Tensor) {
        cells[cursor++] = value.handle;
        return Code.tensor;
      }
      if (value === null) return Code.null;
      return Array.isArray(value) ? putList(cells, value) : Code.none;
    default:
      return Code.none;
  }
}

/** -0 is an integer where one is wanted, but not the integer 0 as a scalar: the general way knows. */
function numberCode(value: number): number {
  if (value === 0) return 1 / value > 0 ? Code.int : Code.none;
  return Number.isSafeInteger(value) ? Code.int : Code.double;
}

function putList(cells: Float64Array, list: readonly unknown[]): number {
  const { length } = list;
  if (length > MOST_ELEMENTS) return Code.none;
  cells[cursor++] = length;
  if (length === 0) return Code.emptyList;
  let code: number = Code.none;
  for (let i = 0; i < length; i++) {
    const item = list[i];
    if (typeof item === "number") {
      if (code === Code.tensorList) return Code.none;
      if (!Number.isSafeInteger(item)) code = Code.doubleList;
      else if (code === Code.none) code = Code.intList;
      cells[cursor++] = item;
    } else {
      if (!(item instanceof Tensor) || (code !== Code.none && code !== Code.tensorList)) return Code.none;
      code = Code.tensorList;
      cells[cursor++] = item.handle;
    }
  }
  return code;
}
