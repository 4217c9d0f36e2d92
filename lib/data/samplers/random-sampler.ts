/** Rows in a random order, another one each epoch. */
import { checkOptions } from "../../tensor/check-options";
import { checkSeed, randomBelow, shuffle } from "../random";
import { inOrder, type SampledData, type Sampler, type SeededOptions } from "./sampler";

/** Every row once, in an order decided by seed and epoch: `shuffle: true` of a loader. */
export class RandomSampler implements Sampler {
  readonly description: string;
  readonly #seed: number;

  /** Throws ERR_INVALID_ARG for a seed that is no whole number. */
  constructor(options: SeededOptions = {}) {
    const { seed = 42 } = checkOptions("RandomSampler", options, ["seed"]);
    checkSeed("RandomSampler", seed);
    this.#seed = seed;
    this.description = `random, seed ${seed}`;
  }

  count({ rows }: SampledData): number {
    return rows;
  }

  order({ rows }: SampledData, epoch: number): Uint32Array {
    // Stream 0 is the splits': an epoch must not repeat the order in which they drew.
    return shuffle(inOrder(rows), randomBelow(this.#seed, epoch + 1));
  }
}
