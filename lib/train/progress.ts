/**
 * Shows a run on standard error: a bar that rewrites its line in a terminal, plain lines elsewhere.
 */
import type { TrainerCallback, TrainerEvent } from "./events";
import type { ProgressMode } from "./options";
import { formatBarLine, formatBatches, formatDuration, formatLine, type ProgressState } from "./progress-format";

/** What of a stream is needed; `process.stderr` is one. */
export interface ProgressOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Milliseconds between two redraws of the bar, and between two plain lines. */
const BAR_INTERVAL = 100;
const LINE_INTERVAL = 5_000;

/** Sees a run's events and writes its progress; `close` leaves the terminal on a line of its own. */
export class Progress {
  readonly #mode: "bar" | "lines" | "silent";
  readonly #output: ProgressOutput;
  readonly #now: () => number;
  #state: ProgressState | undefined;
  #started = 0;
  #evaluating = 0;
  #resumedAt = 0;
  #shownAt = -Infinity;
  #openLine = false;

  constructor(mode: ProgressMode, output: ProgressOutput = process.stderr, now: () => number = () => performance.now()) {
    const terminal = output.isTTY === true && process.env["TERM"] !== "dumb";
    this.#mode = mode === "auto" ? (terminal ? "bar" : "lines") : mode;
    this.#output = output;
    this.#now = now;
  }

  readonly onEvent: TrainerCallback = (event) => {
    if (this.#mode !== "silent") this.#show(event);
  };

  /** Progress of an evaluation or prediction, which has no schedule and no loss to show. */
  batches(operation: string, done: number, total: number): void {
    if (this.#mode !== "bar" || !this.#due(BAR_INTERVAL)) return;
    this.#rewrite(formatBatches(operation, done, total));
  }

  /** Ends an open line; safe to call twice. */
  close(): void {
    if (this.#openLine) this.#output.write("\n");
    this.#openLine = false;
  }

  #show(event: TrainerEvent): void {
    switch (event.type) {
      case "start":
        this.#started = this.#now();
        this.#state = { device: event.device, step: 0, totalSteps: event.totalSteps, epoch: 0 };
        this.#line(
          `training on ${event.device}: ${event.examples} examples, ${event.batches} batches per epoch, ` +
            `${event.totalSteps} steps, ${event.warmupSteps} of warm-up`,
        );
        break;
      case "step":
        this.#update({ step: event.step, epoch: event.epoch, learningRate: event.learningRate });
        if (this.#mode === "bar" && this.#due(BAR_INTERVAL)) this.#draw();
        break;
      case "log": {
        const { loss, learningRate, examplesPerSecond, tokensPerSecond, step, epoch } = event;
        this.#update({ step, epoch, loss, learningRate, examplesPerSecond, tokensPerSecond });
        const last = step === this.#state?.totalSteps;
        if (this.#mode === "bar" ? true : last || this.#due(LINE_INTERVAL)) this.#draw();
        break;
      }
      case "evaluate": {
        const { loss, accuracy, macroF1, seconds } = event.metrics;
        this.#evaluating += seconds;
        this.#line(
          `evaluated at step ${event.step}  loss ${loss.toFixed(4)}  accuracy ${accuracy.toFixed(4)}  macro-F1 ${macroF1.toFixed(4)}`,
        );
        break;
      }
      case "resume":
        for (const { folder, reason } of event.passedOver) this.#line(`passed over ${folder}: ${reason}`);
        this.#line(`going on at step ${event.step} from ${event.folder}`);
        this.#resumedAt = event.step;
        break;
      case "checkpoint":
        break; // in the folder for all to see
      case "end": {
        const { stoppedBy, steps, totalSteps, seconds, loss } = event.history;
        const why = stoppedBy === "end" ? "" : `, stopped by ${stoppedBy}`;
        this.#line(`trained ${steps} of ${totalSteps} steps in ${formatDuration(seconds)}${why}  mean loss ${loss.toFixed(4)}`);
        break;
      }
    }
  }

  #update(news: Omit<ProgressState, "device" | "totalSteps">): void {
    if (this.#state === undefined) return;
    const training = (this.#now() - this.#started) / 1000 - this.#evaluating;
    const secondsLeft = (training / (news.step - this.#resumedAt)) * (this.#state.totalSteps - news.step);
    this.#state = { ...this.#state, ...news, secondsLeft };
  }

  #due(interval: number): boolean {
    return this.#now() - this.#shownAt >= interval;
  }

  #draw(): void {
    if (this.#state === undefined) return;
    if (this.#mode === "bar") this.#rewrite(formatBarLine(this.#state, this.#output.columns ?? 80));
    else this.#line(formatLine(this.#state));
  }

  #rewrite(text: string): void {
    this.#shownAt = this.#now();
    this.#openLine = true;
    this.#output.write(`\r\x1b[2K${text}`);
  }

  #line(text: string): void {
    this.#shownAt = this.#now();
    if (this.#openLine && this.#mode === "bar") this.#output.write("\r\x1b[2K");
    this.#openLine = false;
    this.#output.write(`${text}\n`);
  }
}
