/** Number formats of a run. */
import { autocast } from "../autograd/autocast";
import { ClassifierOutput, type ModelInputs, type ModelOutput, type TextClassifier } from "../models/model";
import { cuda } from "../tensor/cuda";
import type { CudaDevice } from "../tensor/cuda";
import type { Precision } from "./options";

/** First compute capability whose matrix units know bfloat16: Ampere. */
const BF16_CAPABILITY = 8;

/** A forward pass in a format, "auto" by what the device has. Logits are float32 in any case. */
export async function forwardIn(precision: Precision, model: TextClassifier, inputs: ModelInputs): Promise<ModelOutput> {
  const { device } = model;
  if (precision === "fp32" || (precision === "auto" && !hasBf16(device))) return model.forward(inputs);
  const output = await autocast(() => model.forward(inputs), { device: device.startsWith("cuda") ? "cuda" : "cpu", dtype: "bfloat16" });
  return new ClassifierOutput(output.logits.to({ dtype: "float32" }), inputs.labels && output.loss);
}

function hasBf16(device: string): boolean {
  return device.startsWith("cuda") && (cuda.properties(device as CudaDevice).capability?.[0] ?? 0) >= BF16_CAPABILITY;
}
