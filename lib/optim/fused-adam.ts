/** What Adam and AdamW share: means of gradients and their squares, and one fused kernel for all parameters. */
import { ops } from "../tensor/ops";
import type { Tensor } from "../tensor/tensor";
import { checkFlag, checkNumber, checkPair } from "./check-option";
import { checkOptions } from "../tensor/check-options";
import { Optimizer, type OptimizerDefaults } from "./optimizer";
import type { OptimizerGroup, ParameterState, Row } from "./optimizer-group";
import type { ParamsOrGroups } from "./param-groups";
import type { GroupReader } from "./state-dict";
import { StepProgram } from "./step-program";

/** Options of `Adam` and `AdamW`. */
export interface FusedAdamOptions {
  /** Learning rate; default 1e-3. */
  readonly lr?: number;
  /** Decay of the running means of gradient and squared gradient; default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** Default 1e-8. */
  readonly eps?: number;
  /** Default 0. */
  readonly weightDecay?: number;
  /**
   * Divide by the largest mean of squared gradients so far; default false. Source: Reddi et al., *On the Convergence of
   * Adam and Beyond*, 2018.
   */
  readonly amsgrad?: boolean;
}

/** A group's settings; the options say what they mean. */
export interface FusedAdamSettings {
  /** As the option. */
  readonly betas: readonly [number, number];
  /** As the option. */
  readonly eps: number;
  /** As the option. */
  readonly amsgrad: boolean;
}

const OPTIONS = ["lr", "betas", "eps", "weightDecay", "amsgrad"] as const satisfies readonly (keyof FusedAdamOptions)[];
/** Betas are below 1. */
const BELOW_ONE = 1 - 1e-12;

export abstract class FusedAdam extends Optimizer<FusedAdamSettings> {
  /** libtorch's kernel; decoupled weight decay is AdamW's. */
  protected abstract readonly kernel: "_fused_adam_" | "_fused_adamw_";

  protected constructor(params: ParamsOrGroups, options: FusedAdamOptions) {
    super(params, readOptions(new.target.name, options));
  }

  protected override makeState(parameter: Tensor, { amsgrad }: FusedAdamSettings): ParameterState {
    return {
      exp_avg: ops.emptyLike(parameter),
      exp_avg_sq: ops.emptyLike(parameter),
      ...(amsgrad && { max_exp_avg_sq: ops.emptyLike(parameter) }),
      step: ops.empty([], { dtype: "float32", device: parameter.device }),
    };
  }

  protected override queueStep(
    rows: readonly Row[],
    group: OptimizerGroup<FusedAdamSettings>,
    foundInf: Tensor | undefined,
  ): Promise<unknown> {
    const {
      betas: [beta1, beta2],
      eps,
      amsgrad,
    } = group.settings;
    const program = new StepProgram(rows, {
      shaped: ["exp_avg", "exp_avg_sq", ...(amsgrad ? ["max_exp_avg_sq"] : [])],
      scalars: ["step"],
    });
    const steps = program.states("step");
    program.countStep(steps, foundInf);
    program.call(
      this.kernel,
      program.params,
      program.grads,
      program.states("exp_avg"),
      program.states("exp_avg_sq"),
      amsgrad ? program.states("max_exp_avg_sq") : [],
      steps,
      group.lr,
      beta1,
      beta2,
      group.weightDecay,
      eps,
      amsgrad,
      /* maximize */ false,
      /* gradScale */ null,
      foundInf ?? null,
    );
    return program.queue();
  }

  protected override toPython({
    lr,
    weightDecay,
    settings: { betas, eps, amsgrad },
  }: OptimizerGroup<FusedAdamSettings>): Readonly<Record<string, unknown>> {
    return {
      lr,
      betas,
      eps,
      weight_decay: weightDecay,
      amsgrad,
      maximize: false,
      foreach: null,
      capturable: false,
      differentiable: false,
      fused: true,
      decoupled_weight_decay: this.#decoupled,
    };
  }

  protected override fromPython(group: GroupReader, { betas, eps, amsgrad }: FusedAdamSettings): FusedAdamSettings {
    group.only("amsgrad", amsgrad);
    group.only("maximize", false);
    group.only("decoupled_weight_decay", this.#decoupled);
    return { betas: group.pair("betas", betas, BELOW_ONE), eps: group.number("eps", eps), amsgrad };
  }

  get #decoupled(): boolean {
    return this.kernel === "_fused_adamw_";
  }
}

function readOptions(name: string, options: FusedAdamOptions): OptimizerDefaults<FusedAdamSettings> {
  const {
    lr = 1e-3,
    betas = [0.9, 0.999],
    eps = 1e-8,
    weightDecay = 0,
    amsgrad = false,
  } = checkOptions(name, options, OPTIONS);
  return {
    lr,
    weightDecay,
    settings: {
      betas: checkPair(name, "betas", betas, 0, BELOW_ONE),
      eps: checkNumber(name, "eps", eps, 0, Number.MAX_VALUE),
      amsgrad: checkFlag(name, "amsgrad", amsgrad),
    },
  };
}
