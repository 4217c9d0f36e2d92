/** The temperature under which held-out labels are most probable. */
import { TorchwrightError } from "../../errors";
import { TimeSlice } from "../../text/time-slice";

/** Logits of held-out rows, and what their labels say of them. */
export interface HeldOutLogits {
  /** `[rows, classes]`, row after row. */
  readonly logits: Float64Array;
  readonly classes: number;
  /** `[rows]`: the logit that the label picks; of a soft label the mean over its probabilities. */
  readonly targets: Float64Array;
}

/** The step of the search, in parts of the inverse temperature, at which it ends. */
const TOLERANCE = 1e-12;
const MOST_STEPS = 200;

/**
 * Temperature T that minimises the mean negative log-likelihood −log softmax(logits / T)[label].
 *
 * In the inverse temperature the likelihood is convex: Newton's method on its slope, between bounds that halve where a
 * step would leave them. Source: Guo et al., *On Calibration of Modern Neural Networks*, 2017; scikit-learn's
 * `CalibratedClassifierCV(method="temperature")` has the same minimum.
 *
 * @throws TorchwrightError ERR_INVALID_ARG where no temperature is best: every label has the largest logit, or labels
 *   have no larger logits than others
 */
export async function fitTemperature(rows: HeldOutLogits): Promise<number> {
  await checkMinimum(rows);
  let [low, high, inverse] = [0, Infinity, 1];
  for (let step = 0; step < MOST_STEPS; step++) {
    const { slope, curvature } = await slopeAt(rows, inverse);
    if (slope === 0) break;
    if (slope < 0) low = inverse;
    else high = inverse;
    let next = inverse - slope / curvature;
    if (!(next > low && next < high)) next = high === Infinity ? 2 * inverse : (low + high) / 2;
    const change = Math.abs(next - inverse);
    inverse = next;
    if (change <= TOLERANCE * inverse) break;
  }
  return 1 / inverse;
}

/**
 * Slope and curvature of the mean negative log-likelihood in the inverse temperature: the mean logit above the label's,
 * and its variance.
 */
async function slopeAt(
  { logits, classes, targets }: HeldOutLogits,
  inverse: number,
): Promise<{ slope: number; curvature: number }> {
  const slice = new TimeSlice();
  let [slope, curvature] = [0, 0];
  for (let row = 0; row < targets.length; row++) {
    const start = row * classes;
    const largest = largestOf(logits, start, classes);
    let [sum, first, second] = [0, 0, 0]; // moments of the distance to the largest
    for (let i = start; i < start + classes; i++) {
      const distance = (logits[i] as number) - largest;
      const weight = Math.exp(inverse * distance);
      sum += weight;
      first += weight * distance;
      second += weight * distance * distance;
    }
    const mean = first / sum;
    slope += mean + largest - (targets[row] as number);
    curvature += second / sum - mean * mean;
    if (slice.over()) await slice.next();
  }
  return { slope: slope / targets.length, curvature: curvature / targets.length };
}

/** A best temperature exists where the likelihood falls towards both ends. */
async function checkMinimum(rows: HeldOutLogits): Promise<void> {
  const { logits, classes, targets } = rows;
  const none = (why: string): TorchwrightError =>
    new TorchwrightError(
      "ERR_INVALID_ARG",
      `calibrate: expected held-out rows that some temperature fits best, got ${targets.length} rows ${why}`,
    );
  const { slope } = await slopeAt(rows, 0);
  if (slope >= 0) {
    throw none("whose labels have no larger logits than other classes: the model knows nothing of them");
  }
  const slice = new TimeSlice();
  for (let row = 0; row < targets.length; row++) {
    if ((targets[row] as number) < largestOf(logits, row * classes, classes)) return;
    if (slice.over()) await slice.next();
  }
  throw none("that are all classified right, which any certainty would fit; give more or harder rows");
}

/** The largest logit of the row that begins at `start`. */
export function largestOf(logits: Float64Array, start: number, classes: number): number {
  let largest = -Infinity;
  for (let i = start; i < start + classes; i++) largest = Math.max(largest, logits[i] as number);
  return largest;
}
