/** Values that no argument should be, and plain ones at the edges of what arguments may be. */
import { DTYPES } from "../../lib/tensor/dtype";
import type { Random } from "./random";

/** What the fuzzer's own getters throw; the boundary must pass it on as it is. */
export class Planted extends Error {
  override readonly name = "Planted";
}

/** Words that operators know, words that they do not, and text that is trouble. */
export const WORDS = [
  "mean",
  "sum",
  "none",
  "constant",
  "reflect",
  "replicate",
  "circular",
  "linear",
  "nearest",
  "bilinear",
  "bicubic",
  "zeros",
  "border",
  "floor",
  "trunc",
  "left",
  "right",
  "reduced",
  "complete",
  "r",
  "gelsd",
  "gelsy",
  "tanh",
  "L",
  "U",
  "ij",
  "xy",
  "amax",
  "amin",
  "prod",
  "strided",
  "contiguous",
  "channels_last",
  "preserve",
  "cpu",
  "meta",
  "cuda",
  "cuda:9999",
  "float32",
  "bogus",
  "",
  "a\0b",
  "😀",
  "\ud800",
  "x".repeat(5000),
  "fro",
  "nuc",
  "inf",
  "i,j->ij",
  "ii",
  "...",
  "ij,jk->ik",
] as const;

const HUGE = [
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31),
  2 ** 32,
  2 ** 40,
  2 ** 53 - 1,
  -(2 ** 53) + 1,
  2 ** 53,
  1e18,
  65536,
  1e6,
] as const;

/** Mostly small, so that dimensions and sizes often fit. */
export function integer(random: Random): number | bigint {
  if (random.chance(82)) return random.between(-2, 4);
  if (random.chance(50)) return random.between(-1000, 1000);
  if (random.chance(20)) return random.pick([0n, 3n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 64n]);
  return random.pick(HUGE);
}

export function float(random: Random): number {
  if (random.chance(75)) return random.between(-40, 40) / 8;
  return random.pick([0, -0, 1, NaN, Infinity, -Infinity, 1e-45, 5e-324, 1e38, 1e39, -1e308, 0.1, 2 ** 53]);
}

export function scalar(random: Random): number | bigint | boolean {
  const draw = random.below(10);
  if (draw < 4) return float(random);
  return draw < 8 ? integer(random) : random.chance(50);
}

/** Array views: of every kind, detached, shared, unaligned, empty. */
export function typedArray(random: Random): ArrayBufferView {
  const length = random.pick([0, 1, 2, 3, 4, 6, 8, 12, 24]);
  const numbers = Array.from({ length }, () => random.between(-3, 9));
  switch (random.below(14)) {
    case 0:
      return Float64Array.from(numbers);
    case 1:
      return Int8Array.from(numbers);
    case 2:
      return Int16Array.from(numbers);
    case 3:
      return Int32Array.from(numbers);
    case 4:
      return BigInt64Array.from(numbers.map(BigInt));
    case 5:
      return Uint8Array.from(numbers);
    case 6:
      return Uint16Array.from(numbers);
    case 7:
      return Uint8ClampedArray.from(numbers);
    case 8:
      return BigUint64Array.from(numbers.map((number) => BigInt.asUintN(64, BigInt(number))));
    case 9:
      return new DataView(new ArrayBuffer(8));
    case 10: {
      const data = Float32Array.from(numbers);
      structuredClone(data.buffer, { transfer: [data.buffer] });
      return data;
    }
    case 11:
      return new Float32Array(new SharedArrayBuffer(4 * length));
    default:
      return Float32Array.from(numbers);
  }
}

function plant(): never {
  throw new Planted("thrown by a getter of the fuzzer");
}

const HOSTILE: readonly ((random: Random) => unknown)[] = [
  () => undefined,
  () => null,
  () => NaN,
  () => -0,
  () => ({}),
  () => [],
  () => [[]],
  () => Symbol("fuzz"),
  () => plant,
  () => new Date(0),
  () => /x/,
  () => new Map([[1, 2]]),
  () => new Set([1]),
  () => Promise.resolve(1),
  () => Object.create(null) as unknown,
  () => new Array<unknown>(3),
  () => new Array<unknown>(2 ** 32 - 1),
  () => new Array<unknown>(2 ** 20 + 1),
  () => new Proxy({}, { get: plant, has: plant, ownKeys: plant }),
  () => new Proxy([1, 2], {}),
  () => new Proxy([], { get: plant }),
  () => Object.defineProperty([1, 2], 1, { get: plant }),
  () => Object.defineProperty({}, "value", { get: plant, enumerable: true }),
  () => ({ toString: plant, valueOf: plant }),
  () => ({ length: 2 ** 40 }),
  () => 2n ** 80n,
  typedArray,
  (random) => random.pick(WORDS),
  integer,
  float,
  (random) => random.list(0, 4, () => integer(random)),
  (random) => random.list(0, 3, () => float(random)),
  (random) => [random.list(0, 3, () => integer(random)), random.list(0, 3, () => integer(random))],
  (random) => random.list(1, 3, () => anything(random)),
  (random) => ({ value: anything(random), dtype: random.pick(DTYPES) }),
  () => deep(2000),
];

function deep(levels: number): unknown {
  let value: unknown = [];
  for (let i = 0; i < levels; i++) value = [value];
  return value;
}

/** A value of any kind. */
export function anything(random: Random): unknown {
  return random.pick(HOSTILE)(random);
}
