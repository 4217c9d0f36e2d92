/** The run's learning rate: a schedule over its steps, or one that waits for evaluations. */
import { scheduleByName, type SchedulerOptions, type SchedulerType } from "../optim/schedules/by-name";
import {
  ReduceOnPlateau,
  type ReduceOnPlateauOptions,
  type ReduceOnPlateauState,
} from "../optim/schedules/reduce-on-plateau";
import type { ScheduledOptimizer, ScheduleState, WarmupOptions } from "../optim/schedules/schedule";
import { TorchwrightError } from "../errors";

/** How a learning rate goes: by the step, or by evaluations. */
export type LearningRateType = SchedulerType | "reduce_lr_on_plateau";
/** Options of all of them. */
export type LearningRateOptions = SchedulerOptions & Omit<ReduceOnPlateauOptions, "mode">;

/** Where it stands; plain data. */
export type LearningRateState = ScheduleState | ReduceOnPlateauState;

export interface LearningRate {
  /** Of the first group, as the next step will use it. */
  readonly lr: number;
  /** After every step. */
  step(): void;
  /** After every evaluation, with the value of `metricForBestModel`. */
  evaluated(metric: number): void;
  state(): LearningRateState;
  load(state: LearningRateState): void;
}

export interface LearningRateParts {
  readonly type: LearningRateType;
  readonly options: LearningRateOptions;
  readonly plan: WarmupOptions;
  readonly greaterIsBetter: boolean;
}

/**
 * @throws TorchwrightError ERR_INVALID_ARG for options that the schedule does not know, or warm-up where it has none
 */
export function learningRateOf(
  optimizer: ScheduledOptimizer,
  { type, options, plan, greaterIsBetter }: LearningRateParts,
): LearningRate {
  if (type !== "reduce_lr_on_plateau") {
    const schedule = scheduleByName(optimizer, type, plan, options);
    return {
      get lr() {
        return schedule.lr;
      },
      step: () => schedule.step(),
      evaluated: () => undefined,
      state: () => schedule.state(),
      load: (state) => schedule.load(state as ScheduleState),
    };
  }
  if (plan.warmupSteps > 0) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `schedule "${type}": expected no steps of warm-up, got ${plan.warmupSteps}`,
    );
  }
  const known = ["factor", "patience", "threshold", "thresholdMode", "cooldown", "minLr", "eps"];
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `schedule "${type}": expected options among ${known.join(", ")}, got "${unknown}"`,
    );
  }
  const plateau = new ReduceOnPlateau(optimizer, { ...options, mode: greaterIsBetter ? "max" : "min" });
  return {
    get lr() {
      return plateau.lr;
    },
    step: () => undefined,
    evaluated: (metric) => plateau.step(metric),
    state: () => plateau.state(),
    load: (state) => plateau.load(state as ReduceOnPlateauState),
  };
}
