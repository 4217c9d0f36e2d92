/** Tells quickly whether two sets of hashes have enough in common. */
import type { Breather } from "./breather";

/** Counters for frequencies; hashes that share one only make the order a little worse. */
const COUNTERS = 2 ** 20;

/**
 * Compares sets from their rarest hash on, because sets that are similar must soon agree there: mail of one template,
 * which has most pieces in common with all the others, is told apart after a few of its own (the prefix filter of R.
 * Bayardo, Y. Ma, R. Srikant, Scaling up all pairs similarity search, 2007).
 */
export class Overlap {
  readonly #frequencies = new Uint32Array(COUNTERS);
  /** Made for the sets that are asked about, which may be few. */
  readonly #ordered: (Float64Array | undefined)[] = [];

  private constructor(private readonly sets: readonly Uint32Array[]) {}

  /** Counts the hashes of the sets, which are without repeats. */
  static async of(sets: readonly Uint32Array[], breather: Breather): Promise<Overlap> {
    const overlap = new Overlap(sets);
    for (const set of sets) {
      overlap.#count(set);
      if (breather.due) await breather.pause();
    }
    return overlap;
  }

  /** Whether |A ∩ B| / |A ∪ B| is at least the threshold. */
  reaches(threshold: number, first: number, second: number): boolean {
    const a = this.#fromRarest(first);
    const b = this.#fromRarest(second);
    // |A ∩ B| ≥ t · |A ∪ B| is |A ∩ B| ≥ t · (|A| + |B|) / (1 + t).
    const needed = (threshold * (a.length + b.length)) / (1 + threshold) - 1e-9;
    let common = 0;
    for (let i = 0, j = 0; common + Math.min(a.length - i, b.length - j) >= needed;) {
      if (i === a.length || j === b.length) return true;
      const difference = (a[i] as number) - (b[j] as number);
      if (difference === 0) common++;
      if (difference <= 0) i++;
      if (difference >= 0) j++;
    }
    return false;
  }

  #fromRarest(at: number): Float64Array {
    // Frequency and hash in one number order first by the one and then by the other.
    return (this.#ordered[at] ??= Float64Array.from(
      this.sets[at] as Uint32Array,
      (hash) => this.#frequency(hash) * 2 ** 32 + hash,
    ).sort());
  }

  #count(set: Uint32Array): void {
    for (const hash of set) this.#frequencies[hash & (COUNTERS - 1)] = this.#frequency(hash) + 1;
  }

  #frequency(hash: number): number {
    return this.#frequencies[hash & (COUNTERS - 1)] as number;
  }
}
