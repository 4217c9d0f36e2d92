/** Metrics for a notebook: as a training report shows them. */
import type { Section } from "../data/inspect/layout";
import { plural } from "../data/inspect/numbers";
import { renderBlock } from "../data/inspect/render-html";
import type { ClassificationReport } from "../metrics/classification";
import { ConfusionMatrix } from "../metrics/confusion-matrix";
import {
  type AnyMetrics,
  confusionSections,
  metricHeading,
  metricSections,
  reportReading,
  reportSections,
} from "../metrics/metric-sections";
import type { AnyEvaluation } from "../train/evaluation";
import { confusionMap } from "../train/report/charts/confusion-map";
import { reportedEvaluation } from "../train/report/reported-evaluation";
import { findings, matrixNote } from "../train/report/sections/evaluation-section";
import { paragraph, wide } from "../train/report/sections/html";
import { element, titled } from "./element";

/** Of an evaluation with its problem. */
export function evaluationHtml(evaluation: AnyEvaluation): string {
  // Evaluations out of a file have their matrix as plain data.
  const whole =
    evaluation.problemType === "single-label"
      ? { ...evaluation, confusionMatrix: asMatrix(evaluation.confusionMatrix) }
      : evaluation;
  return element(
    metricHeading(whole),
    [...findings({ problem: whole.problemType }, reportedEvaluation(whole))].join(""),
  );
}

function asMatrix(matrix: ConfusionMatrix | ReturnType<ConfusionMatrix["toJSON"]>): ConfusionMatrix {
  return matrix instanceof ConfusionMatrix ? matrix : ConfusionMatrix.from(matrix);
}

/** Of what a class of metrics sums up. */
export function summaryHtml(metrics: AnyMetrics): string {
  return element(metricHeading(metrics), sections(metricSections(metrics)));
}

export function confusionHtml(matrix: ConfusionMatrix): string {
  const { labels, total } = matrix;
  const pairs =
    labels.length > 2 ? sections([...confusionSections(matrix)].filter(({ title }) => title.startsWith("Most"))) : "";
  return element(
    `Confusion matrix of ${plural(labels.length, "class", "classes")}, ${plural(total, "example")}`,
    paragraph(matrixNote(labels.length)) + wide(confusionMap(matrix)) + pairs,
  );
}

export function reportHtml(report: ClassificationReport): string {
  return element(reportReading(report).short(), sections(reportSections(report)));
}

/** Tables and charts below their titles. */
export function sections(all: readonly Section[]): string {
  return all.map(({ title, blocks }) => titled(title, blocks.map(renderBlock).join(""))).join("");
}
