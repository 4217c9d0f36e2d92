/** Metrics of predicted numbers, fed batch by batch. */
import { describe, TorchwrightError } from "../errors";
import { readFinite } from "./metric-inputs";
import { nestedOptions, readOptions } from "./metric-options";
import { withReading } from "./metric-sections";
import { type BootstrapOptions, type Intervals, PoissonBootstrap } from "./poisson-bootstrap";
import { type Moments, WeightedMoments } from "./weighted-moments";

/** What is estimated beside the metrics. */
export interface RegressionOptions {
  /** Adds confidence intervals to the summary. Default: none. */
  readonly bootstrap?: BootstrapOptions;
}

/** Numbers that follow from moments; a bootstrap gives intervals of these. */
export interface RegressionScores {
  /** Mean squared error. */
  readonly mse: number;
  /** Its square root, in the targets' unit. */
  readonly rmse: number;
  /** Mean absolute error. */
  readonly mae: number;
  /** Mean of prediction − target: the bias. */
  readonly meanError: number;
  /**
   * Coefficient of determination: 1 − mse / variance of the targets, scikit-learn's `r2_score`. With targets that are
   * all equal 1 if all predictions are right, else 0; NaN for fewer than two examples.
   */
  readonly r2: number;
  /** As `r2`, with the variance of the errors in place of their mean square; the same rule for equal targets. */
  readonly explainedVariance: number;
  /** Pearson correlation of predictions and targets, −1 to 1; NaN where either are all equal. */
  readonly pearson: number;
}

/**
 * Everything that {@link RegressionMetrics} says; numbers are NaN where no example defines them, which JSON writes as
 * null.
 */
export interface RegressionSummary extends RegressionScores {
  /** Examples that were counted. */
  readonly examples: number;
  /** Largest absolute error. */
  readonly maxError: number;
  /** With the option `bootstrap`. The largest error has none: no replicate can exceed it. */
  readonly intervals?: Intervals<RegressionScores>;
}

interface Options {
  readonly bootstrap: BootstrapOptions | undefined;
}

/**
 * Metrics of a regression under scikit-learn's definitions, in memory that does not grow with the examples.
 * Spearman's correlation is not among them: ranks need all examples at once.
 *
 * @example
 * ```ts
 * import { RegressionMetrics } from "torchwright";
 * const metrics = new RegressionMetrics({ bootstrap: { confidence: 0.9 } });
 * metrics.addAll([2.5, 0, 2, 8], [3, -0.5, 2, 7]); // predictions, targets
 * const { rmse, r2, intervals } = metrics.summary();
 * ```
 */
export class RegressionMetrics {
  readonly #bootstrap: PoissonBootstrap;
  readonly #moments: WeightedMoments;
  #maxError = NaN;

  /** Throws ERR_INVALID_ARG. */
  constructor(options: RegressionOptions = {}) {
    const { bootstrap } = readOptions<Options>(
      "RegressionMetrics",
      options,
      { bootstrap: undefined },
      { bootstrap: nestedOptions },
    );
    this.#bootstrap = new PoissonBootstrap("RegressionMetrics", bootstrap);
    this.#moments = new WeightedMoments(this.#bootstrap);
  }

  /**
   * Counts a batch: predictions and targets, one of each for every example, all finite.
   * A batch that is refused is not counted at all. Throws ERR_INVALID_ARG.
   */
  addAll(predictions: ArrayLike<number>, targets: ArrayLike<number>): void {
    const predicted = readFinite("RegressionMetrics.addAll", "predictions", predictions);
    const actual = readFinite("RegressionMetrics.addAll", "targets", targets);
    if (predicted.length !== actual.length) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `RegressionMetrics.addAll: expected as many predictions as targets, got ${describe(predicted.length)} and ${actual.length}`,
      );
    }
    for (let row = 0; row < actual.length; row++) {
      const prediction = predicted[row] as number;
      const target = actual[row] as number;
      this.#bootstrap.draw();
      this.#moments.add(prediction, target);
      const error = Math.abs(prediction - target);
      if (!(error <= this.#maxError)) this.#maxError = error;
    }
  }

  /** Of the examples so far. */
  summary(): RegressionSummary {
    const moments = this.#moments.lane(0);
    return withReading({
      examples: moments.pairs,
      ...regressionScores(moments),
      maxError: this.#maxError,
      ...this.#bootstrap.intervals((lane) => regressionScores(this.#moments.lane(lane))),
    });
  }

  /** The summary, as `JSON.stringify` writes it. */
  toJSON(): RegressionSummary {
    return this.summary();
  }
}

function regressionScores(moments: Moments): RegressionScores {
  const { pairs, squaredErrors, absoluteErrors, predictionSpread, targetSpread, errorSpread, commonSpread } = moments;
  const mse = squaredErrors / pairs;
  return {
    mse,
    rmse: Math.sqrt(mse),
    mae: absoluteErrors / pairs,
    meanError: pairs === 0 ? NaN : moments.meanError,
    r2: pairs < 2 ? NaN : explained(squaredErrors, targetSpread),
    explainedVariance: pairs < 1 ? NaN : explained(errorSpread, targetSpread),
    pearson: Math.min(1, Math.max(-1, commonSpread / (Math.sqrt(predictionSpread) * Math.sqrt(targetSpread)))),
  };
}

/** The share of the targets' spread that is not left in the errors; scikit-learn's rule where there is no spread. */
function explained(left: number, spread: number): number {
  if (spread === 0) return left === 0 ? 1 : 0;
  return 1 - left / spread;
}
