/** Counts which labels are given in place of which others, where an example has any number of them. */

export interface PairCount {
  readonly missed: number;
  readonly given: number;
  readonly count: number;
}

export class PairCounts {
  /** By the missed and then the wrongly given label; most pairs never occur. */
  readonly #counts = new Map<number, Map<number, number>>();

  /** Takes an example in: each label that was missed, with each that was given wrongly. */
  add(missed: readonly number[], given: readonly number[]): void {
    for (const one of missed) {
      for (const other of given) {
        const counts = this.#counts.get(one) ?? new Map<number, number>();
        this.#counts.set(one, counts.set(other, (counts.get(other) ?? 0) + 1));
      }
    }
  }

  /** The most frequent pairs, of equal ones those with the lower ids first. */
  most(top: number): PairCount[] {
    const pairs = [...this.#counts].flatMap(([missed, counts]) =>
      Array.from(counts, ([given, count]) => ({ missed, given, count })),
    );
    return pairs.sort((a, b) => b.count - a.count || a.missed - b.missed || a.given - b.given).slice(0, top);
  }
}
