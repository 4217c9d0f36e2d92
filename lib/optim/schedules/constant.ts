/** Linear warm-up, then the same learning rate for ever. */
import { checkObject } from "../../tensor/check-options";
import { checkSteps, Schedule, type ScheduledOptimizer, warmup } from "./schedule";

/** How long the rate rises before it stays. */
export interface ConstantScheduleOptions {
  /** Default 0. */
  readonly warmupSteps?: number;
}

/** As Hugging Face's `get_constant_schedule_with_warmup`, and without warm-up `get_constant_schedule`. */
export class ConstantSchedule extends Schedule {
  /** @throws TorchwrightError ERR_INVALID_ARG */
  constructor(optimizer: ScheduledOptimizer, options: ConstantScheduleOptions = {}) {
    const warmupSteps = checkSteps(
      "ConstantSchedule",
      "warmupSteps",
      checkObject("ConstantSchedule", options).warmupSteps ?? 0,
    );
    super(optimizer, (step) => warmup(step, warmupSteps) ?? 1);
  }
}
