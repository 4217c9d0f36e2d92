/** Collects held-out logits and labels, and says how well their probabilities hold at a temperature. */
import { TorchwrightError } from "../../errors";
import { expectedCalibrationError, Reliability } from "../../metrics/reliability";
import { withBits } from "../../metrics/threshold-grid";
import { TimeSlice } from "../../text/time-slice";
import { type HeldOutLogits, largestOf } from "./temperature";

/** How well probabilities hold. */
export interface CalibrationQuality {
  /** Mean negative log-likelihood, which the temperature minimises. */
  readonly nll: number;
  /** Expected calibration error over 15 bins of equal width, as in Guo et al. */
  readonly ece: number;
}

const BINS = 15;

type Numbers = Float32Array | Float64Array;

/**
 * Rows as they come, batch by batch. A multi-label problem is taken apart into one row for each class of each text,
 * with the logits 0 for no and z for yes: the sigmoid of z is their softmax.
 */
export class HeldOut {
  readonly #problem: "single-label" | "multi-label";
  readonly #logits: number[] = [];
  readonly #targets: number[] = [];
  /** `[rows]`: whether the predicted class is the label's, of a soft label its most probable one. */
  readonly right: boolean[] = [];
  #classes = 2;

  constructor(problem: "single-label" | "multi-label") {
    this.#problem = problem;
  }

  /**
   * Adds a batch: logits `[batch, classes]` with class ids `[batch]`, or a number for each class `[batch, classes]`.
   * @throws TorchwrightError ERR_NON_FINITE
   */
  add(logits: Numbers, labels: Numbers | BigInt64Array, size: number): void {
    const unfit = logits.find((value) => !Number.isFinite(value));
    if (unfit !== undefined) {
      throw new TorchwrightError("ERR_NON_FINITE", `calibrate: expected finite logits, got ${unfit}`);
    }
    const classes = logits.length / size;
    for (let row = 0; row < size; row++) {
      const own = logits.subarray(row * classes, (row + 1) * classes);
      const shares =
        labels instanceof BigInt64Array
          ? own.map((_, id) => Number(BigInt(id) === labels[row]))
          : labels.subarray(row * classes, (row + 1) * classes);
      if (this.#problem === "single-label") this.#add(own, shares);
      else own.forEach((logit, id) => this.#add([0, logit], [1 - (shares[id] as number), shares[id] as number]));
    }
  }

  /** A row's logits, and the probability that its label gives each class. */
  #add(logits: ArrayLike<number>, shares: ArrayLike<number>): void {
    let [target, predicted, actual] = [0, 0, 0];
    for (let id = 0; id < logits.length; id++) {
      const [logit, share] = [logits[id] as number, shares[id] as number];
      this.#logits.push(logit);
      target += logit * share;
      if (logit > (logits[predicted] as number)) predicted = id;
      if (share > (shares[actual] as number)) actual = id;
    }
    this.#classes = logits.length;
    this.#targets.push(target);
    this.right.push(predicted === actual);
  }

  rows(): HeldOutLogits {
    return { logits: new Float64Array(this.#logits), classes: this.#classes, targets: new Float64Array(this.#targets) };
  }

  /** Quality at a temperature, and the probability of each row's predicted class `[rows]`. */
  async at(
    { logits, classes, targets }: HeldOutLogits,
    temperature: number,
  ): Promise<CalibrationQuality & { readonly confidences: Float64Array }> {
    const slice = new TimeSlice();
    const confidences = new Float64Array(targets.length);
    const rounded = withBits(new Float32Array(targets.length));
    const reliability = new Reliability(BINS);
    let nll = 0;
    for (let row = 0; row < targets.length; row++) {
      const largest = largestOf(logits, row * classes, classes);
      let sum = 0;
      for (let i = row * classes; i < (row + 1) * classes; i++) {
        sum += Math.exp(((logits[i] as number) - largest) / temperature);
      }
      nll += Math.log(sum) + (largest - (targets[row] as number)) / temperature;
      rounded.values[row] = confidences[row] = 1 / sum;
      reliability.add(rounded, row, this.right[row] as boolean);
      if (slice.over()) await slice.next();
    }
    return { nll: nll / targets.length, ece: expectedCalibrationError(reliability.bins()), confidences };
  }
}
