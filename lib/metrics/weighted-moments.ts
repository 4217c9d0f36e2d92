/** Moments of predictions and targets, once for the data and once for every replicate of a bootstrap. */
import type { PoissonBootstrap } from "./poisson-bootstrap";

const MOMENTS = [
  "pairs", // how many, each as often as it counts
  "meanPrediction",
  "meanTarget", // from the origin, which no score needs
  "meanError", // an error is prediction − target
  "predictionSpread",
  "targetSpread",
  "errorSpread",
  "commonSpread", // sums of products of deviations from the means
  "squaredErrors",
  "absoluteErrors", // sums
] as const;

type Moment = (typeof MOMENTS)[number];

/** What one lane knows. */
export type Moments = Readonly<Record<Moment, number>>;

/**
 * Updated pair by pair without loss of digits where means are large beside deviations: Welford, "Note on a method for
 * calculating corrected sums of squares and products" (1962), with weights as in West, "Updating mean and variance
 * estimates" (1979), and counted from the first pair, since a mean of a billion has few digits left for what Welford's
 * method adds to it.
 */
export class WeightedMoments {
  readonly #weights: Uint8Array;
  #origin: readonly [prediction: number, target: number] | undefined;
  /** By lane. */
  readonly #moments: Readonly<Record<Moment, Float64Array>>;

  constructor({ weights }: PoissonBootstrap) {
    this.#weights = weights;
    this.#moments = Object.fromEntries(MOMENTS.map((name) => [name, new Float64Array(weights.length)])) as Record<
      Moment,
      Float64Array
    >;
  }

  /** Adds the pair that the bootstrap drew weights for. */
  add(prediction: number, target: number): void {
    const weights = this.#weights;
    const { pairs, meanPrediction, meanTarget, meanError, squaredErrors, absoluteErrors } = this.#moments;
    const { predictionSpread, targetSpread, errorSpread, commonSpread } = this.#moments;
    const [predictionOrigin, targetOrigin] = (this.#origin ??= [prediction, target]);
    const fromOrigin = [prediction - predictionOrigin, target - targetOrigin] as const;
    const error = prediction - target;
    for (let lane = 0; lane < weights.length; lane++) {
      const weight = weights[lane] as number;
      if (weight === 0) continue;
      const total = (pairs[lane] as number) + weight;
      const share = weight / total;
      const fromPrediction = fromOrigin[0] - (meanPrediction[lane] as number);
      const fromTarget = fromOrigin[1] - (meanTarget[lane] as number);
      const fromError = error - (meanError[lane] as number);
      const rest = weight * (1 - share);
      pairs[lane] = total;
      meanPrediction[lane] = (meanPrediction[lane] as number) + share * fromPrediction;
      meanTarget[lane] = (meanTarget[lane] as number) + share * fromTarget;
      meanError[lane] = (meanError[lane] as number) + share * fromError;
      predictionSpread[lane] = (predictionSpread[lane] as number) + rest * fromPrediction * fromPrediction;
      targetSpread[lane] = (targetSpread[lane] as number) + rest * fromTarget * fromTarget;
      errorSpread[lane] = (errorSpread[lane] as number) + rest * fromError * fromError;
      commonSpread[lane] = (commonSpread[lane] as number) + rest * fromPrediction * fromTarget;
      squaredErrors[lane] = (squaredErrors[lane] as number) + weight * error * error;
      absoluteErrors[lane] = (absoluteErrors[lane] as number) + weight * Math.abs(error);
    }
  }

  lane(lane: number): Moments {
    return Object.fromEntries(MOMENTS.map((name) => [name, this.#moments[name][lane]])) as Moments;
  }
}
