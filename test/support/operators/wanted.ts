/** What an operator wants of a tensor argument, in the words of the table of hints, and the numbers that fulfil it. */
import type { DType } from "../../../lib/tensor/dtype";
import { Random } from "./random";

/**
 * Where a tensor's elements lie. All but the matrices are distinct multiples of 1/64 with at most seven digits, so
 * that bfloat16 holds them exactly and no two are equal; none lies within 1/64 of 0, ±0.5, ±1 or ±1.5, where
 * piecewise functions have their kinks.
 */
export type Domain =
  | "any" // (-2, 2)
  | "inside" // (-1, 1)
  | "unit" // (0, 1)
  | "positive" // (0, 2)
  | "above" // (1, 2)
  | "sorted" // (-2, 2), ascending
  | "sign" // -1 and 1
  | "degree" // 0, 1, 2, 3
  | "complex" // real and imaginary part as "any"
  | "bool"
  | "spd" // symmetric, positive definite
  | "regular" // well away from singular
  | "lower" // triangular, regular
  | "upper";

/** A tensor to be made: of the case's dtype, or of a fixed one where its elements are indices or flags. */
export class Wanted {
  constructor(
    readonly shape: readonly number[],
    readonly domain: Domain = "any",
    /** Indices below this limit, as int64; distinct where there are enough of them. */
    readonly limit?: number,
    readonly fixed?: { readonly dtype: DType; readonly values: readonly number[] },
  ) {}
}

/** Values of the case's dtype. */
export const f = (...shape: number[]): Wanted => new Wanted(shape);
export const inside = (...shape: number[]): Wanted => new Wanted(shape, "inside");
export const unit = (...shape: number[]): Wanted => new Wanted(shape, "unit");
export const pos = (...shape: number[]): Wanted => new Wanted(shape, "positive");
export const sorted = (...shape: number[]): Wanted => new Wanted(shape, "sorted");
export const sign = (...shape: number[]): Wanted => new Wanted(shape, "sign");
export const complex = (...shape: number[]): Wanted => new Wanted(shape, "complex");
export const bools = (...shape: number[]): Wanted => new Wanted(shape, "bool");
export const spd = (n: number): Wanted => new Wanted([n, n], "spd");
export const lower = (n: number): Wanted => new Wanted([n, n], "lower");
export const upper = (n: number): Wanted => new Wanted([n, n], "upper");
/** An n × n matrix far from singular, laid out in another shape if one is given. */
export const regular = (n: number, ...shape: number[]): Wanted =>
  new Wanted(shape.length > 0 ? shape : [n, n], "regular");
/** Random indices below the limit. */
export const below = (limit: number, ...shape: number[]): Wanted => new Wanted(shape, "any", limit);
/** Fixed integers. */
export const ints = (
  values: readonly number[],
  shape: readonly number[] = [values.length],
  dtype: DType = "int64",
): Wanted => new Wanted(shape, "any", undefined, { dtype, values });

export const product = (shape: readonly number[]): number => shape.reduce((left, right) => left * right, 1);

const KINKS = new Set([0, 32, 64, 96]);

function grid(from: number, to: number): number[] {
  const values: number[] = [];
  for (let k = from; k <= to; k++) {
    if (![-1, 0, 1].some((step) => KINKS.has(Math.abs(k + step)))) values.push(k / 64);
  }
  return values;
}

const GRIDS: Partial<Record<Domain, readonly number[]>> = {
  any: grid(-127, 127),
  inside: grid(-60, 60),
  unit: grid(4, 60),
  positive: grid(4, 127),
  above: grid(66, 127),
  sorted: grid(-127, 127),
  complex: grid(-127, 127),
  sign: [-1, 1],
  degree: [0, 1, 2, 3],
};

function matrix(random: Random, kind: Domain, count: number): number[] {
  const n = Math.round(Math.sqrt(count));
  const a = random.draw(grid(-60, 60), count);
  const at = (row: number, column: number): number => a[row * n + column] ?? 0;
  return a.map((value, i) => {
    const [row, column] = [Math.floor(i / n), i % n];
    const diagonal = row === column ? 1 : 0;
    if (kind === "lower" && column > row) return 0;
    if (kind === "upper" && column < row) return 0;
    if (kind !== "spd") return value + diagonal * (value < 0 ? -2 : 2);
    // A Aᵀ + n I with different numbers on the diagonal, so that eigenvalues lie apart.
    return Array.from({ length: n }, (_, k) => at(row, k) * at(column, k)).reduce(
      (sum, term) => sum + term,
      diagonal * (1 + row),
    );
  });
}

/** Elements row by row; a complex tensor has two numbers for each. */
export function elements(wanted: Wanted, dtype: DType, seed: string): number[] {
  const random = new Random(seed);
  const count = product(wanted.shape);
  if (wanted.fixed) return [...wanted.fixed.values];
  if (wanted.limit !== undefined) {
    return random.draw(
      Array.from({ length: wanted.limit }, (_, i) => i),
      count,
    );
  }
  if (wanted.domain === "bool" || dtype === "bool") {
    return Array.from({ length: count }, (_, i) => (i % 3 === 1 ? 0 : 1));
  }
  const parts = dtype.startsWith("complex") ? 2 : 1;
  const list = GRIDS[wanted.domain];
  if (!list) return matrix(random, wanted.domain, count).flatMap((value) => (parts === 2 ? [value, 0] : [value]));
  if (dtype.startsWith("int")) {
    // The same ranges, coarser: no zero, which integer division refuses.
    const whole = list.map((value) => Math.sign(value) * Math.ceil(4 * Math.abs(value)));
    return sortIf(random.draw([...new Set(whole)], count), wanted.domain);
  }
  return sortIf(random.draw(list, count * parts), wanted.domain);
}

const sortIf = (values: number[], domain: Domain): number[] =>
  domain === "sorted" ? values.sort((a, b) => a - b) : values;
