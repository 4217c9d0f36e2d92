/** What one variant's process reads of itself while it trains, and what is made of it. */
import { memory } from "../../lib/index";

/** Steps between two readings of resident memory: asking the system takes longer than a small step's bookkeeping. */
const READ_EVERY = 10;
/** The same where V8's own garbage is collected before. */
const COLLECT_EVERY = 100;
/** Share of the steps that is warm-up: caches fill, code is compiled, the heap finds its size. */
const WARM_UP = 0.2;

/**
 * The readings of one variant after warm-up.
 *
 * Where all is freed by name (`node --expose-gc`), V8's own garbage is collected before each reading of resident
 * memory: it lets some kilobytes a step lie until there are a hundred megabytes, which is a slope, but no leak. Where
 * tensors are left to the collector, nothing is helped along.
 */
export interface Readings {
  readonly steps: number;
  /**
   * Fewest and most live tensors at the end of a step; equal where nothing leaks and nothing waits for the collector.
   */
  readonly liveTensors: readonly [number, number];
  /** Slope of resident memory by least squares, MB per 1,000 steps. */
  readonly slope: number;
  /** Most resident memory of the process's whole life, MB. */
  readonly peak: number;
  readonly seconds: number;
}

/** Least squares through points (x, y). */
export function slopeOf(points: readonly (readonly [number, number])[]): number {
  const mean = (of: 0 | 1): number => points.reduce((sum, point) => sum + point[of], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const up = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  const across = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  return up / across;
}

export class Recorder {
  readonly #start = performance.now();
  readonly #resident: (readonly [number, number])[] = [];
  #fewest = Infinity;
  #most = 0;
  #step = 0;

  constructor(readonly steps: number) {}

  get done(): boolean {
    return this.#step >= this.steps;
  }

  /** To be called at the end of every step. */
  stepped(): void {
    this.#step += 1;
    if (this.#step <= this.steps * WARM_UP) return;
    const { liveTensors } = memory();
    this.#fewest = Math.min(this.#fewest, liveTensors);
    this.#most = Math.max(this.#most, liveTensors);
    const { gc } = globalThis;
    if (this.#step % (gc ? COLLECT_EVERY : READ_EVERY) !== 0) return;
    gc?.();
    this.#resident.push([this.#step, process.memoryUsage.rss()]);
  }

  read(): Readings {
    return {
      steps: this.#step,
      liveTensors: [this.#fewest, this.#most],
      slope: (slopeOf(this.#resident) * 1000) / 1e6,
      peak: (process.resourceUsage().maxRSS * 1024) / 1e6,
      seconds: (performance.now() - this.#start) / 1000,
    };
  }
}
