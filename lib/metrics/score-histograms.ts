/**
 * Areas under ROC and precision-recall curves in constant memory, from histograms of scores between fixed thresholds.
 *
 * Scores of one bin count as equal. The areas are then scikit-learn's `roc_auc_score` and `average_precision_score` of
 * the binned scores, and torchmetrics' with the same `thresholds`; but its ROC curve begins at the largest threshold
 * instead of at (0, 0), which loses the area before it where scores of negatives reach that threshold.
 */
import type { ClassReport } from "./confusion-matrix";
import type { Float32Bits, ThresholdGrid } from "./threshold-grid";

/** Areas under the curves of one class; NaN where it has no positives or no negatives. */
export interface CurveAreas {
  /**
   * Area under the ROC curve: the share of (positive, negative) pairs that the scores order rightly, ties counting
   * half.
   */
  readonly rocAuc: number;
  /**
   * How far `rocAuc` can be from that of the exact scores: half the share of pairs that lie in one bin. What is seen is
   * much less, as errors of both signs cancel.
   */
  readonly rocAucError: number;
  /**
   * Area under the precision-recall curve: scikit-learn's average precision. Bins make it a little low, if anything.
   */
  readonly prAuc: number;
}

/** Scores of one class and the areas under its curves, each class against all others. */
export interface ScoredClassReport extends ClassReport, CurveAreas {}

const UNDEFINED: CurveAreas = { rocAuc: NaN, rocAucError: NaN, prAuc: NaN };

/** Positives and negatives by bin and class: 16 bytes for each bin of each class, whatever the number of examples. */
export class ScoreHistograms {
  readonly #classes: number;
  readonly #grid: ThresholdGrid;
  /** `[class, bin]`; doubles count exactly up to 2^53. */
  readonly #positives: Float64Array;
  readonly #negatives: Float64Array;

  constructor(classes: number, grid: ThresholdGrid) {
    this.#classes = classes;
    this.#grid = grid;
    this.#positives = new Float64Array(classes * grid.bins);
    this.#negatives = new Float64Array(classes * grid.bins);
  }

  /** Counts the score at `index` for a class. */
  add(classId: number, scores: Float32Bits, index: number, positive: boolean): void {
    const at = classId * this.#grid.bins + this.#grid.binOf(scores, index);
    const counts = positive ? this.#positives : this.#negatives;
    counts[at] = (counts[at] as number) + 1;
  }

  /** Areas by class. */
  perClass(): CurveAreas[] {
    return Array.from({ length: this.#classes }, (_, id) =>
      curveAreas(this.#ofClass(this.#positives, id), this.#ofClass(this.#negatives, id)),
    );
  }

  /** Areas for the scores of all classes taken together, as scikit-learn's `average="micro"`. */
  pooled(): CurveAreas {
    return curveAreas(this.#sum(this.#positives), this.#sum(this.#negatives));
  }

  #ofClass(counts: Float64Array, id: number): Float64Array {
    return counts.subarray(id * this.#grid.bins, (id + 1) * this.#grid.bins);
  }

  #sum(counts: Float64Array): Float64Array {
    const sum = new Float64Array(this.#grid.bins);
    counts.forEach((count, at) => (sum[at % sum.length] = (sum[at % sum.length] as number) + count));
    return sum;
  }
}

/** Mean over the classes that have positives and negatives; NaN where there is none. */
export function macroAreas(classes: readonly CurveAreas[]): {
  readonly macroRocAuc: number;
  readonly macroPrAuc: number;
} {
  const defined = classes.filter(({ rocAuc }) => !Number.isNaN(rocAuc));
  const mean = (area: "rocAuc" | "prAuc"): number =>
    defined.reduce((sum, areas) => sum + areas[area], 0) / defined.length;
  return { macroRocAuc: mean("rocAuc"), macroPrAuc: mean("prAuc") };
}

/** Goes through the bins from the highest scores down. */
function curveAreas(positives: Float64Array, negatives: Float64Array): CurveAreas {
  let truePositives = 0;
  let falsePositives = 0;
  let ordered = 0; // pairs in the right order, ties half
  let tied = 0;
  let precisions = 0; // of each positive
  for (let bin = positives.length - 1; bin >= 0; bin--) {
    const positive = positives[bin] as number;
    const negative = negatives[bin] as number;
    ordered += negative * (truePositives + positive / 2);
    tied += negative * positive;
    truePositives += positive;
    falsePositives += negative;
    if (positive > 0) precisions += (positive * truePositives) / (truePositives + falsePositives);
  }
  const pairs = truePositives * falsePositives;
  if (pairs === 0) return UNDEFINED;
  return { rocAuc: ordered / pairs, rocAucError: tied / pairs / 2, prAuc: precisions / truePositives };
}
