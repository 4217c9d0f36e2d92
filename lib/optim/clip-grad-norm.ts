/** Gradient clipping by global norm, without synchronising with the device. */
import { describe, TorchwrightError } from "../errors";
import type { ProgramCall } from "../native/requests";
import { nativeInContext } from "../tensor/context";
import { decodeResult } from "../tensor/operators";
import { ops } from "../tensor/ops";
import { Tensor } from "../tensor/tensor";

/** What happens to gradients before they are clipped. */
export interface ClipOptions {
  /**
   * What the gradients are multiplied by first, a number or a float32 scalar: one over the examples, where losses of
   * several batches were summed. Default 1.
   */
  readonly scale?: number | Tensor;
}

/**
 * Scales the gradients so that their common 2-norm is at most `maxNorm`, as
 * `torch.nn.utils.clip_grad_norm_(parameters, max_norm, foreach=True)`: the factor is
 * min(1, maxNorm / (norm + 1e-6)), applied always so that nobody has to ask the device. With
 * `maxNorm` Infinity the norm is only measured.
 *
 * @returns the norm before clipping, a scalar tensor; 0 where no parameter has a gradient
 * @throws TorchwrightError ERR_INVALID_ARG unless `params` are tensors, `maxNorm` > 0 and `scale` is finite and > 0, or
 *   a tensor of one number
 */
export async function clipGradNorm(
  params: readonly Tensor[],
  maxNorm: number,
  { scale = 1 }: ClipOptions = {},
): Promise<Tensor> {
  if (typeof maxNorm !== "number" || !(maxNorm > 0)) {
    throw new TorchwrightError("ERR_INVALID_ARG", `clipGradNorm: expected maxNorm > 0, got ${describe(maxNorm)}`);
  }
  if (!(scale instanceof Tensor ? scale.numel === 1 : typeof scale === "number" && scale > 0 && scale < Infinity)) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `clipGradNorm: expected scale to be a number above 0 or one in a tensor, got ${describe(scale)}`,
    );
  }
  // Array.from, because `every` passes over the holes of a sparse list.
  const given: unknown = params;
  if (!Array.isArray(given) || !Array.from<unknown>(given).every((parameter) => parameter instanceof Tensor)) {
    throw new TorchwrightError("ERR_INVALID_ARG", `clipGradNorm: expected a list of tensors, got ${describe(params)}`);
  }
  const [first] = params;
  if (!first) return ops.zeros([]);
  const norm = await nativeInContext().queueProgram({
    parameters: params.map(({ handle }) => handle),
    aligned: [],
    scalars: [],
    ...clipping(maxNorm, scale),
  });
  const total = decodeResult(norm);
  if (total instanceof Tensor) return total;
  return ops.zeros([], { dtype: "float32", device: first.device });
}

/** The operators on all gradients, and which of them gives the norm. */
function clipping(
  maxNorm: number,
  scale: number | Tensor,
): { readonly calls: readonly ProgramCall[]; readonly result: number } {
  const calls: ProgramCall[] = [];
  const call = (operator: string, ...args: ProgramCall["args"]): { readonly result: number } => ({
    result: calls.push({ operator, args }) - 1,
  });
  const gradients = { list: 1 };
  const value = (of: number | null): { readonly value: unknown } => ({ value: of });
  const [suffix, by] = scale instanceof Tensor ? ["Tensor", { tensor: scale.handle }] : ["Scalar", value(scale)];
  let norm = call("linalg_vector_norm", call("stack", call("_foreach_norm.Scalar", gradients)));
  if (scale !== 1) norm = call(`mul.${suffix}`, norm, by);
  if (maxNorm === Infinity) {
    if (scale !== 1) call(`_foreach_mul_.${suffix}`, gradients, by);
  } else {
    const ratio = call("mul.Scalar", call("reciprocal", call("add.Scalar", norm, value(1e-6))), value(maxNorm));
    const factor = call("clamp", ratio, value(null), value(1));
    call("_foreach_mul_.Tensor", gradients, scale === 1 ? factor : call(`mul.${suffix}`, factor, by));
  }
  return { calls, result: norm.result };
}
