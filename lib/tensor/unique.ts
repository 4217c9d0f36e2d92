/** The different elements of a tensor. Python's `torch.unique` is no operator of libtorch but two. */
import { describe, TorchwrightError } from "../errors";
import { checkOptions } from "./check-options";
import { callInternal } from "./operators";
import { Tensor } from "./tensor";

/** What `unique` gives beside the elements. */
export interface UniqueOptions {
  /** Ascending order. Default true. */
  readonly sorted?: boolean;
  /** Where each element of the input is among the different ones. Default false. */
  readonly returnInverse?: boolean;
  /** How often each of them occurs. Default false. */
  readonly returnCounts?: boolean;
  /** Compares the slices along this dimension. Default: single elements. */
  readonly dim?: number;
}

/**
 * The different elements, as `torch.unique`; what was not asked for beside them means nothing.
 *
 * @example
 * ```ts
 * import { Tensor, unique } from "torchwright";
 * const [values, , counts] = unique(Tensor.from([3, 1, 3]), { returnCounts: true });
 * console.log(values.toArray(), counts.toArray()); // [1, 3] [1n, 2n]
 * ```
 *
 * @throws TorchwrightError ERR_INVALID_ARG, ERR_OPERATOR_ARGS, ERR_OPERATOR_FAILED, ERR_TENSOR_DISPOSED
 */
export function unique(input: Tensor, options: UniqueOptions = {}): [values: Tensor, inverse: Tensor, counts: Tensor] {
  if (!(input instanceof Tensor)) {
    throw new TorchwrightError("ERR_INVALID_ARG", `unique: expected a tensor, got ${describe(input)}`);
  }
  const known = ["sorted", "returnInverse", "returnCounts", "dim"] as const;
  const { sorted = true, returnInverse = false, returnCounts = false, dim } = checkOptions("unique", options, known);
  const asked = [sorted, returnInverse, returnCounts];
  const result =
    dim === undefined
      ? callInternal("_unique2", [input, ...asked])
      : callInternal("unique_dim", [input, dim, ...asked]);
  return result as [Tensor, Tensor, Tensor];
}
