/** An evaluation as the plain data of a report. */
import type { Confusion } from "../../metrics/confusion-matrix";
import type { ReliabilityBin } from "../../metrics/reliability";
import { type AnyEvaluation, scalarMetrics } from "../evaluation";
import type { History } from "../events";
import type { ModelProblem } from "../../models/model";
import type { ReportedEvaluation } from "./report-data";

/** Confusions that are listed. */
export const CONFUSIONS = 20;

/** What a pass over the examples knows beside a multi-label evaluation. */
export interface BesideEvaluation {
  readonly reliability: readonly ReliabilityBin[];
  readonly confusions: readonly Confusion[];
}

export function reportedEvaluation(evaluation: AnyEvaluation, beside?: BesideEvaluation): ReportedEvaluation {
  const common = { metrics: scalarMetrics(evaluation), intervals: evaluation.intervals ?? {} };
  switch (evaluation.problemType) {
    case "single-label": {
      const { perClass, reliability, confusionMatrix } = evaluation;
      const confusion = confusionMatrix.toJSON();
      return { ...common, perClass, reliability, confusion, confusions: confusionMatrix.mostConfused(CONFUSIONS) };
    }
    case "multi-label":
      return { ...common, perClass: evaluation.perClass, reliability: [], confusions: [], ...beside };
    case "regression":
      return { ...common, perClass: [], reliability: [], confusions: [] };
  }
}

/**
 * A run's evaluation of the weights that it ended with, as near as there is one: the best where those were loaded, else
 * the last.
 */
export function evaluationOfRun(
  { evaluations, best, stoppedBy }: History<ModelProblem>,
  loadBestModelAtEnd: boolean,
): History<ModelProblem>["evaluations"][number] | undefined {
  const loaded = loadBestModelAtEnd && !["SIGINT", "SIGTERM", "abort"].includes(stoppedBy);
  return (loaded ? evaluations.find(({ step }) => step === best?.step) : undefined) ?? evaluations.at(-1);
}
