/** Up along a cosine to the learning rate, then down to almost nothing. */
import { checkObject } from "../../tensor/check-options";
import { checkNumber } from "../check-option";
import { checkSteps, Schedule, type ScheduledOptimizer } from "./schedule";

/** The cycle's length and form. */
export interface OneCycleScheduleOptions {
  /** Steps of the whole cycle. */
  readonly totalSteps: number;
  /** Share of the steps in which it rises; default 0.3. */
  readonly pctStart?: number;
  /** The learning rate over the one at the beginning; default 25. */
  readonly divFactor?: number;
  /** The one at the beginning over the one at the end; default 10,000. */
  readonly finalDivFactor?: number;
}

/**
 * One rise and one fall; the optimizer's learning rate is the top. As PyTorch's `OneCycleLR` with two phases and
 * cosines, but that betas stay as they are (`cycle_momentum=False`). Source: Smith & Topin, *Super-Convergence*, 2018.
 */
export class OneCycleSchedule extends Schedule {
  /** @throws TorchwrightError ERR_INVALID_ARG */
  constructor(optimizer: ScheduledOptimizer, options: OneCycleScheduleOptions) {
    const {
      totalSteps,
      pctStart = 0.3,
      divFactor = 25,
      finalDivFactor = 1e4,
    } = checkObject("OneCycleSchedule", options);
    checkSteps("OneCycleSchedule", "totalSteps", totalSteps, 1);
    checkNumber("OneCycleSchedule", "pctStart", pctStart, 0, 1);
    const first = 1 / checkNumber("OneCycleSchedule", "divFactor", divFactor, 1, Number.MAX_VALUE);
    const last = first / checkNumber("OneCycleSchedule", "finalDivFactor", finalDivFactor, 1, Number.MAX_VALUE);
    const top = pctStart * totalSteps - 1;
    const end = totalSteps - 1;
    const cosine = (from: number, to: number, share: number): number =>
      to + ((from - to) / 2) * (1 + Math.cos(Math.PI * share));
    super(optimizer, (step) => {
      if (step <= top) return cosine(first, 1, top === 0 ? 1 : step / top);
      return cosine(1, last, end === top ? 1 : (Math.min(step, end) - top) / (end - top));
    });
  }
}
