/** Keeps long work on the JavaScript thread in slices, between which timers and requests have their turn. */
import { setImmediate as macrotask } from "node:timers/promises";

/** Milliseconds of one slice: what a single step may take on top stays below 10. */
const SLICE = 1;

/**
 * Measures how long the JavaScript thread was kept: `if (slice.over()) await slice.next();` after each step of a long
 * loop.
 */
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

/** Work that yields where it may be put off. */
export type Steps<T> = Generator<undefined, T>;

/** Does work to its end, at once where it never yields. */
export function inSlices<T>(steps: Steps<T>, slice: TimeSlice): T | Promise<T> {
  const first = steps.next();
  return first.done ? first.value : goOn(steps, slice);
}

async function goOn<T>(steps: Steps<T>, slice: TimeSlice): Promise<T> {
  for (;;) {
    if (slice.over()) await slice.next();
    const step = steps.next();
    if (step.done) return step.value;
  }
}
