/** One call of an operator with concrete arguments, as it stands in JSON for Python and as tensors here. */
import type { DType } from "../../../lib/tensor/dtype";
import type { OperatorResult } from "../../../lib/tensor/operators";
import { op } from "../../../lib/tensor/operators";
import { Tensor } from "../../../lib/tensor/tensor";

/** How a tensor lies in memory: rows in order, columns in order, or with a gap after each element. */
export type MemoryLayout = "contiguous" | "transposed" | "strided";

/** Row-major elements of a tensor; of a complex one real and imaginary parts in turn. */
export interface TensorData {
  readonly tensor: DType;
  readonly shape: readonly number[];
  readonly layout: MemoryLayout;
  readonly values: readonly number[];
}

export type CaseArgument =
  null | number | boolean | string | TensorData | { readonly dtype: DType } | readonly CaseArgument[];

export interface Case {
  /** With its overload: `add.Tensor`. */
  readonly operator: string;
  /** Unique among the operator's cases: `float32 transposed`. */
  readonly label: string;
  readonly args: readonly CaseArgument[];
  readonly named: Readonly<Record<string, CaseArgument>>;
}

const call = (name: string, args: readonly unknown[]): Tensor => op(name, args) as Tensor;

/** The tensor; the current scope owns it. `scripts/golden/operators.py` does the same. */
export function toTensor({ tensor: dtype, shape, layout, values }: TensorData): Tensor {
  const made = dtype.startsWith("complex")
    ? call("view_as_complex", [
        Tensor.from(Float64Array.from(values), {
          shape: [...shape, 2],
          dtype: dtype === "complex64" ? "float32" : "float64",
        }),
      ])
    : Tensor.from(Float64Array.from(values), { shape, dtype });
  if (layout === "contiguous" || shape.length === 0) return made;
  if (layout === "strided") return call("select.int", [call("stack", [[made, call("zeros_like", [made])], -1]), -1, 0]);
  return call("transpose.int", [call("contiguous", [call("transpose.int", [made, 0, -1])]), 0, -1]);
}

function isTensorData(argument: CaseArgument): argument is TensorData {
  return typeof argument === "object" && argument !== null && "tensor" in argument;
}

/** An argument with each tensor in it made by `make`. */
export function build(argument: CaseArgument, make: (data: TensorData) => Tensor): unknown {
  if (isTensorData(argument)) return make(argument);
  if (Array.isArray(argument)) return argument.map((item: CaseArgument) => build(item, make));
  if (typeof argument === "object" && argument !== null && "dtype" in argument) return argument.dtype;
  return argument;
}

/** Calls the operator; tensors are made by `make` in the order in which they stand. */
export function run({ operator, args, named }: Case, make: (data: TensorData) => Tensor = toTensor): OperatorResult[] {
  const positional = args.map((argument) => build(argument, make));
  const keywords = Object.fromEntries(Object.entries(named).map(([name, argument]) => [name, build(argument, make)]));
  return flatten(op(operator, positional, keywords));
}

/** Results one after the other, whatever tuples and lists they stand in. Lists of numbers stay lists. */
function flatten(result: OperatorResult): OperatorResult[] {
  if (Array.isArray(result) && !result.every((item) => typeof item === "number")) {
    return result.flatMap((item: OperatorResult) => flatten(item));
  }
  return Array.isArray(result) && result.length === 0 ? [] : [result];
}

/** The tensors of a case in the order in which {@link run} makes them. */
export function tensorsOf({ args, named }: Case): TensorData[] {
  const found: TensorData[] = [];
  const look = (argument: CaseArgument): void => {
    if (isTensorData(argument)) found.push(argument);
    else if (Array.isArray(argument)) argument.forEach(look);
  };
  [...args, ...Object.values(named)].forEach(look);
  return found;
}
