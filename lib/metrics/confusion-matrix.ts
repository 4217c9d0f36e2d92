/** Counts of true against predicted classes, from which all classification metrics follow. */
import { type InspectOptionsGiven, readingAt } from "../data/inspect/prints-as";
import { describe, TorchwrightError } from "../errors";
import { type Classes, classNames } from "./class-names";
import { averageScores, type ClassCounts, classScores, type Scores } from "./class-scores";
import { confusionReading } from "./metric-sections";

/** Scores of one class. */
export interface ClassReport extends Scores {
  /** Name of the class. */
  readonly label: string;
}

/** Averages over the classes that occur among true or predicted ones. */
export interface MetricSummary {
  /** Share of right predictions; NaN without rows. */
  readonly accuracy: number;
  /** Mean of the classes' precisions. */
  readonly macroPrecision: number;
  /** Mean of the classes' recalls. */
  readonly macroRecall: number;
  /** Mean of the classes' F1 scores. */
  readonly macroF1: number;
  /** Mean of the classes' precisions, weighted by their examples. */
  readonly weightedPrecision: number;
  /** Mean of the classes' recalls, weighted by their examples. */
  readonly weightedRecall: number;
  /** Mean of the classes' F1 scores, weighted by their examples. */
  readonly weightedF1: number;
  /**
   * Matthews correlation coefficient of true and predicted classes, −1 to 1; 0 where all rows are of one class or
   * predicted as one. scikit-learn's `matthews_corrcoef`, Gorodkin's R_K for more than two classes (2004).
   */
  readonly matthews: number;
}

/** Two classes that were taken for one another, in one direction. */
export interface Confusion {
  /** The class that is right. */
  readonly actual: string;
  /** The class that was predicted instead. */
  readonly predicted: string;
  /** Rows of class `actual` that were predicted as `predicted`. */
  readonly count: number;
  /** Their share of the class's rows. */
  readonly share: number;
}

/**
 * A confusion matrix that grows row by row, so that an evaluation needs no list of predictions.
 *
 * @example
 * ```ts
 * import { ConfusionMatrix } from "torchwright";
 * const matrix = new ConfusionMatrix(["cat", "dog"]);
 * matrix.addAll([0, 0, 1], [0, 1, 1]); // true classes, predicted classes
 * console.log(matrix.counts, matrix.summary().accuracy); // [[1, 1], [0, 1]] 0.666…
 * ```
 */
export class ConfusionMatrix {
  /** Class names by class id. */
  readonly labels: readonly string[];
  /** Row-major `[true, predicted]`; doubles count exactly up to 2^53. */
  readonly #cells: Float64Array;
  #total = 0;

  /** For classes by name, or for a number of classes that are named "0", "1", …. Throws ERR_INVALID_ARG. */
  constructor(classes: Classes) {
    this.labels = classNames("ConfusionMatrix", classes);
    this.#cells = new Float64Array(this.labels.length ** 2);
  }

  /** The matrix that `toJSON` gave. Throws ERR_INVALID_ARG. */
  static from({
    labels,
    counts,
  }: {
    /** Names of the classes, by id. */
    readonly labels: readonly string[];
    /** Examples by actual class (row) and predicted class (column). */
    readonly counts: readonly (readonly number[])[];
  }): ConfusionMatrix {
    const matrix = new ConfusionMatrix(labels);
    const size = labels.length;
    const cells = counts.flat();
    const wrong =
      counts.length !== size || counts.some((row) => row.length !== size)
        ? counts
        : cells.find((count) => !Number.isSafeInteger(count) || count < 0);
    if (wrong !== undefined) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `ConfusionMatrix.from: expected ${size} × ${size} counts, got ${describe(wrong)}`,
      );
    }
    matrix.#cells.set(cells);
    matrix.#total = cells.reduce((sum, count) => sum + count, 0);
    return matrix;
  }

  /** Number of rows counted. */
  get total(): number {
    return this.#total;
  }

  /** Counts one row, by class ids; throws ERR_INVALID_ARG. */
  add(actual: number, predicted: number): void {
    for (const id of [actual, predicted]) {
      if (Number.isInteger(id) && id >= 0 && id < this.labels.length) continue;
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `ConfusionMatrix.add: expected class ids from 0 to ${this.labels.length - 1}, got ${describe(id)}`,
      );
    }
    const cell = actual * this.labels.length + predicted;
    this.#cells[cell] = (this.#cells[cell] as number) + 1;
    this.#total++;
  }

  /** Counts many rows, by class ids; throws ERR_INVALID_ARG. */
  addAll(actual: ArrayLike<number | bigint>, predicted: ArrayLike<number | bigint>): void {
    if (actual.length !== predicted.length) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `ConfusionMatrix.addAll: expected as many predictions as classes, got ${predicted.length} and ${actual.length}`,
      );
    }
    for (let i = 0; i < actual.length; i++) this.add(Number(actual[i]), Number(predicted[i]));
  }

  /** Rows whose class is `actual` and that were predicted as `predicted`. */
  at(actual: number, predicted: number): number {
    return this.#cells[actual * this.labels.length + predicted] ?? 0;
  }

  /** The matrix as nested arrays, `[true][predicted]`, as scikit-learn's `confusion_matrix`. */
  get counts(): number[][] {
    const size = this.labels.length;
    return this.labels.map((_, row) => Array.from(this.#cells.subarray(row * size, (row + 1) * size)));
  }

  /** `counts`, so that `JSON.stringify` of an evaluation holds the matrix. */
  toJSON(): {
    /** Names of the classes, by id. */
    labels: readonly string[];
    /** Examples by actual class (row) and predicted class (column). */
    counts: number[][];
  } {
    return { labels: this.labels, counts: this.counts };
  }

  /** For `console.log`: the matrix, or of many classes the most confused pairs. */
  [Symbol.for("nodejs.util.inspect.custom")](depth?: number | null, options?: InspectOptionsGiven): string {
    return readingAt(confusionReading(this), depth, options);
  }

  /** Precision, recall, F1 and number of rows of every class, absent ones included (as zeros). */
  perClass(): ClassReport[] {
    return this.#classCounts().map((counts, id) => ({ label: this.labels[id] as string, ...classScores(counts) }));
  }

  /**
   * Accuracy and averages. As scikit-learn with `labels=None` and `zero_division=0`: classes that occur neither
   * among the true nor the predicted ones do not count in a macro average. Micro averages equal the accuracy.
   */
  summary(): MetricSummary {
    return summarizeCounts(this.#classCounts());
  }

  /** The most frequent confusions, by count, then in the order of the classes. */
  mostConfused(top = 5): Confusion[] {
    const size = this.labels.length;
    const supports = this.#classCounts().map(({ support }) => support);
    const pairs: (Confusion & { readonly cell: number })[] = [];
    this.#cells.forEach((count, cell) => {
      const actual = Math.floor(cell / size);
      const predicted = cell % size;
      if (count === 0 || actual === predicted) return;
      pairs.push({
        actual: this.labels[actual] as string,
        predicted: this.labels[predicted] as string,
        count,
        share: count / (supports[actual] as number),
        cell,
      });
    });
    pairs.sort((a, b) => b.count - a.count || a.cell - b.cell);
    return pairs.slice(0, top).map(({ cell: _cell, ...confusion }) => confusion);
  }

  #classCounts(): ClassCounts[] {
    const counts = this.labels.map((_, id) => ({ truePositives: this.at(id, id), predicted: 0, support: 0 }));
    const size = this.labels.length;
    this.#cells.forEach((count, cell) => {
      if (count === 0) return;
      (counts[Math.floor(cell / size)] as { support: number }).support += count;
      (counts[cell % size] as { predicted: number }).predicted += count;
    });
    return counts;
  }
}

/** Accuracy and averages from the counts of every class. */
export function summarizeCounts(counts: readonly ClassCounts[]): MetricSummary {
  const present = counts.filter(({ predicted, support }) => predicted + support > 0).map(classScores);
  const macro = averageScores(present, "macro");
  const weighted = averageScores(present, "weighted");
  const right = counts.reduce((sum, { truePositives }) => sum + truePositives, 0);
  return {
    accuracy: right / macro.support,
    macroPrecision: macro.precision,
    macroRecall: macro.recall,
    macroF1: macro.f1,
    weightedPrecision: weighted.precision,
    weightedRecall: weighted.recall,
    weightedF1: weighted.f1,
    matthews: matthews(counts, right, macro.support),
  };
}

function matthews(counts: readonly ClassCounts[], right: number, rows: number): number {
  let both = right * rows;
  let actual = rows ** 2;
  let guessed = rows ** 2;
  for (const { predicted, support } of counts) {
    both -= predicted * support;
    actual -= support ** 2;
    guessed -= predicted ** 2;
  }
  return actual === 0 || guessed === 0 ? 0 : both / Math.sqrt(actual * guessed);
}
