/**
 * Listens for a wish to stop while a run goes: Ctrl-C, SIGTERM or an AbortSignal.
 *
 * The run finishes its step and resolves with what was done. Only the first of each signal is taken: a
 * second one finds Node's own handling again and ends the process.
 */
import type { StoppedBy } from "./events";

export class StopRequest implements Disposable {
  #reason: Exclude<StoppedBy, "end"> | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #onInterrupt = (): void => {
    this.#reason ??= "SIGINT";
  };
  readonly #onTerminate = (): void => {
    this.#reason ??= "SIGTERM";
  };
  readonly #onAbort = (): void => {
    this.#reason ??= "abort";
  };

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
    if (signal?.aborted) this.#onAbort();
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    process.once("SIGINT", this.#onInterrupt);
    process.once("SIGTERM", this.#onTerminate);
  }

  /** Why to stop; undefined while there is no reason. */
  get reason(): Exclude<StoppedBy, "end"> | undefined {
    return this.#reason;
  }

  /** Stops listening. */
  [Symbol.dispose](): void {
    process.removeListener("SIGINT", this.#onInterrupt);
    process.removeListener("SIGTERM", this.#onTerminate);
    this.#signal?.removeEventListener("abort", this.#onAbort);
  }
}
