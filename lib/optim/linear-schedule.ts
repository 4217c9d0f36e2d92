/** Linear warm-up, then linear decay to zero. */
import { describe, TorchwrightError } from "../errors";
import type { AdamW } from "./adamw";

/** Both in optimizer steps. */
export interface LinearScheduleOptions {
  readonly warmupSteps: number;
  readonly totalSteps: number;
}

/**
 * Factor of the initial learning rate at a step, counted from 0: step / warmupSteps, then
 * (totalSteps − step) / (totalSteps − warmupSteps), never below 0. As Hugging Face's
 * `get_linear_schedule_with_warmup`.
 */
export function linearFactor(step: number, { warmupSteps, totalSteps }: LinearScheduleOptions): number {
  if (step < warmupSteps) return step / Math.max(1, warmupSteps);
  return Math.max(0, (totalSteps - step) / Math.max(1, totalSteps - warmupSteps));
}

/** Sets an optimizer's learning rates: at once for step 0, then at every {@link LinearSchedule.step}. */
export class LinearSchedule {
  readonly #optimizer: Pick<AdamW, "groups" | "lr">;
  readonly #options: LinearScheduleOptions;
  #step = 0;

  /** @throws TorchwrightError ERR_INVALID_ARG unless both numbers are integers and 0 ≤ warmupSteps ≤ totalSteps */
  constructor(optimizer: Pick<AdamW, "groups" | "lr">, options: LinearScheduleOptions) {
    const { warmupSteps, totalSteps } = options;
    if (!Number.isInteger(warmupSteps) || !Number.isInteger(totalSteps) || warmupSteps < 0 || warmupSteps > totalSteps) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `LinearSchedule: expected integers 0 ≤ warmupSteps ≤ totalSteps, got ${describe(warmupSteps)} and ${describe(totalSteps)}`,
      );
    }
    this.#optimizer = optimizer;
    this.#options = options;
    this.#apply();
  }

  /** Learning rate of the first group, as the next optimizer step will use it. */
  get lr(): number {
    return this.#optimizer.lr;
  }

  /** To be called after every optimizer step. */
  step(): void {
    this.#step++;
    this.#apply();
  }

  #apply(): void {
    const factor = linearFactor(this.#step, this.#options);
    for (const group of this.#optimizer.groups) group.lr = group.initialLr * factor;
  }
}
