/** The examples that the model is most wrong about: errors of the model, or of the data. */
import { escapeHtml } from "../../../data/inspect/escape-html";
import { excerptOf } from "../../../data/inspect/excerpt";
import { percent, significant } from "../../../data/inspect/numbers";
import type { ModelProblem } from "../../../models/model";
import type { ClassProbability, HardExample, ReportData } from "../report-data";
import { type Cell, measure, type PageSection, paragraph, richTable } from "./html";

const LOSSES: Readonly<Record<ModelProblem, string>> = {
  "single-label": "cross-entropy, without weights or smoothing",
  "multi-label": "binary cross-entropy over all labels, without weights",
  regression: "squared error",
};

export function examplesSection({ problem, heldOut, evaluation }: ReportData): PageSection {
  return {
    id: "examples",
    title: "Examples with the highest loss",
    pieces: [heldOut ? examplesHtml(problem, heldOut.hardest) : paragraph(whyNone(evaluation !== undefined))],
  };
}

function whyNone(evaluated: boolean): string {
  return evaluated
    ? "The run's evaluation keeps no examples: give report() a loader to see them."
    : "There is no held-out data to take them from.";
}

function examplesHtml(problem: ModelProblem, hardest: readonly HardExample[]): string {
  if (hardest.length === 0) return paragraph("None were asked for.");
  const [actual, predicted] =
    problem === "regression"
      ? ["target", "predicted"]
      : ["true, with its probability", "predicted, with its probability"];
  const columns = [
    { title: "loss", numeric: true },
    { title: actual },
    { title: predicted },
    { title: "text" },
    { title: "place" },
  ];
  const rows = hardest.map((example): Cell[] => [
    measure(example.loss),
    verdict(example.actual),
    verdict(example.predicted),
    { html: textHtml(example.text) },
    { html: `<div class="place">${escapeHtml(example.place)}</div>` },
  ]);
  return (
    paragraph("Look here for labels that are wrong, and for what the model has not learned.") +
    richTable(`By loss: ${LOSSES[problem]}`, columns, rows)
  );
}

function verdict(given: readonly ClassProbability[] | number): Cell {
  if (typeof given === "number") return significant(given);
  if (given.length === 0) return "none";
  return {
    html: given
      .map(({ label, probability }) => `<bdi>${escapeHtml(label)}</bdi> ${escapeHtml(percent(probability))}`)
      .join("<br>"),
  };
}

/** A long text's beginning, which opens; its lines are kept there. */
function textHtml(text: string): string {
  const short = excerptOf(text);
  if (short === text) return escapeHtml(text);
  const lines = text.split(/\r?\n/).map(escapeHtml).join("<br>");
  return `<details><summary>${escapeHtml(short)}</summary>${lines}</details>`;
}
