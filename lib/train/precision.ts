/** Number formats of a run. */
import { autocast } from "../autograd/autocast";
import { ClassifierOutput, type ModelInputs, type ModelOutput, type TextClassifier } from "../models/model";
import { cuda } from "../tensor/cuda";
import type { CudaDevice } from "../tensor/cuda";
import type { Precision } from "./options";

/** Compute capabilities whose matrix units know a format: Ampere and Volta. */
const BF16_CAPABILITY = 8;
const FP16_CAPABILITY = 7;

/** A forward pass in a format, "auto" by what the device has. Logits are float32 in any case. */
export async function forwardIn(
  precision: Precision,
  model: TextClassifier,
  inputs: ModelInputs,
): Promise<ModelOutput> {
  const { device } = model;
  const format = resolvePrecision(precision, device);
  if (format === "fp32") return model.forward(inputs);
  const dtype = format === "bf16" ? "bfloat16" : "float16";
  const output = await autocast(() => model.forward(inputs), {
    device: device.startsWith("cuda") ? "cuda" : "cpu",
    dtype,
  });
  return new ClassifierOutput(output.logits.to({ dtype: "float32" }), inputs.labels && output.loss);
}

/** The format that a precision means on a device. */
export function resolvePrecision(precision: Precision, device: string): Exclude<Precision, "auto"> {
  if (precision !== "auto") return precision;
  const capability = device.startsWith("cuda") ? (cuda.properties(device as CudaDevice).capability?.[0] ?? 0) : 0;
  if (capability >= BF16_CAPABILITY) return "bf16";
  return capability >= FP16_CAPABILITY ? "fp16" : "fp32";
}
