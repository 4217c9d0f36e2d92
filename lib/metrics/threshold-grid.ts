/** Sorts probabilities into the bins between fixed thresholds, in a few comparisons each. */
import { type OptionCheck, wholeNumber } from "./metric-options";

/**
 * A number of thresholds evenly spaced from 0 to 1, as torchmetrics', or ascending ones in `[0, 1]`; at most 65,536.
 */
export type Thresholds = number | readonly number[];

const MOST = 65_536;

const [, isCount] = wholeNumber(2, MOST);

export const thresholdsCheck: OptionCheck = [
  `a number from 2 to ${MOST} or up to ${MOST} ascending numbers in [0, 1]`,
  (value) => (Array.isArray(value) ? isAscending(value) : isCount(value)),
];

function isAscending(values: readonly unknown[]): boolean {
  let last = -1;
  for (const value of values) {
    if (typeof value !== "number" || !(value > last && value >= 0 && value <= 1)) return false;
    last = value;
  }
  return values.length > 0 && values.length <= MOST;
}

/** Float32 numbers and the same memory as bits, by which they are looked up. */
export interface Float32Bits {
  readonly values: Float32Array;
  readonly bits: Uint32Array;
}

/** The bits of float32 numbers, without a copy. */
export function withBits(values: Float32Array): Float32Bits {
  return { values, bits: new Uint32Array(values.buffer, values.byteOffset, values.length) };
}

/** The low bits of a float32 that a look-up leaves out: sign, exponent and seven bits of the fraction remain. */
const CELL_BITS = 16;
const CELL = 2 ** CELL_BITS;
/** Cells from 0 up to the one that 1 begins. */
const CELLS = (withBits(Float32Array.of(1)).bits[0] as number) / CELL + 1;

/** Bins `[threshold, next threshold)`; the last one holds what is at least the largest. */
export class ThresholdGrid {
  /** Ascending, from 0 to at most 1. */
  readonly thresholds: Float32Array;
  /** By cell of float32 numbers, the bin of its smallest one. */
  readonly #firstBin = new Uint32Array(CELLS + 1);

  /** Rounded to float32; 0 is added where it is missing. Default: {@link fineThresholds}. */
  constructor(thresholds: Thresholds | undefined) {
    const given =
      thresholds === undefined
        ? fineThresholds()
        : typeof thresholds === "number"
          ? evenThresholds(thresholds)
          : thresholds;
    this.thresholds = Float32Array.from(new Set([0, ...Float32Array.from(given)])); // what rounding makes equal is one
    const edge = withBits(new Float32Array(1));
    for (let cell = 0, bin = 0; cell <= CELLS; cell++) {
      edge.bits[0] = cell * CELL;
      while (bin + 1 < this.bins && (this.thresholds[bin + 1] as number) <= (edge.values[0] as number)) bin++;
      this.#firstBin[cell] = bin;
    }
  }

  get bins(): number {
    return this.thresholds.length;
  }

  /** The bin of the number at `index`, which is in `[0, 1]`. */
  binOf({ values, bits }: Float32Bits, index: number): number {
    const cell = ((bits[index] as number) & 0x7fff_ffff) >>> CELL_BITS; // without the sign of a negative zero
    let low = this.#firstBin[cell] as number;
    let high = this.#firstBin[cell + 1] as number;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.thresholds[middle] as number) <= (values[index] as number)) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** From 0 to 1; rounded once each, where PyTorch's `linspace` may be off by a last digit. */
function evenThresholds(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i / (count - 1));
}

/**
 * 898 thresholds that serve soft and confident models alike: the multiples of 1/512, and eight steps to each halving of
 * the distance to 0, down to 2^-40, and to 1, down to 2^-24, where float32 ends.
 */
function fineThresholds(): number[] {
  const all = new Set<number>();
  for (let i = 0; i <= 512; i++) all.add(i / 512);
  for (let halvings = 2; halvings <= 40; halvings++) {
    for (let step = 0; step < 8; step++) {
      const distance = 2 ** -halvings * (1 + step / 8);
      all.add(distance);
      if (halvings <= 24) all.add(Math.fround(1 - distance));
    }
  }
  return [...all].sort((a, b) => a - b);
}
