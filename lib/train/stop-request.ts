/**
 * Why a run is to stop before its last step: Ctrl-C, SIGTERM, an AbortSignal, or a reason of its own.
 *
 * The run finishes its step and resolves with what was done. Only the first of each signal is taken: a
 * second one finds Node's own handling again and ends the process, or a notebook's, which ends the cell.
 */
import type { StoppedBy } from "./events";
import { interrupts } from "./notebook/interrupts";

export class StopRequest implements Disposable {
  #reason: Exclude<StoppedBy, "end"> | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #controller = new AbortController();
  readonly #interrupt: Disposable;
  readonly #onTerminate = (): void => this.#stop("SIGTERM");
  readonly #onAbort = (): void => this.#stop("abort");

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
    if (signal?.aborted) this.#onAbort();
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    this.#interrupt = interrupts.take(() => this.#stop("SIGINT"));
    process.once("SIGTERM", this.#onTerminate);
  }

  /** Why to stop; undefined while there is no reason. */
  get reason(): Exclude<StoppedBy, "end"> | undefined {
    return this.#reason;
  }

  /** Aborted with the first reason, for work inside that takes a signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether somebody interrupted the run, which then is to end at once. */
  get interrupted(): boolean {
    return this.#reason === "SIGINT" || this.#reason === "SIGTERM" || this.#reason === "abort";
  }

  /** A reason of the run's own; the first one counts. */
  request(reason: "earlyStopping" | "maxSeconds"): void {
    this.#stop(reason);
  }

  #stop(reason: Exclude<StoppedBy, "end">): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#controller.abort(this.#signal?.reason);
  }

  /** Stops listening. */
  [Symbol.dispose](): void {
    this.#interrupt[Symbol.dispose]();
    process.removeListener("SIGTERM", this.#onTerminate);
    this.#signal?.removeEventListener("abort", this.#onAbort);
  }
}
