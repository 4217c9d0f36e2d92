/** Rows drawn by weight. */
import { checkOptions } from "../../tensor/check-options";
import { createHash } from "node:crypto";
import { describe, TorchwrightError } from "../../errors";
import { checkSeed, randomBelow, randomUnit } from "../random";
import { inOrder, type SampledData, type Sampler, type SeededOptions } from "./sampler";

/** How rows are drawn. */
export interface WeightedSamplerOptions extends SeededOptions {
  /** Rows to draw in an epoch. Default: as many as there are weights. */
  readonly samples?: number;
  /**
   * Whether a row may be drawn again. Without, every row that is drawn comes once, the heavier ones sooner. Default:
   * true.
   */
  readonly replacement?: boolean;
}

/**
 * Rows drawn in proportion to weights, one per row, as PyTorch's `WeightedRandomSampler` draws them.
 *
 * @example
 * ```ts
 * import { TextDataset, WeightedSampler } from "torchwright";
 * const dataset = TextDataset.from([{ text: "it broke", label: "bug" }, { text: "please add", label: "wish" }]);
 * const sampler = new WeightedSampler([...dataset].map(({ label }) => (label === "bug" ? 3 : 1)), { seed: 1 });
 * ```
 */
export class WeightedSampler implements Sampler {
  readonly description: string;
  readonly #weights: Float64Array;
  readonly #seed: number;
  readonly #samples: number;
  readonly #replacement: boolean;

  /**
   * Throws ERR_INVALID_ARG for weights that are negative, not finite or all 0, and for more samples than rows without
   * replacement.
   */
  constructor(weights: ArrayLike<number>, options: WeightedSamplerOptions = {}) {
    const known = ["seed", "samples", "replacement"] as const;
    const { seed = 42, samples, replacement = true } = checkOptions("WeightedSampler", options, known);
    checkSeed("WeightedSampler", seed);
    if (typeof weights !== "object" || weights === null || !(weights.length > 0)) {
      throw invalid("weights to be an array of numbers", weights);
    }
    this.#weights = Float64Array.from(weights);
    const bad = this.#weights.findIndex((weight) => !(weight >= 0 && weight < Infinity));
    if (bad >= 0) throw invalid(`weights from 0 (row ${bad})`, weights[bad]);
    const positive = this.#weights.reduce((count, weight) => count + (weight > 0 ? 1 : 0), 0);
    if (positive === 0) throw invalid("a weight above 0", "none");
    if (typeof replacement !== "boolean") throw invalid("replacement to be true or false", replacement);
    const count = samples ?? (replacement ? this.#weights.length : positive);
    if (!Number.isSafeInteger(count) || count < 1) throw invalid("samples of at least 1", samples);
    if (!replacement && count > positive) {
      throw invalid(`samples of at most ${positive}, the rows with a weight, without replacement`, samples);
    }
    this.#seed = seed;
    this.#samples = count;
    this.#replacement = replacement;
    const hash = createHash("sha256").update(this.#weights).digest("hex").slice(0, 16);
    this.description = `weighted, seed ${seed}, ${count} samples ${replacement ? "with" : "without"} replacement, weights ${hash}`;
  }

  count(): number {
    return this.#samples;
  }

  order({ rows }: SampledData, epoch: number): Uint32Array {
    if (rows !== this.#weights.length) {
      throw invalid(`a weight for each of ${rows} rows`, `${this.#weights.length} weights`);
    }
    const unit = randomUnit(randomBelow(this.#seed, epoch + 1));
    return this.#replacement ? this.#drawAgain(unit) : this.#drawOnce(unit);
  }

  #drawAgain(unit: () => number): Uint32Array {
    const upTo = new Float64Array(this.#weights.length);
    let sum = 0;
    this.#weights.forEach((weight, row) => (upTo[row] = sum += weight));
    return Uint32Array.from({ length: this.#samples }, () => firstAbove(upTo, unit() * sum));
  }

  /** Efraimidis and Spirakis, "Weighted random sampling with a reservoir" (2006): the largest u^(1/w) come first. */
  #drawOnce(unit: () => number): Uint32Array {
    const keys = this.#weights.map((weight) =>
      weight > 0 ? Math.log(unit() || Number.MIN_VALUE) / weight : -Infinity,
    );
    const order = inOrder(keys.length).sort((a, b) => (keys[b] as number) - (keys[a] as number) || a - b);
    return order.slice(0, this.#samples);
  }
}

/** Position of the first entry above a value, by bisection: an entry that adds no weight is never it. */
function firstAbove(ascending: Float64Array, value: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] as number) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

function invalid(expected: string, got: unknown): TorchwrightError {
  return new TorchwrightError(
    "ERR_INVALID_ARG",
    `WeightedSampler: expected ${expected}, got ${typeof got === "string" ? got : describe(got)}`,
  );
}
