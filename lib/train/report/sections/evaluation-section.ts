/** What held-out data says of the model: metrics, calibration, confusions, scores by class. */
import { escapeHtml } from "../../../data/inspect/escape-html";
import { percent } from "../../../data/inspect/numbers";
import type { ReliabilityBin } from "../../../metrics/reliability";
import type { ScoredClassReport } from "../../../metrics/score-histograms";
import type { ModelProblem } from "../../../models/model";
import { confusionMap, MAPPED } from "../charts/confusion-map";
import { reliabilityChart } from "../charts/reliability-chart";
import { scatterChart } from "../charts/scatter-chart";
import type { ReportData, ReportedEvaluation } from "../report-data";
import { type Cell, figure, measure, type PageSection, paragraph, richTable, wide } from "./html";

/** Rows of the table of classes. */
const CLASSES = 1000;
/** Numbers of an evaluation that count something else than how good it is. */
const COUNTS: readonly string[] = ["examples", "seconds"];

export function evaluationSection(data: ReportData): PageSection {
  const { evaluation } = data;
  const none =
    "There is no held-out data: give report() a loader, or fit() an evalLoader, to see metrics, confusions and examples here.";
  return {
    id: "evaluation",
    title: "Evaluation",
    pieces: evaluation ? evaluationPieces(data, evaluation) : [paragraph(none)],
  };
}

function* evaluationPieces(data: ReportData, evaluation: ReportedEvaluation): Generator<string> {
  const { step, metrics } = evaluation;
  const examples = `${metrics["examples"] ?? "?"} held-out examples`;
  yield paragraph(
    step === undefined
      ? `Of ${examples}, evaluated for this report.`
      : `Of ${examples}, as evaluated after step ${step} of the run.`,
  );
  yield* findings(data, evaluation);
}

/** All that an evaluation says. */
export function* findings(
  { problem, heldOut }: Pick<ReportData, "problem" | "heldOut">,
  evaluation: ReportedEvaluation,
): Generator<string> {
  const { perClass, reliability, confusion } = evaluation;
  yield metricList(evaluation);
  if (problem === "regression") {
    yield figure("Predictions against targets; right ones lie on the diagonal", scatterChart(heldOut?.points ?? []));
  } else {
    yield `<div class="charts"><div>${calibration(problem, reliability)}</div><div>${confusionTable(problem, evaluation)}</div></div>`;
  }
  if (confusion) {
    yield `<h3>Confusion matrix</h3>${paragraph(matrixNote(confusion.labels.length))}`;
    yield wide(confusionMap(confusion));
  }
  if (perClass.length > 0) yield classTable(perClass);
}

function metricList({ metrics, intervals }: ReportedEvaluation): string {
  const items = Object.entries(metrics)
    .filter(([name]) => !COUNTS.includes(name))
    .map(([name, value]) => {
      const interval = intervals[name];
      const ends = interval
        ? ` <small>${escapeHtml(`${measure(interval[0])} to ${measure(interval[1])}`)}</small>`
        : "";
      return `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(measure(value))}${ends}</dd></div>`;
    });
  return `<dl class="numbers">${items.join("")}</dl>`;
}

function calibration(problem: ModelProblem, bins: readonly ReliabilityBin[]): string {
  if (bins.length === 0) return "";
  const [stated, share] =
    problem === "multi-label"
      ? ["stated probability of a label", "how often it is true"]
      : ["stated probability of the predicted class", "how often it is right"];
  const caption =
    "Calibration, and how many predictions there are: on the diagonal the model is as often right as it says, below it too sure of itself";
  return figure(caption, reliabilityChart({ bins, stated, true: share }));
}

function confusionTable(problem: ModelProblem, { confusions }: ReportedEvaluation): string {
  const single = problem === "single-label";
  const title = "<h3>Most confused pairs</h3>";
  if (confusions.length === 0) return single ? `${title}${paragraph("None: every example was predicted right.")}` : "";
  const caption = single
    ? "Classes that were taken for others"
    : "Labels that were missed where others were given wrongly";
  const columns = [
    { title: single ? "true class" : "missed label" },
    { title: single ? "predicted as" : "wrongly given" },
    { title: "examples", numeric: true },
    { title: single ? "share of the class" : "share of the label's", numeric: true },
  ];
  return (
    title +
    richTable(
      caption,
      columns,
      confusions.map(({ actual, predicted, count, share }) => [actual, predicted, String(count), percent(share)]),
    )
  );
}

/** How to read the matrix. */
export function matrixNote(classes: number): string {
  return `${classes > MAPPED ? `The ${MAPPED} of ${classes} classes with the most errors: rows` : "Rows"} are true classes, columns predicted ones, colours shares of the row.`;
}

function classTable(perClass: readonly ScoredClassReport[]): string {
  const sorted = perClass.toSorted((a, b) => b.support - a.support);
  const shown = sorted.slice(0, CLASSES);
  const rows = shown.map(({ label, support, precision, recall, f1, rocAuc, prAuc }): Cell[] => [
    label,
    String(support),
    measure(precision),
    measure(recall),
    scoreCell(f1),
    measure(rocAuc),
    measure(prAuc),
  ]);
  const hidden = sorted.length - shown.length;
  const columns = ["examples", "precision", "recall", "f1", "rocAuc", "prAuc"].map((title) => ({
    title,
    numeric: true,
  }));
  return `<h3>Classes</h3>${richTable(`By number of examples${hidden > 0 ? `; ${hidden} rarer ones are not shown` : ""}`, [{ title: "class" }, ...columns], rows)}`;
}

/** A score from 0 to 1 with a bar. */
function scoreCell(score: number): Cell {
  const share = Number.isFinite(score) ? Math.round(100 * Math.min(1, Math.max(0, score))) : 0;
  return { html: `<span class="bar" style="--share:${share}%">${escapeHtml(measure(score))}</span>` };
}
