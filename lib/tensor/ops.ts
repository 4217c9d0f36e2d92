/** Operators as functions and as methods, from the generated table; importing this attaches the methods. */
import { callInternal, callMethod, callWithOptions, entryOf } from "./operators";
import type { OperatorFunctions } from "./operators.generated";
import { FUNCTIONS, METHODS, SELF_POSITIONS } from "./operators.generated";
import "./indexing";
import { formatTensor } from "./print/format-tensor";
import { Tensor } from "./tensor";

Tensor.print = formatTensor;
Tensor.convert = (tensor, change) => callInternal("to.dtype_layout", [tensor], { ...change }) as Tensor;

for (const [method, name] of METHODS) {
  const entry = entryOf(name);
  const position = SELF_POSITIONS[method] ?? 0;
  Object.defineProperty(Tensor.prototype, method, {
    configurable: true,
    writable: true,
    value(this: Tensor, ...args: unknown[]) {
      return position === 0 ? callMethod(entry, this, args) : callWithOptions(entry, args.toSpliced(position, 0, this));
    },
  });
}

/**
 * Every public ATen operator as a function, typed by its schema; keyword arguments in a trailing object.
 *
 * @example
 * ```ts
 * import { ops, Tensor } from "torchwright";
 * const x = ops.zeros([2, 3], { dtype: "float64" });
 * console.log(ops.softmax(x, -1).sum({ dim: [1] }).toArray()); // [1, 1], nearly
 * ```
 *
 * @throws TorchwrightError ERR_OPERATOR_ARGS, ERR_SHAPE_MISMATCH, ERR_TENSOR_DISPOSED, ERR_OPERATOR_FAILED
 */
export const ops = Object.fromEntries(
  FUNCTIONS.map(([name, operator]) => {
    const entry = entryOf(operator);
    return [name, (...args: unknown[]) => callWithOptions(entry, args)];
  }),
) as unknown as OperatorFunctions;
