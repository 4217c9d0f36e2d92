/** Rows of similar length in one batch, so that little is padding. */
import { checkOptions } from "../../tensor/check-options";
import { describe, TorchwrightError } from "../../errors";
import { checkSeed, randomBelow, shuffle } from "../random";
import { inOrder, type SampledData, type Sampler, type SeededOptions } from "./sampler";

/** Batches per block where they are packed by tokens. */
const PACKED_BLOCK = 8;

/** How rows are grouped. */
export interface LengthGroupedSamplerOptions extends SeededOptions {
  /**
   * Batches that are sorted together: more waste less, fewer leave more to chance. Default: 50, as in Hugging Face's
   * Trainer.
   */
  readonly window?: number;
}

/**
 * Every row once, rows of similar length together: shuffled, then sorted by length within windows of some batches, then
 * the batches shuffled.
 *
 * An epoch takes about half the time where texts are short and differ in length, and trains as well: over 20,000 texts
 * (625 steps) the loss on held-out ones was 1.238 and 1.236 for two seeds, 1.238 and 1.224 with a random order
 * (`npm run check:samplers`). Early on it is behind: after an epoch of 125 steps by 2 %.
 *
 * As Hugging Face's `group_by_length`, whose batches stay sorted within a window: shuffled, they bring no trend of
 * lengths into training. A last batch that is not full stays last, and the batch with the longest row comes first, so
 * that memory that does not suffice shows at once.
 */
export class LengthGroupedSampler implements Sampler {
  readonly description: string;
  readonly #seed: number;
  readonly #window: number;

  /** Throws ERR_INVALID_ARG. */
  constructor(options: LengthGroupedSamplerOptions = {}) {
    const { seed = 42, window = 50 } = checkOptions("LengthGroupedSampler", options, ["seed", "window"]);
    checkSeed("LengthGroupedSampler", seed);
    if (!Number.isSafeInteger(window) || window < 1) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `LengthGroupedSampler: expected window of at least 1 batch, got ${describe(window)}`,
      );
    }
    this.#seed = seed;
    this.#window = window;
    this.description = `length-grouped, seed ${seed}, window ${window}`;
  }

  count({ rows }: SampledData): number {
    return rows;
  }

  async order(data: SampledData, epoch: number): Promise<Uint32Array> {
    const lengths = await data.lengths();
    const length = (row: number | undefined): number => lengths[row as number] as number;
    // What is shuffled at the end. Packed batches straddle its boundaries, so there it is made of several.
    const block = data.packed ? PACKED_BLOCK * data.batchSize : data.batchSize;
    const span = Math.max(block, Math.floor((this.#window * data.batchSize) / block) * block);
    const below = randomBelow(this.#seed, epoch + 1);
    const random = shuffle(inOrder(data.rows), below);
    for (let start = 0; start < data.rows; start += span) {
      // Sorting is stable: rows of one length keep their random order.
      random.subarray(start, start + span).sort((a, b) => length(b) - length(a));
    }
    const full = Math.floor(data.rows / block);
    const blocks = shuffle(inOrder(full), below);
    const head = (place: number): number => length(random[(blocks[place] as number) * block]);
    const longest = blocks.reduce((best, _, place) => (head(place) > head(best) ? place : best), 0);
    if (full > 0) [blocks[0], blocks[longest]] = [blocks[longest] as number, blocks[0] as number];
    const order = new Uint32Array(data.rows);
    blocks.forEach((which, place) => order.set(random.subarray(which * block, (which + 1) * block), place * block));
    order.set(random.subarray(full * block), full * block);
    return order;
  }
}
