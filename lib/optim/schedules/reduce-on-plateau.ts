/** The learning rate falls when a metric no longer gets better. */
import { checkObject } from "../../tensor/check-options";
import { describe, TorchwrightError } from "../../errors";
import { checkNumber } from "../check-option";
import { checkScheduled, checkSteps, type ScheduledOptimizer } from "./schedule";

/** What counts as progress, and what happens without it. */
export interface ReduceOnPlateauOptions {
  /** "min" for losses, "max" for scores; default "min". */
  readonly mode?: "min" | "max";
  /** What the learning rate is multiplied by; default 0.1. */
  readonly factor?: number;
  /** Evaluations without progress that are borne with; default 10. */
  readonly patience?: number;
  /** Progress that counts; default 1e-4. */
  readonly threshold?: number;
  /** "rel": a share of the best value so far; "abs": an amount. Default "rel". */
  readonly thresholdMode?: "rel" | "abs";
  /** Evaluations after a reduction that do not count; default 0. */
  readonly cooldown?: number;
  /** No group goes below it; default 0. */
  readonly minLr?: number;
  /** A smaller change than this is left undone; default 1e-8. */
  readonly eps?: number;
}

/** Where it stands; plain data. */
export interface ReduceOnPlateauState {
  /** Absent before the first metric. */
  readonly best?: number;
  /** Evaluations without progress since the last one with. */
  readonly badEvaluations: number;
  /** Evaluations that still do not count. */
  readonly cooldownLeft: number;
  /** Learning rates of the optimizer's groups. */
  readonly lrs: readonly number[];
}

/** As PyTorch's `ReduceLROnPlateau`: `step(metric)` after every evaluation. */
export class ReduceOnPlateau {
  readonly #optimizer: ScheduledOptimizer;
  readonly #options: Required<ReduceOnPlateauOptions>;
  #best: number | undefined;
  #bad = 0;
  #cooldown = 0;

  /** @throws TorchwrightError ERR_INVALID_ARG */
  constructor(optimizer: ScheduledOptimizer, options: ReduceOnPlateauOptions = {}) {
    const name = "ReduceOnPlateau";
    checkScheduled(name, optimizer);
    const { mode = "min", thresholdMode = "rel" } = checkObject(name, options);
    if (!["min", "max"].includes(mode)) {
      throw new TorchwrightError("ERR_INVALID_ARG", `${name}: expected mode "min" or "max", got ${describe(mode)}`);
    }
    if (!["rel", "abs"].includes(thresholdMode)) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `${name}: expected thresholdMode "rel" or "abs", got ${describe(thresholdMode)}`,
      );
    }
    this.#optimizer = optimizer;
    this.#options = {
      mode,
      thresholdMode,
      factor: checkNumber(name, "factor", options.factor ?? 0.1, 0, 1 - 1e-12),
      patience: checkSteps(name, "patience", options.patience ?? 10),
      threshold: checkNumber(name, "threshold", options.threshold ?? 1e-4, 0, Number.MAX_VALUE),
      cooldown: checkSteps(name, "cooldown", options.cooldown ?? 0),
      minLr: checkNumber(name, "minLr", options.minLr ?? 0, 0, Number.MAX_VALUE),
      eps: checkNumber(name, "eps", options.eps ?? 1e-8, 0, Number.MAX_VALUE),
    };
  }

  /** Learning rate of the first group. */
  get lr(): number {
    return this.#optimizer.groups[0]?.lr ?? 0;
  }

  /** Takes a metric in; NaN is no progress. Throws ERR_INVALID_ARG for what is no number. */
  step(metric: number): void {
    if (typeof metric !== "number") {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `ReduceOnPlateau: expected a metric as a number, got ${describe(metric)}`,
      );
    }
    if (this.#isBetter(metric)) {
      this.#best = metric;
      this.#bad = 0;
    } else this.#bad++;
    if (this.#cooldown > 0) {
      this.#cooldown--;
      this.#bad = 0;
    }
    if (this.#bad <= this.#options.patience) return;
    this.#reduce();
    this.#cooldown = this.#options.cooldown;
    this.#bad = 0;
  }

  /** To go on from with {@link ReduceOnPlateau.load}. */
  state(): ReduceOnPlateauState {
    const lrs = this.#optimizer.groups.map(({ lr }) => lr);
    return {
      ...(this.#best !== undefined && { best: this.#best }),
      badEvaluations: this.#bad,
      cooldownLeft: this.#cooldown,
      lrs,
    };
  }

  /** Continues where one with the same options stood. Throws ERR_INVALID_ARG for another number of groups. */
  load({ best, badEvaluations, cooldownLeft, lrs }: ReduceOnPlateauState): void {
    const { groups } = this.#optimizer;
    if (lrs.length !== groups.length) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `ReduceOnPlateau: expected learning rates of ${groups.length} groups, got ${lrs.length}`,
      );
    }
    [this.#best, this.#bad, this.#cooldown] = [best, badEvaluations, cooldownLeft];
    groups.forEach((group, i) => (group.lr = lrs[i] as number));
  }

  #isBetter(metric: number): boolean {
    const { mode, threshold, thresholdMode } = this.#options;
    const best = this.#best ?? (mode === "min" ? Infinity : -Infinity);
    if (mode === "min") return metric < (thresholdMode === "rel" ? best * (1 - threshold) : best - threshold);
    return metric > (thresholdMode === "rel" ? best * (1 + threshold) : best + threshold);
  }

  #reduce(): void {
    const { factor, minLr, eps } = this.#options;
    for (const group of this.#optimizer.groups) {
      const lr = Math.max(group.lr * factor, minLr);
      if (group.lr - lr > eps) group.lr = lr;
    }
  }
}
