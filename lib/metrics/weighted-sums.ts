/** Sums over examples, once for the data and once for every replicate of a bootstrap. */
import type { PoissonBootstrap } from "./poisson-bootstrap";

/** Some number of sums by name's number ("column"), each in every lane of a bootstrap: 8 bytes a lane and column. */
export class WeightedSums {
  readonly #weights: Uint8Array;
  readonly #columns: number;
  /** `[column, lane]`, so that an example's addition runs through consecutive memory. */
  readonly #sums: Float64Array;

  constructor(columns: number, { weights }: PoissonBootstrap) {
    this.#weights = weights;
    this.#columns = columns;
    this.#sums = new Float64Array(columns * weights.length);
  }

  /** Adds a value of the example that the bootstrap drew weights for. */
  add(column: number, value: number): void {
    if (value === 0) return;
    const weights = this.#weights;
    const sums = this.#sums;
    const start = column * weights.length;
    for (let lane = 0; lane < weights.length; lane++) {
      sums[start + lane] = (sums[start + lane] as number) + (weights[lane] as number) * value;
    }
  }

  /** A lane's sums by column. */
  lane(lane: number): Float64Array {
    const sums = new Float64Array(this.#columns);
    for (let column = 0; column < sums.length; column++) {
      sums[column] = this.#sums[column * this.#weights.length + lane] as number;
    }
    return sums;
  }
}
