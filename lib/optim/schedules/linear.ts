/** Linear warm-up, then linear decay to zero. */
import { checkWarmup, Schedule, type ScheduledOptimizer, warmup, type WarmupOptions } from "./schedule";

/** Both in optimizer steps. */
export type LinearScheduleOptions = WarmupOptions;

/**
 * From 0 to the learning rate during warm-up, then straight down to 0. As Hugging Face's
 * `get_linear_schedule_with_warmup`.
 */
export class LinearSchedule extends Schedule {
  /** @throws TorchwrightError ERR_INVALID_ARG unless both numbers are integers and 0 ≤ warmupSteps ≤ totalSteps */
  constructor(optimizer: ScheduledOptimizer, options: LinearScheduleOptions) {
    checkWarmup("LinearSchedule", options);
    const { warmupSteps, totalSteps } = options;
    super(
      optimizer,
      (step) => warmup(step, warmupSteps) ?? Math.max(0, (totalSteps - step) / Math.max(1, totalSteps - warmupSteps)),
    );
  }
}
