/** Seeded draws for the fuzzer: every call has a generator of its own, so that it can be repeated alone. */
import { randomBelow } from "../../lib/data/random";
import type { RandomBelow } from "../../lib/data/random";

export class Random {
  readonly below: RandomBelow;

  /** The generator of call number `index` of the run `seed`. */
  constructor(seed: number, index: number) {
    this.below = randomBelow(seed, index + 1);
  }

  /** True in `percent` of a hundred draws. */
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  list<T>(least: number, most: number, make: () => T): T[] {
    return Array.from({ length: this.between(least, most) }, make);
  }
}
