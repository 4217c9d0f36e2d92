/** What the hot path of operator calls takes (a frame full of numbers), and the entry points around shared memory. */
import { native } from "../../lib/native/load";
import { Tensor } from "../../lib/tensor/tensor";
import { handle, handles, type Make, sizes } from "./arguments";
import type { Random } from "./random";
import { makeTensor, type Family } from "./tensors";
import { anything, float, integer, typedArray } from "./values";

const OPERATORS = [
  "add",
  "mul_",
  "select",
  "view",
  "cat",
  "sum",
  "index",
  "where",
  "layer_norm",
  "full",
  "resize_",
  "to",
  "conv2d",
  "clamp",
  "dropout",
  "mse_loss",
];

/** A leading 1, then four bits for each argument, of which 1 to 10 mean something. */
function signature(random: Random): number {
  return random.list(0, 5, () => random.between(1, 10)).reduce((sum, code) => 16 * sum + code, 1);
}

/** A plan that there is, mostly. */
function plan(random: Random): number {
  const number = native().plan(native().operator(random.pick(OPERATORS), true), signature(random));
  return number > 0 ? number : random.between(1, 20);
}

function cell(random: Random, family: Family): number {
  const value = random.pick<() => unknown>([
    () => handle(random, family),
    () => integer(random),
    () => float(random),
    () => random.below(5),
  ])();
  return typeof value === "number" ? value : NaN;
}

/** Numbers in every cell that a call could read. */
function fillFrame(random: Random, family: Family): void {
  const frame = native().frame();
  if (!frame) return;
  frame.fill(random.pick([0, 1, 600, NaN]));
  frame[0] = random.chance(90) ? plan(random) : cell(random, family);
  for (let i = 1; i < 12; i++) frame[i] = cell(random, family);
}

/** An array over a tensor's memory, where it can be had. */
function sharedArray(random: Random, family: Family): unknown {
  if (random.chance(30)) return typedArray(random);
  const tensor = random.chance(50) ? Tensor.from(new Float64Array(6)) : makeTensor(random, family);
  try {
    const array = native().shareOut(tensor.handle);
    return random.chance(60) ? array : new Uint8Array(array.buffer, random.below(array.byteLength + 1));
  } catch {
    return typedArray(random); // refused, as it should be
  }
}

export const HOT_PATH: Readonly<Record<string, Make>> = {
  plan: (random) => [
    random.chance(80) ? native().operator(random.pick(OPERATORS), true) : integer(random),
    random.chance(70)
      ? signature(random)
      : random.pick([0, 1, 15, 16, 16 + 11, 2 ** 29, 2 ** 31, 2 ** 32, -1, 0.5, NaN]),
  ],
  run: (random, family) => (fillFrame(random, family), []),
  shareOut: (random, family) => [handle(random, family)],
  shareIn: (random, family) => [
    random.chance(92) ? sharedArray(random, family) : anything(random),
    random.chance(50) ? [6] : sizes(random, family),
  ],
  releaseMany: (random, family) => [
    random.chance(85)
      ? Float64Array.from({ length: 4 }, () => cell(random, family))
      : random.chance(50)
        ? typedArray(random)
        : handles(random, family),
    random.chance(85) ? random.below(5) : integer(random),
  ],
  watch: (random, family) => [random.chance(80) ? {} : anything(random), handle(random, family)],
};
