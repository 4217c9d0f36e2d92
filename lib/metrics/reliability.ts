/** How far stated confidence and share of right predictions lie apart. */
import { type Float32Bits, ThresholdGrid } from "./threshold-grid";

/** The predictions whose confidence lies in one bin: a point of the calibration curve. */
export interface ReliabilityBin {
  /** Where the bin begins, inclusive. */
  readonly from: number;
  /** Where the next one begins; 1 for the bin of confidences that are exactly 1. */
  readonly to: number;
  /** Predictions in the bin. */
  readonly count: number;
  /** Mean probability of the predicted class. */
  readonly confidence: number;
  /** Share of right predictions. */
  readonly accuracy: number;
}

/** Bins of equal width over the probability of the predicted class. */
export class Reliability {
  readonly #grid: ThresholdGrid;
  readonly #counts: Float64Array;
  readonly #confidences: Float64Array;
  readonly #right: Float64Array;

  constructor(bins: number) {
    this.#grid = new ThresholdGrid(bins + 1);
    this.#counts = new Float64Array(bins + 1);
    this.#confidences = new Float64Array(bins + 1);
    this.#right = new Float64Array(bins + 1);
  }

  /** Counts the prediction whose probability stands at `index`. */
  add(scores: Float32Bits, index: number, right: boolean): void {
    const bin = this.#grid.binOf(scores, index);
    this.#counts[bin] = (this.#counts[bin] as number) + 1;
    this.#confidences[bin] = (this.#confidences[bin] as number) + (scores.values[index] as number);
    if (right) this.#right[bin] = (this.#right[bin] as number) + 1;
  }

  /** The bins that have predictions, by confidence. */
  bins(): ReliabilityBin[] {
    const { thresholds } = this.#grid;
    return Array.from(this.#counts, (count, bin) => ({
      from: thresholds[bin] as number,
      to: thresholds[bin + 1] ?? 1,
      count,
      confidence: (this.#confidences[bin] as number) / count,
      accuracy: (this.#right[bin] as number) / count,
    })).filter(({ count }) => count > 0);
  }
}

/**
 * Expected calibration error, torchmetrics' with `norm="l1"`: the bins' distances of confidence and accuracy, weighted
 * by their counts.
 */
export function expectedCalibrationError(bins: readonly ReliabilityBin[]): number {
  const total = bins.reduce((sum, { count }) => sum + count, 0);
  return (
    bins.reduce((sum, { count, confidence, accuracy }) => sum + count * Math.abs(confidence - accuracy), 0) / total
  );
}
