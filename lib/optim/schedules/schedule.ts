/** What all schedules share: a factor of the initial learning rate for every step. */
import { checkObject } from "../../tensor/check-options";
import { describe, TorchwrightError } from "../../errors";

/** An optimizer as a schedule sees it. */
export interface ScheduledOptimizer {
  /** Its groups. */
  readonly groups: readonly {
    /** The rate that the schedule scales. */
    readonly initialLr: number;
    /** The rate of the next step. */
    lr: number;
  }[];
}

/** Where a schedule stands; plain data. */
export interface ScheduleState {
  /** Steps that were taken. */
  readonly step: number;
}

/**
 * Sets an optimizer's learning rates: at once for step 0, then at every {@link Schedule.step}. As PyTorch's `LambdaLR`.
 */
export abstract class Schedule {
  readonly #optimizer: ScheduledOptimizer;
  readonly #factor: (step: number) => number;
  #step = 0;

  /** @param factor of the initial learning rate at a step, counted from 0 */
  protected constructor(optimizer: ScheduledOptimizer, factor: (step: number) => number) {
    checkScheduled(this.constructor.name, optimizer);
    this.#optimizer = optimizer;
    this.#factor = factor;
    this.#apply();
  }

  /** Learning rate of the first group, as the next optimizer step will use it. */
  get lr(): number {
    return this.#optimizer.groups[0]?.lr ?? 0;
  }

  /** To be called after every optimizer step. */
  step(): void {
    this.#step++;
    this.#apply();
  }

  /** To go on from with {@link Schedule.load}. */
  state(): ScheduleState {
    return { step: this.#step };
  }

  /** Continues where a schedule with the same options stood. Throws ERR_INVALID_ARG. */
  load({ step }: ScheduleState): void {
    this.#step = checkSteps(this.constructor.name, "step", step);
    this.#apply();
  }

  #apply(): void {
    const factor = this.#factor(this.#step);
    for (const group of this.#optimizer.groups) group.lr = group.initialLr * factor;
  }
}

/** Steps of warm-up and of the whole run. */
export interface WarmupOptions {
  /** Steps in which the rate rises from 0. */
  readonly warmupSteps: number;
  /** Steps of the whole run, warm-up included. */
  readonly totalSteps: number;
}

/** Throws ERR_INVALID_ARG unless both numbers are integers and 0 ≤ warmupSteps ≤ totalSteps. */
export function checkWarmup(name: string, options: WarmupOptions): void {
  const { warmupSteps, totalSteps } = checkObject(name, options);
  if (!Number.isInteger(warmupSteps) || !Number.isInteger(totalSteps) || warmupSteps < 0 || warmupSteps > totalSteps) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `${name}: expected integers 0 ≤ warmupSteps ≤ totalSteps, got ${describe(warmupSteps)} and ${describe(totalSteps)}`,
    );
  }
}

/** Throws ERR_INVALID_ARG for what is no optimizer. */
export function checkScheduled(name: string, optimizer: ScheduledOptimizer): void {
  if (Array.isArray((optimizer as Partial<ScheduledOptimizer> | undefined)?.groups)) return;
  throw new TorchwrightError("ERR_INVALID_ARG", `${name}: expected an optimizer, got ${describe(optimizer)}`);
}

/** The number; throws ERR_INVALID_ARG unless it is an integer of at least `least`. */
export function checkSteps(name: string, option: string, value: number, least = 0): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new TorchwrightError(
    "ERR_INVALID_ARG",
    `${name}: expected ${option} to be a whole number of at least ${least}, got ${describe(value)}`,
  );
}

/** The share of warm-up that is done, below 1 while it lasts; undefined after it. */
export function warmup(step: number, warmupSteps: number): number | undefined {
  return step < warmupSteps ? step / Math.max(1, warmupSteps) : undefined;
}

/** How far a step is between the end of warm-up, 0, and that of the run, 1. */
export function progress(step: number, { warmupSteps, totalSteps }: WarmupOptions): number {
  return (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps);
}
