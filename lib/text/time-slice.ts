/** Keeps long work on the JavaScript thread in slices, between which timers and requests have their turn. */
import { setImmediate as macrotask } from "node:timers/promises";

/** Milliseconds of one slice: what a single step may take on top stays below 10. */
const SLICE = 1;

/** Measures how long the JavaScript thread was kept: `if (slice.over()) await slice.next();` after each step of a long loop. */
export class TimeSlice {
  #start = performance.now();

  /** Whether it is the others' turn. */
  over(): boolean {
    return performance.now() - this.#start > SLICE;
  }

  /** Gives everything else its turn. */
  async next(): Promise<void> {
    await macrotask();
    this.restart();
  }

  /** To be called when the thread was free, as after any wait for other work. */
  restart(): void {
    this.#start = performance.now();
  }
}
