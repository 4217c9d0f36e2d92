/** Arguments of the entry points of autograd: graphs, callbacks by number, modes. */
import type { CallbackAnswer } from "../../lib/native/callbacks";
import { addCallback } from "../../lib/native/callbacks";
import type { Make } from "./arguments";
import { device, flag, handle, handles, method, moduleNumber, names } from "./arguments";
import type { Random } from "./random";
import type { Family } from "./tensors";
import { anything, integer, Planted, WORDS } from "./values";

/** A function that native code may call: it answers well, with what is no answer, or throws. */
function callback(random: Random, family: Family): unknown {
  if (random.chance(15)) return random.pick([0, -1, 2 ** 32, 0.5, undefined, "1"]);
  const way = random.below(6);
  return addCallback((given) => {
    switch (way) {
      case 0:
        return { results: given, temporary: [] };
      case 1:
        return { results: handles(random, family), temporary: handles(random, family) } as CallbackAnswer;
      case 2:
        throw new Planted("thrown by a callback of the fuzzer");
      case 3:
        return anything(random) as CallbackAnswer;
      case 4:
        return { results: [], temporary: given } as unknown as CallbackAnswer;
      default:
        return { results: given.map(() => undefined), temporary: [] };
    }
  });
}

const backward: Make = (random, family) => [
  handles(random, family),
  random.chance(40) ? [undefined] : handles(random, family),
  random.chance(40) ? [] : handles(random, family),
  flag(random),
  flag(random),
  flag(random),
  random.pick([0, 1, 2 ** 31, -1, "x"]),
];

const list = (random: Random, family: Family): unknown => (random.chance(50) ? [] : handles(random, family));

export const AUTOGRAD: Readonly<Record<string, Make>> = {
  backward,
  backwardSync: backward,
  gradients: backward,
  gradientsSync: backward,
  registerHook: (random, family) => [handle(random, family), callback(random, family)],
  attachFunction: (random, family) => [
    random.chance(95)
      ? {
          inputs: handles(random, family),
          outputs: handles(random, family),
          saved: list(random, family),
          dirty: list(random, family),
          withoutGradient: list(random, family),
          materialize: flag(random),
        }
      : anything(random),
    callback(random, family),
  ],
  setModes: (random) => [
    flag(random),
    flag(random),
    random.pick([undefined, "bfloat16", "float16", "int64", ...WORDS]),
    random.pick([undefined, "float16", 5]),
  ],
  anomalyScope: (random) => [random.pick([undefined, 1, "x"]), flag(random)],
  setCallStack: (random) => [random.chance(80) ? random.pick([undefined, ...WORDS]) : anything(random)],
  checkpointModule: (random, family) => [
    moduleNumber(random),
    method(random),
    random.pick([1, 1, 1, 0, 2, 5]),
    names(random),
    handle(random, family),
    ...random.list(0, 2, () => integer(random)),
  ],
  randomState: (random) => [device(random)],
  setRandomState: (random, family) => [device(random), handle(random, family)],
};
