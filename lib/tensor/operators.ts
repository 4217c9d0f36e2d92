/**
 * Calls any public ATen operator by name. One native function serves them all: it converts arguments
 * by the operator's schema and picks the overload that they fit.
 */
import { describe, TorchwrightError } from "../errors";
import type { NativeResult } from "../native/values";
import { ArgKind } from "../native/values";
import { native } from "../native/load";
import { enterContext } from "./context";
import { Generator } from "./generator";
import { FIRST_ARGUMENT, OperatorEntry, prepareCall, resultHandle, resultIsLight, runPrepared } from "./invoke";
import { Tensor, wrap, wrapFor } from "./tensor";

/** A result of an operator or module: a tensor, plain value, or arrays of these. */
export type OperatorResult =
  | Tensor
  | undefined
  | number
  | bigint
  | boolean
  | string
  | readonly number[]
  | readonly OperatorResult[]
  | { readonly [key: string]: OperatorResult };

/** Arguments as the addon takes them. */
export interface EncodedArguments {
  readonly kinds: number;
  readonly names: readonly string[] | undefined;
  readonly values: unknown[];
}

/** Replaces tensors by handles and notes where they stood. `named` arguments follow the positional ones. */
export function encodeArguments(
  positional: readonly unknown[],
  named?: Readonly<Record<string, unknown>>,
): EncodedArguments {
  let kinds = 0;
  let weight = 1;
  const values: unknown[] = [];
  const add = (value: unknown): void => {
    if (value instanceof Tensor) {
      kinds += ArgKind.tensor * weight;
      values.push(value.handle);
    } else if (Array.isArray(value) && holdsTensors(value)) {
      kinds += ArgKind.tensorList * weight;
      values.push(value.map(toHandle));
    } else if (value instanceof Generator) {
      kinds += ArgKind.generator * weight;
      values.push(value.handle);
    } else {
      values.push(value);
    }
    weight *= 4;
  };
  for (const value of positional) add(value);
  if (!named) return { kinds, names: undefined, values };
  const names: string[] = [];
  for (const [name, value] of Object.entries(named)) {
    if (value === undefined) continue;
    names.push(toSnakeCase(name));
    add(value);
  }
  return { kinds, names, values };
}

/** Longest list that the addon takes. */
const MAX_LIST = 2 ** 20;

/** Not for longer lists: they are refused anyway, and a sparse one of 2^32 elements takes minutes to look through. */
function holdsTensors(list: readonly unknown[]): boolean {
  return list.length <= MAX_LIST && list.some((item) => item instanceof Tensor);
}

function toHandle(value: unknown): number | undefined {
  if (value instanceof Tensor) return value.handle;
  if (value === undefined || value === null) return undefined;
  throw new TorchwrightError("ERR_INVALID_ARG", "operator: expected a list of tensors only, got a mixed list");
}

function toSnakeCase(name: string): string {
  return name.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Results in JavaScript's terms; tensors belong to the current scope. */
export function decodeResult(result: NativeResult): OperatorResult {
  if (typeof result === "number") return wrap(result);
  if (result === undefined) return undefined;
  if (isList(result)) return result.map(decodeResult);
  if ("dict" in result) return Object.fromEntries(result.dict.map(([key, value]) => [key, decodeResult(value)]));
  return result.value;
}

function isList(result: NativeResult): result is readonly NativeResult[] {
  return Array.isArray(result);
}

const entries = new Map<string, OperatorEntry>();

/** The operator of a name; libtorch is asked for it at its first call. */
export function entryOf(name: string): OperatorEntry {
  let entry = entries.get(name);
  if (!entry) {
    entry = new OperatorEntry(name);
    entries.set(name, entry);
  }
  return entry;
}

/** Calls an operator, internal ones with a leading underscore too. For this package's own use. */
export function callInternal(
  name: string,
  args: readonly unknown[],
  named?: Readonly<Record<string, unknown>>,
): OperatorResult {
  const entry = entryOf(name);
  return named ? callGeneral(entry, args, named) : call(entry, args);
}

/** Any arguments, by conversion of each value. */
function callGeneral(
  entry: OperatorEntry,
  args: readonly unknown[],
  named?: Readonly<Record<string, unknown>>,
): OperatorResult {
  enterContext();
  const { kinds, names, values } = encodeArguments(args, named);
  const result = native().call(entry.number, kinds, names, ...values);
  return result === null ? ((args[0] ?? named?.self) as Tensor) : decodeResult(result);
}

/** Positional arguments. */
function call(entry: OperatorEntry, args: readonly unknown[]): OperatorResult {
  return prepareCall(entry, undefined, args) ? finishCall(args[0]) : callGeneral(entry, args);
}

/** `first` is the first argument: what an operator that works in place gives back. */
function finishCall(first: unknown): OperatorResult {
  const { owner } = enterContext();
  const other = runPrepared();
  if (other !== undefined) return decodeResult(other);
  const handle = resultHandle();
  if (handle === FIRST_ARGUMENT) return first as Tensor;
  return handle === 0 ? undefined : wrapFor(handle, owner, resultIsLight());
}

/**
 * Calls a public ATen operator: `op("softmax", [x, -1])`, `op("sum", [x], { dim: [0], keepdim: true })`.
 * A name with a dot is pinned to one overload: `op("add.Scalar", [x, 1])`.
 *
 * @throws TorchwrightError ERR_UNKNOWN_OPERATOR, ERR_OPERATOR_ARGS, ERR_SHAPE_MISMATCH, ERR_OPERATOR_FAILED
 */
export function op(name: string, args: readonly unknown[], named?: Readonly<Record<string, unknown>>): OperatorResult {
  if (typeof name !== "string" || name.startsWith("_")) {
    throw new TorchwrightError(
      "ERR_UNKNOWN_OPERATOR",
      `operator: expected a public ATen operator, got ${describe(name)}`,
    );
  }
  if (!Array.isArray(args)) {
    throw new TorchwrightError("ERR_INVALID_ARG", `op: expected arguments in an array, got ${describe(args)}`);
  }
  return callInternal(name, args, named);
}

/** Whether an argument is the trailing object of keyword arguments. */
export function isOptions(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Tensor) &&
    !(value instanceof Generator) &&
    !ArrayBuffer.isView(value)
  );
}

/** An operator as a function: trailing plain object = keyword arguments. */
export function callWithOptions(entry: OperatorEntry, args: readonly unknown[]): OperatorResult {
  if (prepareCall(entry, undefined, args)) return finishCall(args[0]);
  const last = args.at(-1);
  return isOptions(last) ? callGeneral(entry, args.slice(0, -1), last) : callGeneral(entry, args);
}

/** The same as a method of `self`. */
export function callMethod(entry: OperatorEntry, self: Tensor, args: readonly unknown[]): OperatorResult {
  if (self instanceof Tensor && prepareCall(entry, self, args)) return finishCall(self);
  const last = args.at(-1);
  return isOptions(last) ? callGeneral(entry, [self, ...args.slice(0, -1)], last) : callGeneral(entry, [self, ...args]);
}
