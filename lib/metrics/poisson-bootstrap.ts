/**
 * Confidence intervals in constant memory: a bootstrap that sees each example once.
 *
 * A bootstrap replicate draws as many examples as there are, with replacement; how often one of them comes is then
 * nearly Poisson-distributed with mean 1. Drawing that count for every example and replicate as it passes needs no list
 * of examples: Oza and Russell, "Online Bagging and Boosting" (2001); Chamandy et al., "Estimating Uncertainty for
 * Massive Data Streams" (Google, 2012).
 */
import { randomBelow, xoshiro128 } from "../data/random";
import { readOptions, wholeNumber } from "./metric-options";

/** How confidence intervals are made. */
export interface BootstrapOptions {
  /**
   * Replicates, 2 to 100,000; time and memory grow with them. Default 200: another seed moves an end by about a
   * twentieth of the interval's width.
   */
  readonly replicates?: number;
  /** Share of the replicates between the ends, above 0 and below 1. Default 0.95. */
  readonly confidence?: number;
  /**
   * Default 42. The same seed and the same examples in the same order give the same intervals, however they are
   * batched.
   */
  readonly seed?: number;
}

/** The two ends, which may be equal; NaN where no replicate has a value. */
export type Interval = readonly [low: number, high: number];

/** An interval for each of some numbers. */
export type Intervals<T> = { readonly [Name in keyof T]: Interval };

/**
 * Of the random bits, eight find a cell of the distribution; where it holds an end of a count's range, 32 more decide.
 */
const CELLS = 256;
const CELL = 2 ** 32;

/** Where each count's range ends, of 2^40; the last one has no end. */
const ENDS = ((): number[] => {
  const ends: number[] = [];
  let probability = Math.exp(-1);
  let sum = 0;
  for (let count = 0; count < 14; probability /= ++count) {
    sum += probability;
    ends.push(sum * CELLS * CELL);
  }
  return [...ends, Infinity];
})();

const countAt = (position: number): number => ENDS.findIndex((end) => position < end);
const MIXED = 255;
/** The count of each cell, or MIXED. */
const COUNT_OF_CELL = Uint8Array.from({ length: CELLS }, (_, cell) => {
  const first = countAt(cell * CELL);
  return first === countAt(cell * CELL + CELL - 1) ? first : MIXED;
});

const DEFAULTS: Required<BootstrapOptions> = { replicates: 200, confidence: 0.95, seed: 42 };

/**
 * Draws how often each example counts. Lane 0 is the data themselves, where each counts once; the replicates follow.
 */
export class PoissonBootstrap {
  /** By lane, how often the example counts for which `draw` was called last. */
  readonly weights: Uint8Array;
  /** By lane, whether any example has counted. */
  readonly #drew: Uint8Array;
  readonly #confidence: number;
  readonly #state: Uint32Array;

  /** Without options there are no replicates, only lane 0. Throws ERR_INVALID_ARG. */
  constructor(operation: string, options: BootstrapOptions | undefined) {
    const { replicates, confidence, seed } = readOptions(`${operation} bootstrap`, options, DEFAULTS, {
      replicates: wholeNumber(2, 100_000),
      confidence: ["a number above 0 and below 1", (value) => typeof value === "number" && value > 0 && value < 1],
      seed: ["a whole number", Number.isSafeInteger],
    });
    this.weights = new Uint8Array(1 + (options === undefined ? 0 : replicates)).fill(1);
    this.#drew = new Uint8Array(this.weights.length);
    this.#confidence = confidence;
    const below = randomBelow(seed);
    this.#state = Uint32Array.from({ length: 4 }, () => below(2 ** 32));
  }

  /** Draws the next example's weights. */
  draw(): void {
    const { weights } = this;
    const drew = this.#drew;
    let bits = 0;
    for (let lane = 1; lane < weights.length; lane++) {
      bits = (lane & 3) === 1 ? xoshiro128(this.#state) : bits >>> 8;
      let count = COUNT_OF_CELL[bits & 255] as number;
      if (count === MIXED) count = countAt((bits & 255) * CELL + xoshiro128(this.#state));
      weights[lane] = count;
      if (count > 0) drew[lane] = 1;
    }
  }

  /**
   * The replicates' percentiles of every number that `estimate` gives of a lane, or nothing without replicates.
   * Replicates that drew no example are left out, and of a number those in which it is NaN.
   */
  intervals<T extends object>(estimate: (lane: number) => T): { readonly intervals?: Intervals<T> } {
    if (this.weights.length === 1) return {};
    const replicates: T[] = [];
    this.#drew.forEach((drew, lane) => {
      if (drew === 1) replicates.push(estimate(lane)); // never lane 0
    });
    const tail = (1 - this.#confidence) / 2;
    const entries = (Object.keys(estimate(0)) as (keyof T)[]).map((name): [keyof T, Interval] => {
      const values = Float64Array.from(replicates, (replicate) => replicate[name] as number)
        .filter((value) => !Number.isNaN(value))
        .sort();
      return [name, [percentile(values, tail), percentile(values, 1 - tail)]];
    });
    return { intervals: Object.fromEntries(entries) as Intervals<T> };
  }
}

/** Between neighbours by their distance, numpy's default. */
function percentile(ascending: Float64Array, share: number): number {
  const position = share * (ascending.length - 1);
  const below = ascending[Math.floor(position)] ?? NaN;
  const above = ascending[Math.ceil(position)] ?? NaN;
  return below === above ? below : below + (above - below) * (position % 1);
}
