/** Gradient clipping by global norm, without synchronising with the device. */
import { describe, TorchwrightError } from "../errors";
import { nativeInContext } from "../tensor/context";
import { decodeResult } from "../tensor/operators";
import { ops } from "../tensor/ops";
import { Tensor } from "../tensor/tensor";

/**
 * Scales the gradients so that their common 2-norm is at most `maxNorm`, as
 * `torch.nn.utils.clip_grad_norm_(parameters, max_norm, foreach=True)`: the factor is
 * min(1, maxNorm / (norm + 1e-6)), applied always so that nobody has to ask the device. With
 * `maxNorm` Infinity the norm is only measured.
 *
 * @returns the norm before clipping, a scalar tensor; 0 where no parameter has a gradient
 * @throws TorchwrightError ERR_INVALID_ARG unless `params` are tensors and `maxNorm` > 0
 */
export async function clipGradNorm(params: readonly Tensor[], maxNorm: number): Promise<Tensor> {
  if (typeof maxNorm !== "number" || !(maxNorm > 0)) {
    throw new TorchwrightError("ERR_INVALID_ARG", `clipGradNorm: expected maxNorm > 0, got ${describe(maxNorm)}`);
  }
  // Array.from, because `every` passes over the holes of a sparse list.
  const given: unknown = params;
  if (!Array.isArray(given) || !Array.from<unknown>(given).every((parameter) => parameter instanceof Tensor)) {
    throw new TorchwrightError("ERR_INVALID_ARG", `clipGradNorm: expected a list of tensors, got ${describe(params)}`);
  }
  const [first] = params;
  if (!first) return ops.zeros([]);
  const result = (index: number): { readonly result: number } => ({ result: index });
  const gradients = { list: 1 };
  const norm = await nativeInContext().queueProgram({
    parameters: params.map(({ handle }) => handle),
    aligned: [],
    scalars: [],
    calls: [
      { operator: "_foreach_norm.Scalar", args: [gradients] },
      { operator: "stack", args: [result(0)] },
      { operator: "linalg_vector_norm", args: [result(1)] },
      ...(maxNorm === Infinity
        ? []
        : [
            { operator: "add.Scalar", args: [result(2), { value: 1e-6 }] },
            { operator: "reciprocal", args: [result(3)] },
            { operator: "mul.Scalar", args: [result(4), { value: maxNorm }] },
            { operator: "clamp", args: [result(5), { value: null }, { value: 1 }] },
            { operator: "_foreach_mul_.Tensor", args: [gradients, result(6)] },
          ]),
    ],
    result: 2,
  });
  const total = decodeResult(norm);
  if (total instanceof Tensor) return total;
  return ops.zeros([], { dtype: "float32", device: first.device });
}
