/** Mixed precision: operators that gain from it run in bfloat16 or float16, the others in float32. */
import { describe, TorchwrightError } from "../errors";
import { checkFunction, checkOptions } from "../tensor/check-options";
import { currentContext, withModes } from "../tensor/context";

/** Where autocast applies, and in which precision. */
export interface AutocastOptions {
  /** Default: "cuda" and "cpu" alike. */
  readonly device?: "cpu" | "cuda";
  /** Default: bfloat16 on the CPU, float16 on CUDA, as in PyTorch. */
  readonly dtype?: "bfloat16" | "float16";
  /** False turns autocast off for a part of the code; default true. */
  readonly enabled?: boolean;
}

/**
 * Runs `fn`, sync or async, under autocast, as `torch.autocast`: matrix products in half precision, sums,
 * norms and losses in float32, after the same lists as PyTorch's. Parameters stay float32. Call `backward`
 * outside; it runs in the types of the forward pass.
 *
 * There is no cache of cast weights: each use casts anew, so an update of a weight is always seen.
 *
 * @throws TorchwrightError ERR_INVALID_ARG
 *
 * @example
 * ```ts
 * import { autocast, Tensor } from "torchwright";
 * const x = Tensor.from([[1, 2], [3, 4]]);
 * console.log(autocast(() => x.matmul(x), { device: "cpu", dtype: "bfloat16" }).dtype); // bfloat16
 * ```
 */
export function autocast<T>(fn: () => T, options: AutocastOptions = {}): T {
  checkFunction("autocast", fn);
  const { device, dtype, enabled = true } = checkOptions("autocast", options, ["device", "dtype", "enabled"]);
  if (device !== undefined && !["cpu", "cuda"].includes(device)) {
    throw new TorchwrightError("ERR_INVALID_ARG", `autocast: expected device "cpu" or "cuda", got ${describe(device)}`);
  }
  if (dtype !== undefined && !["bfloat16", "float16"].includes(dtype)) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `autocast: expected dtype "bfloat16" or "float16", got ${describe(dtype)}`,
    );
  }
  if (typeof enabled !== "boolean") {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `autocast: expected enabled to be true or false, got ${describe(enabled)}`,
    );
  }
  const { cpu, cuda } = currentContext().modes.autocast;
  const wanted = { cpu: dtype ?? "bfloat16", cuda: dtype ?? "float16" } as const;
  const chosen = {
    cpu: device === "cuda" ? cpu : enabled ? wanted.cpu : undefined,
    cuda: device === "cpu" ? cuda : enabled ? wanted.cuda : undefined,
  };
  return withModes(
    { autocast: { ...(chosen.cpu && { cpu: chosen.cpu }), ...(chosen.cuda && { cuda: chosen.cuda }) } },
    fn,
  );
}
