/**
 * The boundary: what one synchronous operator on a small tensor costs, result wrapped, and how fast 100 MB cross.
 *
 * Inputs are `add` and `mm` 2 × 2, `select` and `view` 4 × 4, `layerNorm` 4 × 16 with weight and bias. In a scope, ours
 * frees what 100 calls made at the scope's end, which counts; outside of one the garbage collector does: each value is
 * a mean over 150,000 calls with a turn of the loop after every 2,000, so that collections and finalizers count in
 * full. Python frees each result at once. Copies are compared with `memmove` between two buffers in memory that is in
 * use already.
 */
import { duel, withSides } from "../duel";
import { cost, geometricMean, type Item } from "../report";
import { commands, type Suite } from "./suite";

const FULL = { warmup: 15, rounds: 8, count: 15 };
const QUICK = { warmup: 5, rounds: 2, count: 5 };

const OPERATORS = ["add", "mm", "select", "view", "layerNorm"] as const;
const SETTINGS = {
  scope: "in a scope",
  collected: "outside of scopes",
  recordingScope: "recording for autograd, in a scope",
  recordingCollected: "recording for autograd, outside of scopes",
} as const;
const COPIES = {
  from: "100 MB: Tensor.from(Float32Array), beside memmove",
  toTypedArray: "100 MB: toTypedArray(), beside memmove",
  read: "100 MB: await read(), beside memmove",
} as const;

export const opsSuite: Suite = async (context) => {
  const size = context.quick ? QUICK : FULL;
  return withSides(commands(context, "ops", []), 1, async (sides) => {
    const items: Item[] = [];
    for (const [setting, where] of Object.entries(SETTINGS)) {
      const group: Item[] = [];
      for (const operator of OPERATORS) {
        const { ours, peer } = await duel(sides, `${setting}/${operator}`, size);
        group.push(cost(`${operator}, ${where}`, "ns", { ours: ours["ns"], peer: peer["ns"] }));
      }
      items.push(...group, geometricMean(`geometric mean, ${where}`, group));
    }
    for (const [copy, name] of Object.entries(COPIES)) {
      const { ours, peer } = await duel(sides, `copy/${copy}`, size);
      items.push(cost(name, "ms", { ours: ours["ms"], peer: peer["ms"] }));
    }
    return { versions: { ...sides.peer.versions, ...sides.ours.versions, threads: "1" }, items };
  });
};
