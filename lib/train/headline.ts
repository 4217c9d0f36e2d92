/** The few numbers of an evaluation that progress shows; logs have all of them. */
import type { ModelProblem } from "../models/model";
import { type AnyEvaluation, scalarMetrics } from "./evaluation";

/** By problem. */
export const HEADLINE: Readonly<Record<ModelProblem, readonly string[]>> = {
  "single-label": ["loss", "accuracy", "macroF1"],
  "multi-label": ["loss", "subsetAccuracy", "microF1", "macroF1"],
  regression: ["loss", "mae", "rmse", "r2"],
};

/** Names and values, the loss first. */
export function headline(evaluation: AnyEvaluation): [name: string, value: number][] {
  const numbers = scalarMetrics(evaluation);
  return HEADLINE[evaluation.problemType].flatMap((name): [string, number][] => {
    const value = numbers[name];
    return value === undefined ? [] : [[name, value]];
  });
}
