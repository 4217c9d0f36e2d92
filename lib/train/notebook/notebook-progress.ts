/** Shows a run in a notebook: one output that is replaced as the run goes on. */
import { describe } from "../../errors";
import type { EvaluationEntry, TrainerEvent } from "../events";
import { headline } from "../headline";
import type { RunInfo } from "../logs/trainer-logger";
import type { ProgressDisplay } from "../progress-display";
import { type BatchProgress, formatOutcome } from "../progress-format";
import { BatchTimer, ProgressTracker } from "../progress-state";
import type { NotebookDisplay, OpenDisplay } from "./kernel";
import { renderRunHtml } from "./run-html";
import { type RunRow, RunRows } from "./run-rows";

/** Milliseconds between two updates but for the first and the last. */
const INTERVAL = 500;

export class NotebookProgress implements ProgressDisplay {
  readonly #openDisplay: OpenDisplay;
  readonly #now: () => number;
  readonly #tracker: ProgressTracker;
  readonly #timer: BatchTimer;
  readonly #rows = new RunRows();
  #display: NotebookDisplay | undefined;
  #batches: BatchProgress | undefined;
  #outcome: string | undefined;
  #shownAt = -Infinity;
  #stale = false;

  constructor(openDisplay: OpenDisplay, now: () => number) {
    this.#openDisplay = openDisplay;
    this.#now = now;
    this.#tracker = new ProgressTracker(now);
    this.#timer = new BatchTimer(now);
  }

  open({ resumed }: RunInfo): void {
    const past = [
      ...(resumed?.log ?? []).map((log) => ({ step: log.step, epoch: log.epoch, log })),
      ...(resumed?.evaluations ?? []).map(evaluated),
    ];
    for (const row of past.sort((a, b) => a.step - b.step)) this.#rows.take(row);
  }

  onEvent(event: TrainerEvent): void {
    this.#tracker.take(event);
    if (event.type === "log") {
      const { type: _, ...log } = event;
      this.#rows.take({ step: log.step, epoch: log.epoch, log });
    }
    if (event.type === "evaluate") {
      this.#batches = undefined;
      this.#rows.take(evaluated(event));
    }
    if (event.type === "end") this.#outcome = formatOutcome(event.history);
    this.#show(event.type === "end");
  }

  batches(operation: string, done: number, total: number): void {
    this.#batches = { operation, done, total, secondsLeft: this.#timer.secondsLeft(done, total) };
    this.#show(false);
  }

  close(error?: unknown): void {
    if (error !== undefined) {
      this.#outcome = `failed: ${error instanceof Error ? error.message : describe(error)}`;
      this.#show(true);
    } else if (this.#stale) this.#show(true);
    this.#display?.close?.();
    this.#display = undefined;
  }

  #show(now: boolean): void {
    this.#stale = !now && this.#now() - this.#shownAt < INTERVAL;
    if (this.#stale) return;
    this.#shownAt = this.#now();
    this.#display ??= this.#openDisplay();
    this.#display.html(
      renderRunHtml({ state: this.#tracker.state, rows: this.#rows, batches: this.#batches, outcome: this.#outcome }),
    );
  }
}

function evaluated({ step, epoch, metrics }: EvaluationEntry): RunRow {
  return { step, epoch, evaluation: headline(metrics) };
}
