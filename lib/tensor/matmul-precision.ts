/** How exactly float32 matrix products are computed, on GPUs and on CPUs with bfloat16 units. */
import { describe, TorchwrightError } from "../errors";
import { native } from "../native/load";

/**
 * `"highest"`: float32 throughout. `"high"`: TF32, or bfloat16 in pairs, inside. `"medium"`: bfloat16 inside.
 * Source: `torch.set_float32_matmul_precision`.
 */
export type MatmulPrecision = "highest" | "high" | "medium";

const PRECISIONS: readonly unknown[] = ["highest", "high", "medium"] satisfies readonly MatmulPrecision[];

/**
 * Sets it for the whole process; PyTorch's default is `"highest"`. Queued work is done first.
 *
 * @example
 * ```ts
 * import { getFloat32MatmulPrecision, setFloat32MatmulPrecision } from "torchwright";
 * setFloat32MatmulPrecision("high"); // a GPU's tensor cores may take float32
 * console.log(getFloat32MatmulPrecision()); // high
 * setFloat32MatmulPrecision("highest"); // as it was
 * ```
 *
 * @throws TorchwrightError ERR_INVALID_ARG
 */
export function setFloat32MatmulPrecision(precision: MatmulPrecision): void {
  if (!PRECISIONS.includes(precision)) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `setFloat32MatmulPrecision: expected "highest", "high" or "medium", got ${describe(precision)}`,
    );
  }
  native().setMatmulPrecision(precision);
}

/** How exactly float32 matrices are multiplied; see {@link setFloat32MatmulPrecision}. */
export function getFloat32MatmulPrecision(): MatmulPrecision {
  return native().matmulPrecision();
}
