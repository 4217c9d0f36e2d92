/** Which parameters get weight decay. */
import { describe, TorchwrightError } from "../errors";
import { LayerNorm } from "../nn/layer-norm";
import type { Tensor } from "../tensor/tensor";
import type { ParamGroup } from "./param-groups";

/** Biases and normalisation layers, by Hugging Face's names and PyTorch's older `gamma`/`beta`. */
const NO_DECAY = /(?:^|\.)(?:bias|gamma|beta)$|(?:layer_?norm|(?:^|\.)(?:ln|norm)\d*)[^.]*\.weight$/i;

/**
 * Two groups: weights with `weightDecay`, biases and LayerNorm weights with none, as Hugging Face's
 * Trainer (`get_decay_parameter_names`). A group without parameters is left out.
 */
export function decayGroups(
  model: {
    namedParameters(): readonly (readonly [string, Tensor])[];
    namedModules?(): readonly (readonly [string, unknown])[];
  },
  weightDecay: number,
): readonly ParamGroup[] {
  if (typeof (model as Partial<typeof model> | undefined)?.namedParameters !== "function") {
    throw new TorchwrightError("ERR_INVALID_ARG", `decayGroups: expected a model or a module, got ${describe(model)}`);
  }
  const trainable = model.namedParameters().filter(([, parameter]) => parameter.requiresGrad);
  // In nn.Sequential a LayerNorm's name is a number: there the class says what it is.
  const norms = new Set(
    model.namedModules?.().flatMap(([, module]) => (module instanceof LayerNorm ? module.parameters() : [])),
  );
  const isFree = ([name, tensor]: readonly [string, Tensor]): boolean => NO_DECAY.test(name) || norms.has(tensor);
  const pick = (none: boolean): Tensor[] =>
    trainable.filter((entry) => isFree(entry) === none).map(([, tensor]) => tensor);
  return [
    { params: pick(false), weightDecay },
    { params: pick(true), weightDecay: 0 },
  ].filter(({ params }) => params.length > 0);
}
