/** Which parameters get weight decay. */
import type { Tensor } from "../tensor/tensor";
import type { ParamGroup } from "./optimizer";

/** Biases and normalisation layers, by Hugging Face's names and PyTorch's older `gamma`/`beta`. */
const NO_DECAY = /(?:^|\.)(?:bias|gamma|beta)$|(?:layer_?norm|(?:^|\.)(?:ln|norm)\d*)[^.]*\.weight$/i;

/**
 * Two groups: weights with `weightDecay`, biases and LayerNorm weights with none, as Hugging Face's
 * Trainer (`get_decay_parameter_names`). A group without parameters is left out.
 */
export function decayGroups(
  model: { namedParameters(): readonly (readonly [string, Tensor])[] },
  weightDecay: number,
): readonly ParamGroup[] {
  const trainable = model.namedParameters().filter(([, parameter]) => parameter.requiresGrad);
  const pick = (none: boolean): Tensor[] => trainable.filter(([name]) => NO_DECAY.test(name) === none).map(([, tensor]) => tensor);
  return [
    { params: pick(false), weightDecay },
    { params: pick(true), weightDecay: 0 },
  ].filter(({ params }) => params.length > 0);
}
