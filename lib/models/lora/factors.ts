/** The two factors of a layer's update, A and B: their names, first values and types. */
import { kaimingUniform_, normal_, zeros_ } from "../../nn/init";
import { ops } from "../../tensor/ops";
import type { Tensor } from "../../tensor/tensor";
import type { AdaptedLayer } from "./adapter-plan";
import type { ResolvedLoraConfig } from "./lora-config";

/** Names of A `[r, inputs]` and B `[outputs, r]`, as parameters of the model. */
export function factorNames({ path }: AdaptedLayer): readonly [a: string, b: string] {
  return [`${path}.lora_A.weight`, `${path}.lora_B.weight`];
}

/** First values by name, in the order in which PEFT draws, so that under one seed they are the same. */
export function drawFactors(
  layer: AdaptedLayer,
  how: ResolvedLoraConfig["initLoraWeights"],
): readonly (readonly [string, Tensor])[] {
  const { r, inputs, outputs } = layer;
  const uniform = { a: Math.sqrt(5) };
  const a = kaimingUniform_(ops.empty([r, inputs]), uniform);
  const b = kaimingUniform_(ops.empty([outputs, r]), uniform);
  if (how === "gaussian") normal_(a, 0, 1 / r);
  else if (how) kaimingUniform_(a, uniform);
  if (how !== false) zeros_(b);
  const [nameOfA, nameOfB] = factorNames(layer);
  return [
    [nameOfA, a],
    [nameOfB, b],
  ];
}

/**
 * A factor as a parameter beside its layer's weight; in float32 where that is in halves, which are too coarse to be
 * trained.
 */
export function placeFactor(factor: Tensor, { device, dtype }: Tensor): Tensor {
  const parameter = factor.to({ device, dtype: dtype === "float16" || dtype === "bfloat16" ? "float32" : dtype });
  parameter.requiresGrad = true;
  return parameter;
}
