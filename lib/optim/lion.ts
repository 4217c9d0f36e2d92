/** Lion: the sign of a mean of gradients, with one state for each parameter. */
import { ops } from "../tensor/ops";
import type { Tensor } from "../tensor/tensor";
import { checkPair } from "./check-option";
import { checkOptions } from "../tensor/check-options";
import { Optimizer, type OptimizerDefaults } from "./optimizer";
import type { OptimizerGroup, ParameterState, Row } from "./optimizer-group";
import type { ParamsOrGroups } from "./param-groups";
import type { GroupReader } from "./state-dict";
import { type Operand, StepProgram } from "./step-program";

/** Names and defaults of the authors' implementation. */
export interface LionOptions {
  /** Learning rate, a third to a tenth of AdamW's; default 1e-4. */
  readonly lr?: number;
  /** Shares of the mean in the step, and in the next mean; default [0.9, 0.99]. */
  readonly betas?: readonly [number, number];
  /** Decoupled weight decay, three to ten times AdamW's; default 0. */
  readonly weightDecay?: number;
}

/** A group's settings; the options say what they mean. */
export interface LionSettings {
  /** As the option. */
  readonly betas: readonly [number, number];
}

/**
 * Lion. Every element moves by the learning rate, up or down.
 *
 * Source: Chen et al., *Symbolic Discovery of Optimization Algorithms*, 2023; arithmetic of `lion_pytorch.py` in
 * google/automl.
 */
export class Lion extends Optimizer<LionSettings> {
  /** @throws TorchwrightError ERR_INVALID_ARG */
  constructor(params: ParamsOrGroups, options: LionOptions = {}) {
    super(params, readOptions(options));
  }

  protected override makeState(parameter: Tensor): ParameterState {
    return { exp_avg: ops.emptyLike(parameter) };
  }

  /** Both updates are steps of SGD, whose kernel knows `foundInf`: x ← x - rate · (direction + decay · x). */
  protected override queueStep(
    rows: readonly Row[],
    group: OptimizerGroup<LionSettings>,
    foundInf: Tensor | undefined,
  ): Promise<unknown> {
    const [beta1, beta2] = group.settings.betas;
    const program = new StepProgram(rows, { shaped: ["exp_avg"], scalars: [] });
    const { params, grads } = program;
    const means = program.states("exp_avg");
    const step = (values: Operand, directions: Operand, decay: number, rate: number, maximize: boolean): void => {
      program.call(
        "_fused_sgd_",
        values,
        directions,
        [],
        decay,
        /* momentum */ 0,
        rate,
        /* dampening */ 0,
        /* nesterov */ false,
        maximize,
        /* isFirstStep */ false,
        /* gradScale */ null,
        foundInf ?? null,
      );
    };
    const signs = program.call("_foreach_mul.Scalar", means, beta1);
    program.call("_foreach_add_.List", signs, grads, 1 - beta1);
    program.call("_foreach_sign_", signs);
    step(params, signs, group.weightDecay, group.lr, false);
    // mean - (1 - β2) · (mean - gradient)
    step(means, grads, 1, 1 - beta2, true);
    return program.queue();
  }

  protected override toPython({
    lr,
    weightDecay,
    settings: { betas },
  }: OptimizerGroup<LionSettings>): Readonly<Record<string, unknown>> {
    return { lr, betas, weight_decay: weightDecay };
  }

  protected override fromPython(group: GroupReader, { betas }: LionSettings): LionSettings {
    return { betas: group.pair("betas", betas, 1) };
  }
}

function readOptions(options: LionOptions): OptimizerDefaults<LionSettings> {
  const {
    lr = 1e-4,
    betas = [0.9, 0.99],
    weightDecay = 0,
  } = checkOptions("Lion", options, ["lr", "betas", "weightDecay"]);
  return { lr, weightDecay, settings: { betas: checkPair("Lion", "betas", betas, 0, 1) } };
}
