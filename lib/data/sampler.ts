/** The order in which an epoch visits a dataset's rows. */
import { randomBelow, shuffle } from "./random";

/** Row numbers `0 … rows-1`, in order, or shuffled by seed and epoch alone. */
export function epochOrder(rows: number, random?: { readonly seed: number; readonly epoch: number }): Uint32Array {
  const order = Uint32Array.from({ length: rows }, (_, row) => row);
  // Stream 0 is the splits': an epoch must not repeat the order in which they drew.
  return random ? shuffle(order, randomBelow(random.seed, random.epoch + 1)) : order;
}
