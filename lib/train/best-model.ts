/** Compares evaluations: which is the best, and whether training still gets anywhere. */
import { type AnyEvaluation, scalarMetrics } from "./evaluation";
import { isBetterGreater } from "./best-metric";
import type { ResolvedTrainerOptions } from "./options";

/** The best evaluation so far; plain data. */
export interface Best {
  /** Its step. */
  readonly step: number;
  /** Of `metricForBestModel`. */
  readonly value: number;
}

/** Plain data. */
export interface BestModelState {
  /** What was compared. */
  readonly metric: string;
  /** Absent before the first evaluation. */
  readonly best?: Best;
  /** Evaluations without enough progress since the last with it. */
  readonly stale: number;
}

export class BestModel {
  readonly #options: ResolvedTrainerOptions;
  #best: Best | undefined;
  #stale = 0;

  constructor(options: ResolvedTrainerOptions) {
    this.#options = options;
  }

  get best(): Best | undefined {
    return this.#best;
  }

  /** Whether `earlyStoppingPatience` is at its end. */
  get exhausted(): boolean {
    return this.#stale >= (this.#options.earlyStoppingPatience ?? Infinity);
  }

  /**
   * Takes an evaluation in, as Hugging Face's Trainer and its EarlyStoppingCallback: any progress makes it the best.
   * What is not finite is none. Gives the value that counts.
   */
  rate(step: number, metrics: AnyEvaluation): number {
    const {
      metricForBestModel: metric,
      greaterIsBetter = isBetterGreater(metric),
      earlyStoppingThreshold,
    } = this.#options;
    const value = scalarMetrics(metrics)[metric] ?? NaN;
    const first = this.#best === undefined && Number.isFinite(value);
    const gain = first ? Infinity : (greaterIsBetter ? 1 : -1) * (value - (this.#best?.value ?? NaN));
    if (gain > 0) this.#best = { step, value };
    this.#stale = gain > earlyStoppingThreshold ? 0 : this.#stale + 1;
    return value;
  }

  state(): BestModelState {
    return { metric: this.#options.metricForBestModel, ...(this.#best && { best: this.#best }), stale: this.#stale };
  }

  /** Goes on from a state; of another metric it says nothing, and the comparison begins anew. */
  load({ metric, best, stale }: BestModelState): void {
    if (metric !== this.#options.metricForBestModel) return;
    this.#best = best;
    this.#stale = stale;
  }

  /** Forgets the best, where its weights are gone. */
  forget(): void {
    this.#best = undefined;
  }
}
