/** Linear warm-up, then down with the square root of the steps. */
import { checkObject } from "../../tensor/check-options";
import { checkSteps, Schedule, type ScheduledOptimizer, warmup } from "./schedule";

/** How long the rate rises, and how fast it falls. */
export interface InverseSqrtScheduleOptions {
  /** Default 0. */
  readonly warmupSteps?: number;
  /** Steps in which it falls to 1/√2; default: `warmupSteps`, or 10,000 without warm-up. */
  readonly timescale?: number;
}

/** √(timescale / steps) after warm-up; needs no number of steps. As Hugging Face's `get_inverse_sqrt_schedule`. */
export class InverseSqrtSchedule extends Schedule {
  /** @throws TorchwrightError ERR_INVALID_ARG */
  constructor(optimizer: ScheduledOptimizer, options: InverseSqrtScheduleOptions = {}) {
    const warmupSteps = checkSteps(
      "InverseSqrtSchedule",
      "warmupSteps",
      checkObject("InverseSqrtSchedule", options).warmupSteps ?? 0,
    );
    const timescale = checkSteps("InverseSqrtSchedule", "timescale", options.timescale ?? (warmupSteps || 10_000), 1);
    super(
      optimizer,
      (step) => warmup(step, warmupSteps) ?? 1 / Math.sqrt((step + timescale - warmupSteps) / timescale),
    );
  }
}
