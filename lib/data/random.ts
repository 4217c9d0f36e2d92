/**
 * Seeded random numbers for splits and shuffles, the same on every machine and Node version.
 *
 * The generator is xoshiro128** 1.1 by David Blackman and Sebastiano Vigna (public domain,
 * https://prng.di.unimi.it/xoshiro128starstar.c), its state drawn from the seeds with the finalizer of MurmurHash3.
 */
import { describe, TorchwrightError } from "../errors";

/** A generator of whole numbers in `[0, bound)`. */
export type RandomBelow = (bound: number) => number;

const rotateLeft = (x: number, k: number): number => (x << k) | (x >>> (32 - k));

/** MurmurHash3's 32-bit finalizer: every bit of the input reaches every bit of the output. */
function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}

/** The next 32 bits of xoshiro128**; changes `state`, which must not be all zeros. */
export function xoshiro128(state: Uint32Array): number {
  // One by one: destructuring a typed array goes through its iterator, eight times as slow.
  const a = state[0] as number;
  const b = state[1] as number;
  const c = state[2] as number;
  const d = state[3] as number;
  const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
  const c2 = c ^ a;
  const d2 = d ^ b;
  state[0] = a ^ d2;
  state[1] = b ^ c2;
  state[2] = c2 ^ (b << 9);
  state[3] = rotateLeft(d2, 11);
  return result;
}

/**
 * A generator for a seed and, where one seed serves several streams (epochs), the stream's number.
 * Both are whole numbers of at most 53 bits.
 */
export function randomBelow(seed: number, stream = 0): RandomBelow {
  const state = new Uint32Array(4);
  let hash = 0x9e3779b9;
  const words = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0, stream >>> 0, Math.floor(stream / 2 ** 32) >>> 0];
  for (const word of words) hash = mix(hash ^ word) + 0x9e3779b9;
  for (let i = 0; i < 4; i++) state[i] = mix(hash + Math.imul(i + 1, 0x9e3779b9));
  if (state.every((word) => word === 0)) state[0] = 1;
  return (bound) => {
    // Numbers past the last whole multiple of the bound would favour the small results: draw again.
    const limit = 2 ** 32 - (2 ** 32 % bound);
    let draw = xoshiro128(state);
    while (draw >= limit) draw = xoshiro128(state);
    return draw % bound;
  };
}

/** Numbers in `[0, 1)` with 53 random bits. */
export function randomUnit(below: RandomBelow): () => number {
  return () => (below(2 ** 27) * 2 ** 26 + below(2 ** 26)) / 2 ** 53;
}

/** Shuffles in place (Fisher–Yates) and returns its argument. */
export function shuffle<T extends Uint32Array | number[]>(items: T, below: RandomBelow): T {
  for (let i = items.length - 1; i > 0; i--) {
    const j = below(i + 1);
    const kept = items[i] as number;
    items[i] = items[j] as number;
    items[j] = kept;
  }
  return items;
}

/** Checks a seed: a whole number of at most 53 bits. Throws ERR_INVALID_ARG. */
export function checkSeed(operation: string, seed: unknown): asserts seed is number {
  if (!Number.isSafeInteger(seed)) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `${operation}: expected seed to be a whole number, got ${describe(seed)}`,
    );
  }
}
