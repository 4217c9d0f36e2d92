/**
 * MinHash signatures, cut into bands: near-duplicates are found among texts that share a band instead of among all
 * pairs.
 *
 * The least hash of a set is the same for two sets with a probability that is their Jaccard similarity (A. Broder, On
 * the resemblance and containment of documents, 1997). Of `bands` bands of `rows` such hashes each, two texts of
 * similarity s share at least one with probability 1 − (1 − s^rows)^bands (J. Leskovec, A. Rajaraman, J. Ullman, Mining
 * of Massive Datasets, section 3.4).
 */
import { xoshiro128 } from "../random";

/** How a signature is cut. */
export interface Banding {
  readonly bands: number;
  readonly rows: number;
}

/** Hashes in a signature, at most: the usual number, as in the datasketch library. */
const HASHES = 128;
/** Probability, at the least, with which a pair that is exactly at the threshold is found. */
const RECALL = 0.99;
/** Any number but zeros: the same texts give the same groups in every run. */
const SEED = [0x746f7263, 0x68777269, 0x67687421, 0x6d696e68];

/** Probability that two texts of a similarity share a band. */
export function shareBand(similarity: number, { bands, rows }: Banding): number {
  return 1 - (1 - similarity ** rows) ** bands;
}

/** The widest bands, hence the fewest pairs to compare in vain, with which a pair at the threshold is still found. */
export function bandingFor(threshold: number): Banding {
  for (let rows = HASHES; rows > 1; rows--) {
    const banding = { bands: Math.floor(HASHES / rows), rows };
    if (shareBand(threshold, banding) >= RECALL) return banding;
  }
  return { bands: HASHES, rows: 1 };
}

/** Makes the signatures' bands, text by text. */
export class MinHasher {
  readonly #factors: Uint32Array;
  readonly #offsets: Uint32Array;
  readonly #least: Uint32Array;

  constructor(readonly banding: Banding) {
    const state = Uint32Array.from(SEED);
    const hashes = banding.bands * banding.rows;
    // x → factor · x + offset is a permutation of the 32-bit numbers when the factor is odd.
    this.#factors = Uint32Array.from({ length: hashes }, () => xoshiro128(state) | 1);
    this.#offsets = Uint32Array.from({ length: hashes }, () => xoshiro128(state));
    this.#least = new Uint32Array(hashes);
  }

  /** Begins the next text. */
  begin(): void {
    this.#least.fill(0xffffffff);
  }

  /** Takes the hashes from `start` to `end`; a long text may come in parts. */
  add(hashes: Uint32Array, start: number, end: number): void {
    const least = this.#least;
    for (let k = 0; k < least.length; k++) {
      const factor = this.#factors[k] as number;
      const offset = this.#offsets[k] as number;
      let min = least[k] as number;
      for (let i = start; i < end; i++) {
        const value = (Math.imul(factor, hashes[i] as number) + offset) >>> 0;
        if (value < min) min = value;
      }
      least[k] = min;
    }
  }

  /** Writes 32 bits for each band of the text into `keys`, from `at` on. */
  bands(keys: Uint32Array, at: number): void {
    const { bands, rows } = this.banding;
    for (let band = 0; band < bands; band++) {
      let key = band;
      for (let k = band * rows; k < (band + 1) * rows; k++) {
        key = Math.imul(key ^ (this.#least[k] as number), 0x9e3779b1);
        key ^= key >>> 15;
      }
      keys[at + band] = key;
    }
  }
}
