/**
 * A run's history, or a search for a learning rate, for a notebook: curves over its steps, and what held-out data said.
 */
import type { ModelProblem } from "../models/model";
import { learningRateHeading, learningRateSections } from "../train/describe-run";
import type { History } from "../train/events";
import type { LearningRateCurve } from "../train/learning-rate-finder";
import { runPieces } from "../train/report/sections/training-section";
import { summarize } from "../train/run-folder";
import { element } from "./element";
import { sections } from "./metrics-html";

export function historyHtml(history: History<ModelProblem>): string {
  const problem = history.evaluations[0]?.metrics.problemType ?? "single-label";
  return element("Training run", [...runPieces(problem, { ...summarize(history), log: history.log }, "loss")].join(""));
}

export function learningRateHtml(curve: LearningRateCurve): string {
  return element(learningRateHeading(curve), sections(learningRateSections(curve)));
}
