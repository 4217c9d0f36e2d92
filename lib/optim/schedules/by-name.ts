/** Schedules by the names that Hugging Face's `lr_scheduler_type` has for them. */
import { describe, TorchwrightError } from "../../errors";
import { ConstantSchedule } from "./constant";
import {
  CosineSchedule,
  type CosineScheduleOptions,
  CosineWithRestartsSchedule,
  type CosineWithRestartsScheduleOptions,
} from "./cosine";
import { InverseSqrtSchedule, type InverseSqrtScheduleOptions } from "./inverse-sqrt";
import { LinearSchedule } from "./linear";
import { OneCycleSchedule, type OneCycleScheduleOptions } from "./one-cycle";
import { PolynomialSchedule, type PolynomialScheduleOptions } from "./polynomial";
import type { Schedule, ScheduledOptimizer, WarmupOptions } from "./schedule";

/** What schedules can be told beside steps. */
export type SchedulerOptions = Partial<
  Omit<
    CosineScheduleOptions &
      CosineWithRestartsScheduleOptions &
      PolynomialScheduleOptions &
      InverseSqrtScheduleOptions &
      OneCycleScheduleOptions,
    keyof WarmupOptions
  >
>;

interface Entry {
  /** Options that the schedule knows. */
  readonly knows: readonly (keyof SchedulerOptions)[];
  readonly warmup: boolean;
  readonly make: (optimizer: ScheduledOptimizer, options: WarmupOptions & SchedulerOptions) => Schedule;
}

const ENTRIES = {
  linear: { knows: [], warmup: true, make: (optimizer, options) => new LinearSchedule(optimizer, options) },
  cosine: { knows: ["numCycles"], warmup: true, make: (optimizer, options) => new CosineSchedule(optimizer, options) },
  cosine_with_restarts: {
    knows: ["numCycles"],
    warmup: true,
    make: (optimizer, options) => new CosineWithRestartsSchedule(optimizer, options),
  },
  cosine_with_min_lr: {
    knows: ["numCycles", "minLrRate"],
    warmup: true,
    make: (optimizer, options) => new CosineSchedule(optimizer, options),
  },
  polynomial: {
    knows: ["power", "lrEnd"],
    warmup: true,
    make: (optimizer, options) => new PolynomialSchedule(optimizer, options),
  },
  constant: { knows: [], warmup: false, make: (optimizer) => new ConstantSchedule(optimizer) },
  constant_with_warmup: {
    knows: [],
    warmup: true,
    make: (optimizer, options) => new ConstantSchedule(optimizer, options),
  },
  inverse_sqrt: {
    knows: ["timescale"],
    warmup: true,
    make: (optimizer, options) => new InverseSqrtSchedule(optimizer, options),
  },
  one_cycle: {
    knows: ["pctStart", "divFactor", "finalDivFactor"],
    warmup: false,
    make: (optimizer, options) => new OneCycleSchedule(optimizer, options),
  },
} as const satisfies Readonly<Record<string, Entry>>;

/** The schedules by Hugging Face's names, and PyTorch's "one_cycle". */
export type SchedulerType = keyof typeof ENTRIES;

export const SCHEDULER_TYPES = Object.keys(ENTRIES) as readonly SchedulerType[];

/**
 * @throws TorchwrightError ERR_INVALID_ARG for options that the schedule does not know, or warm-up where it has none
 */
export function scheduleByName(
  optimizer: ScheduledOptimizer,
  type: SchedulerType,
  steps: WarmupOptions,
  options: SchedulerOptions,
): Schedule {
  const { knows, warmup, make }: Entry = ENTRIES[type];
  const unknown = Object.keys(options).find((name) => !(knows as readonly string[]).includes(name));
  if (unknown !== undefined) {
    const known = knows.length > 0 ? `options among ${knows.join(", ")}` : "no options";
    throw new TorchwrightError("ERR_INVALID_ARG", `schedule "${type}": expected ${known}, got "${unknown}"`);
  }
  if (!warmup && steps.warmupSteps > 0) {
    const other = type === "constant" ? 'take "constant_with_warmup"' : "its own rise is set by pctStart";
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `schedule "${type}": expected no steps of warm-up, got ${describe(steps.warmupSteps)}; ${other}`,
    );
  }
  return make(optimizer, { ...options, ...steps });
}
