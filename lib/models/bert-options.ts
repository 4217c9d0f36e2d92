/** How a BERT is opened or made: options, and the check of those that concern every parameter. */
import { describe, TorchwrightError } from "../errors";
import type { HubOptions } from "../hub/options";
import { checkObject } from "../tensor/check-options";
import { resolveDevice } from "../tensor/device";
import type { DType } from "../tensor/dtype";
import type { ModelProblem } from "./model";

/** Dtypes that a model may compute in. @inline */
export type FloatType = Extract<DType, "float32" | "float64" | "float16" | "bfloat16">;

/** How a saved model is opened. */
export interface FromPretrainedOptions<P extends ModelProblem = "single-label"> extends HubOptions {
  /**
   * Names of the classes, usually `train.labels`; default: those of the checkpoint. A regression has one, by default
   * `LABEL_0`.
   */
  readonly labels?: readonly string[];
  /**
   * What the model decides; to be said of a checkpoint with a head for another problem, too. Default "single-label".
   */
  readonly problemType?: P;
  /** Default: CUDA where there is one. */
  readonly device?: string;
  /** Type of the parameters, whatever the file has; default "float32". */
  readonly dtype?: FloatType;
  /** Seed for parts that the checkpoint lacks (the head); default: libtorch's generator as it stands. */
  readonly seed?: number;
}

/** What a model with new weights needs beside its configuration. */
export type FromConfigOptions<P extends ModelProblem = "single-label"> = Omit<
  FromPretrainedOptions<P>,
  keyof HubOptions
> & {
  /** Class names, in the order of the logits. */
  readonly labels: readonly string[];
};

/** Where the parameters are to be, and of which type. */
export interface Placement {
  readonly device: string;
  readonly dtype: FloatType;
}

/** @throws TorchwrightError ERR_UNKNOWN_DTYPE, ERR_UNKNOWN_DEVICE, ERR_DEVICE_UNAVAILABLE */
export function resolvePlacement(options: Pick<FromPretrainedOptions, "dtype" | "device">): Placement {
  const { dtype = "float32" } = checkObject("BertForSequenceClassification", options);
  if (!["float32", "float64", "float16", "bfloat16"].includes(dtype)) {
    throw new TorchwrightError(
      "ERR_UNKNOWN_DTYPE",
      `dtype: expected float32, float64, float16 or bfloat16, got ${describe(dtype)}`,
    );
  }
  return { device: resolveDevice(options.device), dtype };
}
