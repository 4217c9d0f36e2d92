/** Progress on a stream: a bar that rewrites its line in a terminal, plain lines elsewhere. */
import { printable } from "../data/inspect/excerpt";
import type { TrainerEvent } from "./events";
import { headline } from "./headline";
import type { ProgressDisplay } from "./progress-display";
import { formatBarLine, formatBatches, formatLine, formatMeasure, formatOutcome } from "./progress-format";
import { BatchTimer, ProgressTracker } from "./progress-state";

/** What of a stream is needed; `process.stderr` is one. */
export interface ProgressOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Milliseconds between two redraws of the bar, and between two plain lines. */
const BAR_INTERVAL = 100;
const LINE_INTERVAL = 5_000;

/** Columns of a terminal that does not say. */
const USUAL_COLUMNS = 80;

/** Shows a run on a stream. */
export class TerminalProgress implements ProgressDisplay {
  readonly #mode: "bar" | "lines";
  readonly #output: ProgressOutput;
  readonly #now: () => number;
  readonly #tracker: ProgressTracker;
  readonly #timer: BatchTimer;
  #shownAt = -Infinity;
  #openLine = false;

  constructor(mode: "bar" | "lines", output: ProgressOutput, now: () => number) {
    this.#mode = mode;
    this.#output = output;
    this.#now = now;
    this.#tracker = new ProgressTracker(now);
    this.#timer = new BatchTimer(now);
  }

  batches(operation: string, done: number, total: number): void {
    const secondsLeft = this.#timer.secondsLeft(done, total);
    if (this.#mode === "bar" && this.#due(BAR_INTERVAL)) {
      this.#rewrite(formatBatches({ operation, done, total, secondsLeft }, this.#columns));
    }
  }

  close(): void {
    if (this.#openLine) this.#output.write("\n");
    this.#openLine = false;
  }

  onEvent(event: TrainerEvent): void {
    this.#tracker.take(event);
    switch (event.type) {
      case "start":
        this.#line(
          `training on ${event.device}: ${event.examples} examples, ${event.batches} batches per epoch, ` +
            `${event.totalSteps} steps, ${event.warmupSteps} of warm-up`,
        );
        break;
      case "step":
        if (this.#mode === "bar" && this.#due(BAR_INTERVAL)) this.#draw();
        break;
      case "log": {
        const last = event.step === this.#tracker.state?.totalSteps;
        if (this.#mode === "bar" || last || this.#due(LINE_INTERVAL)) this.#draw();
        break;
      }
      case "evaluate": {
        const told = headline(event.metrics).map(([name, value]) => `${name} ${formatMeasure(value)}`);
        this.#line([`evaluated at step ${event.step}`, ...told].join("  "));
        break;
      }
      case "resume":
        for (const { folder, reason } of event.passedOver) this.#line(`passed over ${folder}: ${reason}`);
        this.#line(`going on at step ${event.step} from ${event.folder}`);
        break;
      case "checkpoint":
        break; // in the folder for all to see
      case "end":
        this.#line(formatOutcome(event.history));
        break;
    }
  }

  get #columns(): number {
    return this.#output.columns ?? USUAL_COLUMNS;
  }

  #due(interval: number): boolean {
    return this.#now() - this.#shownAt >= interval;
  }

  #draw(): void {
    const { state } = this.#tracker;
    if (state === undefined) return;
    if (this.#mode === "bar") this.#rewrite(formatBarLine(state, this.#columns));
    else this.#line(formatLine(state));
  }

  #rewrite(text: string): void {
    this.#shownAt = this.#now();
    this.#openLine = true;
    this.#output.write(`\r\x1b[2K${text}`);
  }

  #line(text: string): void {
    this.#shownAt = this.#now();
    if (this.#openLine) this.#output.write("\r\x1b[2K");
    this.#openLine = false;
    this.#output.write(`${printable(text)}\n`);
  }
}
