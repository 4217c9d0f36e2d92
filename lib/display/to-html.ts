/** Anything as HTML: what the library knows as tables, charts and marked text, all else as `util.inspect` prints it. */
import { inspect } from "node:util";
import { escapeHtml } from "../data/inspect/escape-html";
import { MapDataset } from "../data/map-dataset";
import { ConfusionMatrix } from "../metrics/confusion-matrix";
import { Tensor } from "../tensor/tensor";
import { datasetHtml } from "./dataset-html";
import { explanationHtml } from "./explanation-html";
import { historyHtml, learningRateHtml } from "./history-html";
import { isEvaluation, isExplanation, isHistory, isLearningRateCurve, isReport, isSummary } from "./kinds";
import { confusionHtml, evaluationHtml, reportHtml, summaryHtml } from "./metrics-html";
import { tensorHtml } from "./tensor-html";

/**
 * A value as one HTML element with its own style, complete in itself and without scripts; texts of data are escaped.
 * Tensors, datasets, what `inspect`, `search`, `fit`, `evaluate`, `findLearningRate` and `explain` give, metrics and
 * confusion matrices are tables and charts, also where they come out of a JSON file; objects with a `toHtml` of their
 * own are what that says; the rest is text.
 *
 * @example
 * ```ts
 * import { ConfusionMatrix, toHtml } from "torchwright";
 * const matrix = new ConfusionMatrix(["cat", "dog"]);
 * matrix.addAll([0, 0, 1], [0, 1, 1]);
 * const html = toHtml(matrix); // <div class="torchwright">…
 * ```
 */
export function toHtml(value: unknown): string {
  return knownHtml(value) ?? `<pre>${inspect(value).split("\n").map(escapeHtml).join("\n")}</pre>`;
}

function knownHtml(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (value instanceof Tensor) return tensorHtml(value);
  if (value instanceof MapDataset) return datasetHtml(value);
  if (value instanceof ConfusionMatrix) return confusionHtml(value);
  const { toHtml: own } = value as { readonly toHtml?: unknown };
  if (typeof own === "function") return String(own.call(value));
  if (isHistory(value)) return historyHtml(value);
  if (isEvaluation(value)) return evaluationHtml(value);
  if (isSummary(value)) return summaryHtml(value);
  if (isReport(value)) return reportHtml(value);
  if (isExplanation(value)) return explanationHtml(value);
  return isLearningRateCurve(value) ? learningRateHtml(value) : undefined;
}
