/** Operators as functions and as methods, from the generated table; importing this attaches the methods. */
import { callInternal, callWithOptions } from "./operators";
import type { OperatorFunctions } from "./operators.generated";
import { FUNCTIONS, METHODS } from "./operators.generated";
import { Tensor } from "./tensor";

Tensor.convert = (tensor, change) => callInternal("to.dtype_layout", [tensor], { ...change }) as Tensor;

for (const [method, operator] of METHODS) {
  Object.defineProperty(Tensor.prototype, method, {
    configurable: true,
    writable: true,
    value(this: Tensor, ...args: unknown[]) {
      return callWithOptions(operator, [this, ...args]);
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
  FUNCTIONS.map(([name, operator]) => [name, (...args: unknown[]) => callWithOptions(operator, args)]),
) as unknown as OperatorFunctions;
