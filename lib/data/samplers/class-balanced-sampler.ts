/** As many rows of every class, however rare it is. */
import { checkOptions } from "../../tensor/check-options";
import { checkSeed, randomBelow, shuffle } from "../random";
import type { SampledData, Sampler, SeededOptions } from "./sampler";

/**
 * As many rows of every class, as many in all as the dataset has (rounded up to whole rounds of the classes), in random
 * order.
 *
 * A class's rows are gone through in a random order; those of a rare class come again when all have come, and of a
 * frequent one an epoch sees a random part.
 */
export class ClassBalancedSampler implements Sampler {
  readonly description: string;
  readonly #seed: number;

  /**
   * Throws ERR_INVALID_ARG for a seed that is no whole number; a loader throws it for data without one class per row.
   */
  constructor(options: SeededOptions = {}) {
    const { seed = 42 } = checkOptions("ClassBalancedSampler", options, ["seed"]);
    checkSeed("ClassBalancedSampler", seed);
    this.#seed = seed;
    this.description = `class-balanced, seed ${seed}`;
  }

  count(data: SampledData): number {
    const classes = new Set(data.classIds()).size;
    return Math.ceil(data.rows / classes) * classes;
  }

  order(data: SampledData, epoch: number): Uint32Array {
    const below = randomBelow(this.#seed, epoch + 1);
    const members = new Map<number, number[]>();
    data.classIds().forEach((id, row) => {
      const rows = members.get(id);
      if (rows) rows.push(row);
      else members.set(id, [row]);
    });
    const share = Math.ceil(data.rows / members.size);
    const order = new Uint32Array(share * members.size);
    let filled = 0;
    for (const [, rows] of [...members].sort(([a], [b]) => a - b)) {
      for (let drawn = 0; drawn < share; drawn++) {
        if (drawn % rows.length === 0) shuffle(rows, below);
        order[filled++] = rows[drawn % rows.length] as number;
      }
    }
    return shuffle(order, below);
  }
}
