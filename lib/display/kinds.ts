/** What plain data is, by what it holds: so copies and what comes out of JSON files are known as well. */
import type { ClassificationReport } from "../metrics/classification";
import type { AnyMetrics } from "../metrics/metric-sections";
import type { ModelProblem } from "../models/model";
import type { Explanation } from "../predict/explanation";
import type { AnyEvaluation } from "../train/evaluation";
import type { History } from "../train/events";
import type { LearningRateCurve } from "../train/learning-rate-finder";

type Names<T> = { readonly [Name in keyof T]?: unknown };

const PROBLEMS: readonly unknown[] = ["single-label", "multi-label", "regression"] satisfies ModelProblem[];

export function isHistory(value: object): value is History<ModelProblem> {
  const { stoppedBy, totalSteps, log, evaluations } = value as Names<History>;
  return (
    typeof stoppedBy === "string" && typeof totalSteps === "number" && Array.isArray(log) && Array.isArray(evaluations)
  );
}

/** What a Trainer's `evaluate` gives. */
export function isEvaluation(value: object): value is AnyEvaluation {
  const { problemType, examples, loss } = value as Names<AnyEvaluation>;
  const { perClass, confusionMatrix, r2 } = value as Names<{ perClass: 0; confusionMatrix: 0; r2: 0 }>;
  if (!PROBLEMS.includes(problemType) || typeof examples !== "number" || loss === undefined) return false;
  if (problemType === "regression") return r2 !== undefined;
  return (
    Array.isArray(perClass) &&
    (problemType === "multi-label" || (typeof confusionMatrix === "object" && confusionMatrix !== null))
  );
}

/** What a class of metrics sums up. */
export function isSummary(value: object): value is AnyMetrics {
  const { examples, perClass } = value as Names<{ examples: 0; perClass: 0 }>;
  const { accuracy, subsetAccuracy, rmse, r2 } = value as Names<{ accuracy: 0; subsetAccuracy: 0; rmse: 0; r2: 0 }>;
  if (typeof examples !== "number") return false;
  return Array.isArray(perClass)
    ? accuracy !== undefined || subsetAccuracy !== undefined
    : rmse !== undefined && r2 !== undefined;
}

export function isReport(value: object): value is ClassificationReport {
  const { accuracy, macro, weighted, classes } = value as Names<ClassificationReport>;
  return (
    typeof accuracy === "number" && typeof macro === "object" && typeof weighted === "object" && Array.isArray(classes)
  );
}

export function isExplanation(value: object): value is Explanation {
  const { label, score, baselineScore, tokens, words } = value as Names<Explanation>;
  const scored = typeof label === "string" && typeof score === "number" && typeof baselineScore === "number";
  return scored && Array.isArray(tokens) && Array.isArray(words);
}

export function isLearningRateCurve(value: object): value is LearningRateCurve {
  const { points, suggestion } = value as Names<LearningRateCurve>;
  if (!Array.isArray(points) || points.length === 0 || (suggestion !== undefined && typeof suggestion !== "number")) {
    return false;
  }
  return points.every(
    (point: unknown) =>
      typeof point === "object" && point !== null && "smoothedLoss" in point && "learningRate" in point,
  );
}
