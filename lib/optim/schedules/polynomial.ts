/** Linear warm-up, then down along a power of what is left. */
import { checkNumber } from "../check-option";
import {
  checkScheduled,
  checkWarmup,
  progress,
  Schedule,
  type ScheduledOptimizer,
  warmup,
  type WarmupOptions,
} from "./schedule";

export interface PolynomialScheduleOptions extends WarmupOptions {
  /** 1 is a straight line; default 1. */
  readonly power?: number;
  /**
   * Learning rate of the first group at the end and after it, below its initial one; default 1e-7. Other groups end at
   * the same share of theirs.
   */
  readonly lrEnd?: number;
}

/**
 * From the learning rate to `lrEnd` along a power of the share of steps that is left. As Hugging Face's
 * `get_polynomial_decay_schedule_with_warmup`.
 */
export class PolynomialSchedule extends Schedule {
  /** @throws TorchwrightError ERR_INVALID_ARG */
  constructor(optimizer: ScheduledOptimizer, options: PolynomialScheduleOptions) {
    checkScheduled("PolynomialSchedule", optimizer);
    checkWarmup("PolynomialSchedule", options);
    const initial = optimizer.groups[0]?.initialLr ?? 0;
    const power = checkNumber("PolynomialSchedule", "power", options.power ?? 1, 0, Number.MAX_VALUE);
    const end = checkNumber("PolynomialSchedule", "lrEnd", options.lrEnd ?? 1e-7, 0, initial);
    super(optimizer, (step) => {
      const left = Math.max(0, 1 - progress(step, options));
      return warmup(step, options.warmupSteps) ?? ((initial - end) * left ** power + end) / (initial || 1);
    });
  }
}
