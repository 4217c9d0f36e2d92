/** Logarithmic loss as scikit-learn's `log_loss`. */

/** Distance that probabilities keep from 0 and 1: scikit-learn's for float32, the spacing of float32 at 1. */
const EPSILON = 2 ** -23;

/** Minus the logarithm of the probability that was given to what came true, at most 15.94. */
export function logLoss(probability: number): number {
  return -Math.log(Math.min(Math.max(probability, EPSILON), 1 - EPSILON));
}
