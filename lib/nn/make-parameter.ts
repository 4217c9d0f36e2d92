/** New parameters for the layers of this folder. */
import { noGrad } from "../autograd/grad-mode";
import { resolveDevice } from "../tensor/device";
import type { DType } from "../tensor/dtype";
import { ops } from "../tensor/ops";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import { Parameter } from "./parameter";

/** Where and as what a layer's parameters are made; the CPU and float32 by default, as in PyTorch. */
export interface ParameterOptions {
  /** Where parameters are made. Default "cpu". */
  readonly device?: string;
  /** Their dtype. Default "float32". */
  readonly dtype?: DType;
}

/** A parameter whose values `fill` writes. */
export function makeParameter(
  shape: readonly number[],
  { device = "cpu", dtype = "float32" }: ParameterOptions,
  fill: (tensor: Tensor) => unknown,
): Parameter {
  return scope(() =>
    noGrad(() => {
      const values = ops.empty(shape, { dtype, device: resolveDevice(device) });
      fill(values);
      return new Parameter(values);
    }),
  );
}
