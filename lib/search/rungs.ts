/** Successive halving's arithmetic: how many trials get how much. */

/** One round: so many trials at most, with so much each. */
export interface Rung {
  /** Trials of the round, at most. */
  readonly trials: number;
  /** What each of them gets in all. */
  readonly budget: number;
}

export interface HalvingPlan {
  readonly trials: number;
  readonly factor: number;
  /** Budget of the first rung; undefined: the largest with which the last rung has as much of `maxBudget` as it can. */
  readonly minBudget: number | undefined;
  readonly maxBudget: number;
}

/**
 * The rungs of scikit-learn's `HalvingRandomSearchCV` with `min_resources="exhaust"`, or as given: from one to the next
 * the best `1/factor` of the trials stay, with `factor` times the budget, until fewer than `factor` are left or the
 * budget would exceed `maxBudget`.
 *
 * Jamieson & Talwalkar 2016, "Non-stochastic Best Arm Identification and Hyperparameter Optimization".
 */
export function halvingRungs({ trials, factor, minBudget, maxBudget }: HalvingPlan): Rung[] {
  const required = exponent(trials, factor);
  const least = minBudget ?? Math.max(1, Math.floor(maxBudget / factor ** required));
  const possible = exponent(Math.floor(maxBudget / least), factor);
  const rungs: Rung[] = [];
  for (let rung = 0, left = trials; rung <= Math.min(required, possible); rung++, left = Math.ceil(left / factor)) {
    rungs.push({ trials: left, budget: least * factor ** rung });
  }
  return rungs;
}

/**
 * The largest k with base^k ≤ value. (scikit-learn rounds a logarithm down, which is one too few at 243 = 3⁵ and 1000 =
 * 10³.)
 */
function exponent(value: number, base: number): number {
  let k = 0;
  while (base ** (k + 1) <= value) k++;
  return k;
}
