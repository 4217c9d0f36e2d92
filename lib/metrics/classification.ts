/** Classification metrics of whole lists of class ids, under scikit-learn's names. */
import { printsAs } from "../data/inspect/prints-as";
import { describe, TorchwrightError } from "../errors";
import { averageScores, type Scores } from "./class-scores";
import { type ClassReport, ConfusionMatrix } from "./confusion-matrix";
import { reportReading } from "./metric-sections";

/** Class ids by row: whole numbers from 0. */
export type ClassIds = ArrayLike<number | bigint>;

/** What the classes are called. */
export interface ClassNames {
  /** Names by class id. Default: "0", "1", … up to the largest id that occurs. */
  readonly labels?: readonly string[];
}

/** What scikit-learn's `classification_report(output_dict=True)` holds. */
export interface ClassificationReport {
  /** Share of the examples that are right. */
  readonly accuracy: number;
  /** Mean over the classes below. */
  readonly macro: Scores;
  /** Mean over the classes below, weighted by their rows. */
  readonly weighted: Scores;
  /** The classes that occur among true or predicted ones, by class id. */
  readonly classes: readonly ClassReport[];
}

/**
 * Counts of true (rows) against predicted classes (columns). Throws ERR_INVALID_ARG.
 *
 * @example
 * ```ts
 * import { confusionMatrix } from "torchwright";
 * console.log(confusionMatrix([0, 1, 1], [0, 0, 1]).counts); // [[1, 0], [1, 1]]
 * ```
 */
export function confusionMatrix(actual: ClassIds, predicted: ClassIds, options: ClassNames = {}): ConfusionMatrix {
  for (const list of [actual, predicted] as unknown[]) {
    if (typeof (list as ArrayLike<number> | undefined)?.length === "number" && typeof list === "object") continue;
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `confusionMatrix: expected an array of class ids, got ${describe(list)}`,
    );
  }
  let largest = 0;
  for (const list of [actual, predicted]) {
    for (let i = 0; i < list.length; i++) largest = Math.max(largest, Number(list[i]));
  }
  const matrix = new ConfusionMatrix(options.labels ?? largest + 1);
  matrix.addAll(actual, predicted);
  return matrix;
}

/** Share of right predictions, between 0 and 1; NaN without rows. Throws ERR_INVALID_ARG. */
export function accuracy(actual: ClassIds, predicted: ClassIds): number {
  return confusionMatrix(actual, predicted).summary().accuracy;
}

/**
 * Precision, recall and F1 averaged over the classes that occur: scikit-learn's
 * `precision_recall_fscore_support(average=…, zero_division=0)`. Throws ERR_INVALID_ARG.
 */
export function precisionRecallF1(actual: ClassIds, predicted: ClassIds, average: "macro" | "weighted"): Scores {
  const names: readonly unknown[] = ["macro", "weighted"];
  if (!names.includes(average)) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `precisionRecallF1: expected average to be "macro" or "weighted", got ${describe(average)}`,
    );
  }
  return classificationReport(actual, predicted)[average];
}

/** Every class's scores and their averages. Throws ERR_INVALID_ARG. */
export function classificationReport(
  actual: ClassIds,
  predicted: ClassIds,
  options: ClassNames = {},
): ClassificationReport {
  const matrix = confusionMatrix(actual, predicted, options);
  const occurs = new Set([...Array.from(actual, Number), ...Array.from(predicted, Number)]);
  const classes = matrix.perClass().filter((_, id) => occurs.has(id));
  const averages = { macro: averageScores(classes, "macro"), weighted: averageScores(classes, "weighted") };
  return printsAs<ClassificationReport>({ accuracy: matrix.summary().accuracy, ...averages, classes }, reportReading);
}
