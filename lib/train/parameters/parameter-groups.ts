/** Parameters with the learning rate and weight decay that each gets. */
import { decayGroups } from "../../optim/decay-groups";
import type { ParamGroup } from "../../optim/param-groups";
import type { TextClassifier } from "../../models/model";
import type { Tensor } from "../../tensor/tensor";
import { TorchwrightError } from "../../errors";
import { layerDepths } from "./layer-depth";
import { checkPatterns, matcherOf, type NamePattern } from "./name-pattern";

/** Options of the parameters whose names fit. */
export interface GroupRule {
  /** Which parameters, by name. */
  readonly match: NamePattern;
  /** Peak learning rate. Default: the run's, by layer where that is asked for. */
  readonly learningRate?: number;
  /** Of all that fit, biases and LayerNorm weights too. Default: the run's. */
  readonly weightDecay?: number;
}

export interface GroupOptions {
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly layerwiseLrDecay: number;
  readonly paramGroups: readonly GroupRule[];
}

/**
 * The trainable parameters in groups of one learning rate and weight decay: biases and LayerNorm weights without decay
 * as Hugging Face's, each layer's rate `layerwiseLrDecay` times that of the layer above it (Clark et al., *ELECTRA*,
 * 2020), and for each name the first rule that fits.
 *
 * @throws TorchwrightError ERR_INVALID_ARG where nothing is trainable, or a rule fits no name
 */
export function parameterGroups(
  model: TextClassifier,
  { learningRate, weightDecay, layerwiseLrDecay, paramGroups }: GroupOptions,
): readonly ParamGroup[] {
  const named = model.namedParameters().filter(([, parameter]) => parameter.requiresGrad);
  if (named.length === 0) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      "fit: expected parameters that require grad, got none: all are frozen",
    );
  }
  const names = named.map(([name]) => name);
  checkPatterns(
    "paramGroups",
    paramGroups.map(({ match }) => match),
    names,
  );
  const rules = paramGroups.map((rule) => ({ ...rule, fits: matcherOf([rule.match]) }));
  const depths = layerDepths(names);
  const head = Math.max(...depths.values());
  const decays = new Map(
    decayGroups(model, weightDecay).flatMap((group) =>
      group.params.map((parameter) => [parameter, group.weightDecay ?? 0] as const),
    ),
  );
  const groups = new Map<string, { params: Tensor[]; lr: number; weightDecay: number }>();
  for (const [name, parameter] of named) {
    const rule = rules.find(({ fits }) => fits(name));
    const lr = rule?.learningRate ?? learningRate * layerwiseLrDecay ** (head - (depths.get(name) as number));
    const decay = rule?.weightDecay ?? decays.get(parameter) ?? weightDecay;
    const key = `${lr} ${decay}`;
    const group = groups.get(key) ?? { params: [], lr, weightDecay: decay };
    groups.set(key, group);
    group.params.push(parameter);
  }
  // The run's own learning rate is the one that is shown: that of the first group.
  return [...groups.values()].sort((a, b) => Number(b.lr === learningRate) - Number(a.lr === learningRate));
}
