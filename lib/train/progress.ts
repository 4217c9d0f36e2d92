/**
 * Shows a run: a bar that rewrites its line in a terminal, plain lines elsewhere, both on standard error, or a table in
 * a notebook.
 */
import { TorchwrightError } from "../errors";
import type { TrainerEvent } from "./events";
import type { RunInfo } from "./logs/trainer-logger";
import { findNotebook, type OpenDisplay } from "./notebook/kernel";
import { NotebookProgress } from "./notebook/notebook-progress";
import type { ProgressMode } from "./options";
import type { ProgressDisplay } from "./progress-display";
import { type ProgressOutput, TerminalProgress } from "./terminal-progress";

/** Where progress goes; what is left out is this process's own. */
export interface ProgressPlace {
  readonly output?: ProgressOutput;
  /** The notebook's display, undefined where there is none. */
  readonly notebook?: OpenDisplay | undefined;
  /** Milliseconds. */
  readonly now?: () => number;
}

/** Sees a run's events and shows its progress in the way that `mode` says. */
export class Progress implements ProgressDisplay {
  readonly #display: ProgressDisplay;

  /** @throws ERR_INVALID_ARG for "notebook" where there is none */
  constructor(mode: ProgressMode, place: ProgressPlace = {}) {
    const { output = process.stderr, now = () => performance.now() } = place;
    const open = "notebook" in place ? place.notebook : findNotebook();
    const terminal = output.isTTY === true && process.env["TERM"] !== "dumb";
    const shown = mode !== "auto" ? mode : open ? "notebook" : terminal ? "bar" : "lines";
    if (shown === "silent") this.#display = SILENT;
    else if (shown !== "notebook") this.#display = new TerminalProgress(shown, output, now);
    else if (open) this.#display = new NotebookProgress(open, now);
    else {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        'Trainer: expected progress "notebook" in a notebook of tslab or IJavascript, got none; "auto" shows what there is a place for',
      );
    }
  }

  open(run: RunInfo): void {
    this.#display.open?.(run);
  }

  onEvent(event: TrainerEvent): void {
    this.#display.onEvent(event);
  }

  batches(operation: string, done: number, total: number): void {
    this.#display.batches(operation, done, total);
  }

  close(error?: unknown): void {
    this.#display.close(error);
  }
}

const SILENT: ProgressDisplay = { onEvent: () => undefined, batches: () => undefined, close: () => undefined };
