/** An upper bound of an error rate of which only some trials were seen. */

const BISECTIONS = 60;
/** Terms below this part of the sum change nothing. */
const NEGLIGIBLE = 1e-17;

/**
 * The largest error rate under which so few errors among `trials` still have a probability of `delta`: the rate is
 * below it with confidence 1 − delta. Source: Clopper & Pearson 1934, one-sided;
 * `scipy.stats.beta.ppf(1 - delta, errors + 1, trials - errors)`.
 */
export function errorRateBound(errors: number, trials: number, delta: number): number {
  if (errors >= trials) return 1;
  let [low, high] = [errors / trials, 1];
  for (let i = 0; i < BISECTIONS; i++) {
    const rate = (low + high) / 2;
    if (probabilityOfAtMost(errors, trials, rate) > delta) low = rate;
    else high = rate;
  }
  return high;
}

/**
 * Σ over i ≤ errors of C(trials, i) · rate^i · (1 − rate)^(trials − i), from the largest term down: the rate is at
 * least errors / trials.
 */
function probabilityOfAtMost(errors: number, trials: number, rate: number): number {
  const chosen = logFactorial(trials) - logFactorial(errors) - logFactorial(trials - errors);
  let term = Math.exp(chosen + errors * Math.log(rate) + (trials - errors) * Math.log1p(-rate));
  let sum = term;
  for (let i = errors; i > 0 && term > NEGLIGIBLE * sum; i--) {
    term *= (i * (1 - rate)) / ((trials - i + 1) * rate);
    sum += term;
  }
  return sum;
}

/** By Stirling's series from 16 on, where it is exact to the last digit of a double. */
function logFactorial(n: number): number {
  if (n < 16) {
    let product = 1;
    for (let i = 2; i <= n; i++) product *= i;
    return Math.log(product);
  }
  const x = n + 1;
  const square = x * x;
  const series = (1 / 12 - (1 / 360 - (1 / 1260 - 1 / (1680 * square)) / square) / square) / x;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series;
}
