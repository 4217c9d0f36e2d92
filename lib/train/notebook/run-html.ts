/**
 * A run as HTML for a notebook: how far it is, a curve of its losses, and a table of what was logged. One element with
 * its own style, no scripts, nothing loaded.
 */
import { escapeHtml } from "../../data/inspect/escape-html";
import { formatBytes } from "../../native/out-of-memory";
import type { LogEntry } from "../events";
import {
  type BatchProgress,
  formatDuration,
  formatLearningRate,
  formatLine,
  formatMeasure,
  formatNorm,
  formatRate,
  formatShare,
} from "../progress-format";
import type { ProgressState } from "../progress-state";
import { renderLossCurve } from "./loss-curve";
import type { RunRow, RunRows } from "./run-rows";

/** What is shown of a run. */
export interface RunView {
  /** Undefined where an evaluation or prediction stands alone. */
  readonly state?: ProgressState | undefined;
  readonly rows: RunRows;
  /** An evaluation that is under way. */
  readonly batches?: BatchProgress | undefined;
  /** How it ended; undefined while it goes on. */
  readonly outcome?: string | undefined;
}

const STYLE = `
.torchwright-run { color: inherit; font: 13px/1.45 system-ui, sans-serif; max-width: 60rem; }
.torchwright-run p { margin: .3em 0; white-space: pre-wrap; }
.torchwright-run progress { width: 16rem; vertical-align: middle; }
.torchwright-run table { border-collapse: collapse; margin: .3em 0; color: inherit; background: none; }
.torchwright-run tr, .torchwright-run tbody tr:nth-child(n) { background: none; }
.torchwright-run th, .torchwright-run td { padding: .15em .7em .15em 0; text-align: right; border-bottom: 1px solid rgba(128, 128, 128, .35); white-space: nowrap; font-variant-numeric: tabular-nums; }
.torchwright-run svg { display: block; max-width: 100%; height: auto; }
`.trim();

/** The whole element. Its size does not grow with the run's length. */
export function renderRunHtml({ state, rows, batches, outcome }: RunView): string {
  const parts = [
    ...(state ? [bar("train", state.step, state.totalSteps, formatLine(state))] : []),
    ...(batches ? [bar(batches.operation, batches.done, batches.total, batchText(batches))] : []),
    ...(outcome === undefined ? [] : [`<p><strong>${escapeHtml(outcome)}</strong></p>`]),
    renderLossCurve(rows),
    renderTable(rows),
  ];
  return `<div class="torchwright-run"><style>${STYLE}</style>${parts.join("")}</div>`;
}

function bar(name: string, done: number, total: number, text: string): string {
  return `<p><progress aria-label="${escapeHtml(name)}" value="${done}" max="${total}"></progress> ${escapeHtml(text)}</p>`;
}

function batchText({ operation, done, total, secondsLeft }: BatchProgress): string {
  return [
    operation,
    `batch ${done}/${total}`,
    ...(secondsLeft === undefined ? [] : [`${formatDuration(secondsLeft)} left`]),
  ].join("  ");
}

/** Columns of the training's own numbers. */
const COLUMNS: readonly (readonly [title: string, cell: (log: LogEntry) => string])[] = [
  ["loss", ({ loss }) => formatMeasure(loss)],
  ["learning rate", ({ learningRate }) => formatLearningRate(learningRate)],
  ["grad norm", ({ gradNorm }) => formatNorm(gradNorm)],
  ["examples/s", ({ examplesPerSecond }) => formatRate(examplesPerSecond)],
  ["tokens/s", ({ tokensPerSecond }) => formatRate(tokensPerSecond)],
  ["padding", ({ paddingShare }) => formatShare(paddingShare)],
  ["peak memory", ({ memory }) => formatBytes(memory.peakBytes)],
];

function renderTable({ rows, hidden }: RunRows): string {
  if (rows.length === 0) return "";
  const metrics = [...new Set(rows.flatMap(({ evaluation = [] }) => evaluation.map(([name]) => name)))];
  const titles = ["step", "epoch", ...COLUMNS.map(([title]) => title), ...metrics.map((name) => `eval ${name}`)];
  const head = titles.map((title) => `<th scope="col">${escapeHtml(title)}</th>`).join("");
  const lines = rows.map(({ step, epoch, log, evaluation = [] }: RunRow) => {
    const values = new Map(evaluation);
    const measured = metrics
      .map((name) => values.get(name))
      .map((value) => (value === undefined ? "" : formatMeasure(value)));
    const cells = [String(step), epoch.toFixed(2), ...COLUMNS.map(([, cell]) => (log ? cell(log) : "")), ...measured];
    return `<tr>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join("")}</tr>`;
  });
  if (hidden > 0) lines.splice(1, 0, `<tr><td colspan="${titles.length}">… ${hidden} more …</td></tr>`);
  return `<table><thead><tr>${head}</tr></thead><tbody>${lines.join("")}</tbody></table>`;
}
