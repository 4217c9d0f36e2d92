/** Lets the event loop run in between, where long work has to be done on the JavaScript thread. */
import { setImmediate as macrotask } from "node:timers/promises";

/** Longest stretch of work in milliseconds: a server that answers others hardly notices it. */
const STRETCH = 5;

/**
 * Says when it is time for a pause; ask often, wait only when `due`, because even a settled promise costs a
 * microsecond.
 */
export class Breather {
  #started = performance.now();

  /** `stretch` is in milliseconds; 0 pauses whenever it is asked. */
  constructor(readonly stretch = STRETCH) {}

  /** Whether the event loop has waited for long enough. */
  get due(): boolean {
    return performance.now() - this.#started >= this.stretch;
  }

  /** Lets timers, input and finalizers run. */
  async pause(): Promise<void> {
    await macrotask();
    this.#started = performance.now();
  }
}
