/**
 * Counts what a run has done and how fast: examples, tokens and the seconds that training took.
 */

export interface Rates {
  readonly examplesPerSecond: number;
  readonly tokensPerSecond: number;
  /** Of the tokens that were computed, from 0 to 1. */
  readonly paddingShare: number;
}

/** Plain data. @inline */
export interface Counts {
  /** Examples that were learned from. */
  readonly examples: number;
  /** Their tokens, without padding. */
  readonly tokens: number;
  /** Seconds that training took. */
  readonly seconds: number;
}

/** A stopwatch with counters; `pause` keeps evaluation out of the rates. */
export class Meter {
  examples = 0;
  tokens = 0;
  #seconds = 0;
  #runningSince: number | undefined;
  #lap = { examples: 0, tokens: 0, seconds: 0 };
  /** Tokens with padding since the last lap. */
  #padded = 0;

  /** `now` in milliseconds; a parameter so that a test needs no clock. */
  constructor(private readonly now: () => number = () => performance.now()) {
    this.#runningSince = now();
  }

  /** Goes on from counts of before. */
  load({ examples, tokens, seconds }: Counts): void {
    [this.examples, this.tokens, this.#seconds] = [examples, tokens, seconds];
    if (this.#runningSince !== undefined) this.#runningSince = this.now();
    this.#lap = { examples, tokens, seconds };
    this.#padded = 0;
  }

  /** What was counted so far. */
  get counts(): Counts {
    return { examples: this.examples, tokens: this.tokens, seconds: this.seconds };
  }

  /** Seconds of training so far. */
  get seconds(): number {
    const running = this.#runningSince === undefined ? 0 : (this.now() - this.#runningSince) / 1000;
    return this.#seconds + running;
  }

  /** `padded`: the tokens with padding. */
  add(examples: number, tokens: number, padded: number): void {
    this.examples += examples;
    this.tokens += tokens;
    this.#padded += padded;
  }

  pause(): void {
    this.#seconds = this.seconds;
    this.#runningSince = undefined;
  }

  resume(): void {
    this.#runningSince ??= this.now();
  }

  /** Rates since the last lap; something was added since. */
  lap(): Rates {
    const seconds = this.seconds;
    const elapsed = Math.max(seconds - this.#lap.seconds, 1e-9);
    const tokens = this.tokens - this.#lap.tokens;
    const rates = {
      examplesPerSecond: (this.examples - this.#lap.examples) / elapsed,
      tokensPerSecond: tokens / elapsed,
      paddingShare: 1 - tokens / this.#padded,
    };
    this.#lap = { examples: this.examples, tokens: this.tokens, seconds };
    this.#padded = 0;
    return rates;
  }
}
