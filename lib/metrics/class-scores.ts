/**
 * Precision, recall and F1 per class and averaged, as scikit-learn defines them with `zero_division=0`:
 * https://scikit-learn.org/stable/modules/model_evaluation.html#precision-recall-f-measure-metrics
 */

/** What is counted of one class. */
export interface ClassCounts {
  /** Rows of this class that were predicted as it. */
  readonly truePositives: number;
  /** Rows that were predicted as this class. */
  readonly predicted: number;
  /** Rows of this class. */
  readonly support: number;
}

/** Scores between 0 and 1, and the number of rows they are about. */
export interface Scores {
  /** Right ones among those predicted as the class; 0 when there are none. */
  readonly precision: number;
  /** Right ones among those of the class; 0 when there are none. */
  readonly recall: number;
  /** Harmonic mean of precision and recall, `2·tp / (predicted + support)`; 0 when both are. */
  readonly f1: number;
  /** Examples of the class. */
  readonly support: number;
}

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

export function classScores({ truePositives, predicted, support }: ClassCounts): Scores {
  return {
    precision: ratio(truePositives, predicted),
    recall: ratio(truePositives, support),
    f1: ratio(2 * truePositives, predicted + support),
    support,
  };
}

/**
 * Mean of the classes' scores: `macro` gives each class the same weight, `weighted` its number of rows.
 * Give it the classes that occur among true or predicted ones, as scikit-learn's `labels=None` does.
 */
export function averageScores(classes: readonly Scores[], average: "macro" | "weighted"): Scores {
  const sum = { precision: 0, recall: 0, f1: 0, weight: 0, support: 0 };
  for (const scores of classes) {
    const weight = average === "macro" ? 1 : scores.support;
    sum.precision += weight * scores.precision;
    sum.recall += weight * scores.recall;
    sum.f1 += weight * scores.f1;
    sum.weight += weight;
    sum.support += scores.support;
  }
  return {
    precision: ratio(sum.precision, sum.weight),
    recall: ratio(sum.recall, sum.weight),
    f1: ratio(sum.f1, sum.weight),
    support: sum.support,
  };
}
