/** Linear warm-up, then down along a cosine, once or again and again. */
import { checkNumber } from "../check-option";
import {
  checkSteps,
  checkWarmup,
  progress,
  Schedule,
  type ScheduledOptimizer,
  warmup,
  type WarmupOptions,
} from "./schedule";

export interface CosineScheduleOptions extends WarmupOptions {
  /** Waves; default 0.5, which is down to the lowest and no more. */
  readonly numCycles?: number;
  /** Lowest learning rate as a share of the initial one; default 0. */
  readonly minLrRate?: number;
}

/**
 * Down along half a cosine wave after warm-up. As Hugging Face's `get_cosine_schedule_with_warmup` and
 * `get_cosine_with_min_lr_schedule_with_warmup`.
 */
export class CosineSchedule extends Schedule {
  /** @throws TorchwrightError ERR_INVALID_ARG */
  constructor(optimizer: ScheduledOptimizer, options: CosineScheduleOptions) {
    checkWarmup("CosineSchedule", options);
    const cycles = checkNumber("CosineSchedule", "numCycles", options.numCycles ?? 0.5, 0, Number.MAX_VALUE);
    const lowest = checkNumber("CosineSchedule", "minLrRate", options.minLrRate ?? 0, 0, 1);
    super(optimizer, (step) => {
      const rising = warmup(step, options.warmupSteps);
      if (rising !== undefined) return rising;
      const wave = 0.5 * (1 + Math.cos(2 * Math.PI * cycles * progress(step, options)));
      return Math.max(0, wave * (1 - lowest) + lowest);
    });
  }
}

export interface CosineWithRestartsScheduleOptions extends WarmupOptions {
  /** How often it goes down; default 1. */
  readonly numCycles?: number;
}

/**
 * Down along half a cosine wave after warm-up, then from the top anew. As Hugging Face's
 * `get_cosine_with_hard_restarts_schedule_with_warmup`.
 */
export class CosineWithRestartsSchedule extends Schedule {
  /** @throws TorchwrightError ERR_INVALID_ARG */
  constructor(optimizer: ScheduledOptimizer, options: CosineWithRestartsScheduleOptions) {
    checkWarmup("CosineWithRestartsSchedule", options);
    const cycles = checkSteps("CosineWithRestartsSchedule", "numCycles", options.numCycles ?? 1, 1);
    super(optimizer, (step) => {
      const rising = warmup(step, options.warmupSteps);
      if (rising !== undefined) return rising;
      const done = progress(step, options);
      return done >= 1 ? 0 : Math.max(0, 0.5 * (1 + Math.cos(Math.PI * ((cycles * done) % 1))));
    });
  }
}
