/** Adafactor as in Hugging Face's transformers, which is not `torch.optim.Adafactor`. */
import { noGrad } from "../autograd/grad-mode";
import { TorchwrightError } from "../errors";
import { ScriptModule } from "../jit/script-module";
import type { DType } from "../tensor/dtype";
import { ops } from "../tensor/ops";
import type { Tensor } from "../tensor/tensor";
import { ADAFACTOR_STEP } from "./adafactor-step";
import { checkFlag, checkNumber, checkPair } from "./check-option";
import { checkOptions } from "../tensor/check-options";
import { Optimizer, type OptimizerDefaults } from "./optimizer";
import type { OptimizerGroup, ParameterState, Row } from "./optimizer-group";
import type { ParamsOrGroups } from "./param-groups";
import type { GroupReader } from "./state-dict";

/**
 * Names and defaults of `transformers.Adafactor`; its `Trainer` sets a learning rate, `scaleParameter` false and
 * `relativeStep` false.
 */
export interface AdafactorOptions {
  /** Learning rate; to be given where `relativeStep` is false, and only there. */
  readonly lr?: number;
  /** Least squared gradient, and least size that a parameter is taken for; default [1e-30, 1e-3]. */
  readonly eps?: readonly [number, number];
  /** Root mean square above which a parameter's step is scaled down; default 1. */
  readonly clipThreshold?: number;
  /** Power of the step count by which squared gradients are forgotten; default -0.8. */
  readonly decayRate?: number;
  /** Decay of a running mean of steps; default none, which saves a state of the parameters' size. */
  readonly beta1?: number;
  /** Decoupled weight decay; default 0. */
  readonly weightDecay?: number;
  /** Learning rates relative to the parameter's root mean square; default true. */
  readonly scaleParameter?: boolean;
  /** A learning rate that falls with the root of the step count, at most 0.01, in place of `lr`; default true. */
  readonly relativeStep?: boolean;
  /** One that first rises by 1e-6 a step, for `relativeStep`; default false. */
  readonly warmupInit?: boolean;
}

const OPTIONS = [
  "lr",
  "eps",
  "clipThreshold",
  "decayRate",
  "beta1",
  "weightDecay",
  "scaleParameter",
  "relativeStep",
  "warmupInit",
] as const satisfies readonly (keyof AdafactorOptions)[];

/** A group's settings; the options say what they mean. */
export interface AdafactorSettings {
  /** As the option. */
  readonly eps: readonly [number, number];
  /** As the option. */
  readonly clipThreshold: number;
  /** As the option. */
  readonly decayRate: number;
  /** As the option. */
  readonly beta1: number | undefined;
  /** As the option. */
  readonly scaleParameter: boolean;
  /** As the option. */
  readonly relativeStep: boolean;
  /** As the option. */
  readonly warmupInit: boolean;
}

/** Compiled at the first step. */
let script: ScriptModule | undefined;

/**
 * Adafactor: of squared gradients of a matrix it keeps a row's and a column's means alone, so its states take hardly
 * any memory.
 *
 * Source: Shazeer & Stern, *Adafactor: Adaptive Learning Rates with Sublinear Memory Cost*, 2018; arithmetic of
 * `transformers.Adafactor`.
 */
export class Adafactor extends Optimizer<AdafactorSettings> {
  /** @throws TorchwrightError ERR_INVALID_ARG */
  constructor(params: ParamsOrGroups, options: AdafactorOptions = {}) {
    super(params, readOptions(options));
    const { relativeStep = true } = options;
    if (this.groups.every(({ lr }) => Number.isNaN(lr) === relativeStep)) return;
    this.dispose();
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `Adafactor: expected ${relativeStep ? "no lr where relativeStep is true" : "an lr where relativeStep is false"}`,
    );
  }

  protected override makeState(parameter: Tensor, { beta1 }: AdafactorSettings): ParameterState {
    const { shape, device, dtype: own } = parameter;
    const dtype = isHalf(own) ? "float32" : own;
    const leading = shape.slice(0, -2);
    return {
      ...(beta1 !== undefined && { exp_avg: ops.emptyLike(parameter, { dtype }) }),
      ...(shape.length < 2
        ? { exp_avg_sq: ops.emptyLike(parameter, { dtype }) }
        : {
            exp_avg_sq_row: ops.empty(shape.slice(0, -1), { dtype, device }),
            exp_avg_sq_col: ops.empty([...leading, shape.at(-1) as number], { dtype, device }),
          }),
      step: ops.empty([], { dtype: "float32", device }),
    };
  }

  protected override queueStep(
    rows: readonly Row[],
    { lr, weightDecay, settings }: OptimizerGroup<AdafactorSettings>,
    foundInf: Tensor | undefined,
  ): Promise<unknown> {
    const step = (script ??= ScriptModule.compile({
      className: "__torch__.torchwright.AdafactorStep",
      source: ADAFACTOR_STEP,
    }));
    const {
      eps: [eps, floor],
      clipThreshold,
      decayRate,
      beta1,
      scaleParameter,
      relativeStep,
      warmupInit,
    } = settings;
    const states = (name: string): Tensor[] => rows.flatMap(({ state }) => state[name] ?? []);
    const args = [
      rows.map(({ parameter }) => parameter),
      states("step"),
      rows.map(({ state: { exp_avg_sq: square, exp_avg_sq_row: row } }) => square ?? row),
      states("exp_avg_sq_col"),
      states("exp_avg"),
      foundInf,
      relativeStep ? undefined : lr,
      weightDecay,
      eps,
      floor,
      clipThreshold,
      decayRate,
      beta1 ?? 0,
      scaleParameter,
      warmupInit,
      isHalf((rows[0] as Row).parameter.dtype),
    ];
    return noGrad(() => step.forward(args));
  }

  protected override toPython({
    lr,
    weightDecay,
    settings,
  }: OptimizerGroup<AdafactorSettings>): Readonly<Record<string, unknown>> {
    const { eps, clipThreshold, decayRate, beta1, scaleParameter, relativeStep, warmupInit } = settings;
    return {
      lr: relativeStep ? null : lr,
      eps,
      clip_threshold: clipThreshold,
      decay_rate: decayRate,
      beta1: beta1 ?? null,
      weight_decay: weightDecay,
      scale_parameter: scaleParameter,
      relative_step: relativeStep,
      warmup_init: warmupInit,
    };
  }

  protected override fromPython(group: GroupReader, current: AdafactorSettings): AdafactorSettings {
    group.only("relative_step", current.relativeStep);
    return checkSettings(group.operation, {
      eps: group.pair("eps", current.eps),
      clipThreshold: group.number("clip_threshold", current.clipThreshold),
      decayRate: group.number("decay_rate", current.decayRate, -Number.MAX_VALUE),
      beta1: group.sameKind("beta1", current.beta1),
      scaleParameter: group.flag("scale_parameter", current.scaleParameter),
      relativeStep: current.relativeStep,
      warmupInit: group.flag("warmup_init", current.warmupInit),
    });
  }

  protected override stateToPython(state: ParameterState, steps: number): Readonly<Record<string, Tensor | number>> {
    return { ...state, step: steps };
  }

  /** `RMS` is a parameter's size, which every step measures anew. */
  protected override stateFromPython({
    RMS: _size,
    ...state
  }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    return state;
  }
}

/** Steps are computed in float32 then. */
function isHalf(dtype: DType): boolean {
  return dtype === "float16" || dtype === "bfloat16";
}

function readOptions(options: AdafactorOptions): OptimizerDefaults<AdafactorSettings> {
  const {
    lr,
    eps = [1e-30, 1e-3],
    clipThreshold = 1,
    decayRate = -0.8,
    beta1,
    weightDecay = 0,
    scaleParameter = true,
    relativeStep = true,
    warmupInit = false,
  } = checkOptions("Adafactor", options, OPTIONS);
  const settings = checkSettings("Adafactor", {
    eps,
    clipThreshold,
    decayRate,
    beta1,
    scaleParameter,
    relativeStep,
    warmupInit,
  });
  return { lr, weightDecay, settings };
}

function checkSettings(name: string, settings: AdafactorSettings): AdafactorSettings {
  checkPair(name, "eps", settings.eps, 0, Number.MAX_VALUE);
  checkNumber(name, "clipThreshold", settings.clipThreshold, Number.MIN_VALUE, Number.MAX_VALUE);
  checkNumber(name, "decayRate", settings.decayRate, -Number.MAX_VALUE, 0);
  if (settings.beta1 !== undefined) checkNumber(name, "beta1", settings.beta1, 0, 1);
  for (const flag of ["scaleParameter", "relativeStep", "warmupInit"] as const) checkFlag(name, flag, settings[flag]);
  if (settings.warmupInit && !settings.relativeStep) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `${name}: expected relativeStep for warmupInit, got relativeStep false`,
    );
  }
  return settings;
}
