/** A training report as one page that is complete in itself: no scripts, nothing loaded. */
import { escapeHtml } from "../../data/inspect/escape-html";
import { plural } from "../../data/inspect/numbers";
import { formatBytes } from "../../native/out-of-memory";
import type { ModelProblem } from "../../models/model";
import { TimeSlice } from "../../text/time-slice";
import { HEADLINE } from "../headline";
import { formatDuration, formatRate } from "../progress-format";
import { PAGE_STYLE } from "./page-style";
import type { ReportData } from "./report-data";
import { dataSection } from "./sections/data-section";
import { evaluationSection } from "./sections/evaluation-section";
import { examplesSection } from "./sections/examples-section";
import { measure } from "./sections/html";
import { settingsSection, versionsSection } from "./sections/settings-section";
import { trainingSection } from "./sections/training-section";

/**
 * The same data gives the same page. What it says of texts and names is escaped. Everything else has its turn in
 * between.
 */
export async function renderReport(data: ReportData): Promise<string> {
  const slice = new TimeSlice();
  const pieces: string[] = [];
  for (const piece of reportPieces(data)) {
    pieces.push(piece);
    if (slice.over()) await slice.next();
  }
  return pieces.join("");
}

/** The page, piece by piece: each takes a few milliseconds at most. */
function* reportPieces(data: ReportData): Generator<string> {
  const sections = [
    trainingSection,
    evaluationSection,
    examplesSection,
    dataSection,
    settingsSection,
    versionsSection,
  ].map((section) => section(data));
  const links = sections.map(({ id, title }) => `<a href="#${id}">${escapeHtml(title)}</a>`).join(" ");
  const title = escapeHtml(data.title);
  yield `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="Torchwright ${escapeHtml(data.versions.torchwright)}">
<title>${title}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<header><h1 dir="auto">${title}</h1><p class="dim">${escapeHtml(subtitle(data))}</p>${tiles(data)}<nav>${links}</nav></header>
<main>
`;
  for (const section of sections) {
    yield `<section id="${section.id}"><h2>${escapeHtml(section.title)}</h2>`;
    yield* section.pieces;
    yield "</section>\n";
  }
  yield "</main>\n</body>\n</html>\n";
}

const DECIDES: Readonly<Record<ModelProblem, (labels: number) => string>> = {
  "single-label": (labels) => `one of ${plural(labels, "class", "classes")} for each text`,
  "multi-label": (labels) => `any of ${plural(labels, "label")} for each text`,
  regression: () => "a number for each text",
};

function subtitle({ problem, labels, created }: ReportData): string {
  return `${DECIDES[problem](labels.length)}; ${created.slice(0, 16).replace("T", " ")} UTC`;
}

/** What one wants to see first. */
function tiles({ problem, evaluation, run }: ReportData): string {
  const measured = evaluation
    ? HEADLINE[problem].map((name) => [name === "loss" ? "held-out loss" : name, measure(evaluation.metrics[name])])
    : [];
  const rate = run && run.seconds > 0 ? [["examples/s", formatRate(run.examples / run.seconds)]] : [];
  const peak = run?.log.at(-1)?.memory.peakBytes ?? 0;
  const trained = run
    ? [
        ["mean training loss", measure(run.loss)],
        ["steps", `${run.steps}/${run.totalSteps}`],
        ["training time", formatDuration(run.seconds)],
        ...rate,
        ...(peak > 0 ? [["peak memory", formatBytes(peak)]] : []),
      ]
    : [];
  const items = [...measured, ...trained].map(
    ([name = "", value = ""]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`,
  );
  return items.length > 0 ? `<dl class="tiles">${items.join("")}</dl>` : "";
}
