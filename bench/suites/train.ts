/** Training: a step at 16 × 64 with its parts, peak memory, the demo's real lengths, and text to update. */
import { duel, withSides } from "../duel";
import { cost, type Item, throughput } from "../report";
import { commands, megabytes, type Suite } from "./suite";

const FULL = { warmup: 4, rounds: 8, count: 6 };
const QUICK = { warmup: 1, rounds: 2, count: 2 };

export const trainSuite: Suite = async (context) => {
  const { folder, train } = await context.materials();
  const size = context.quick ? QUICK : FULL;
  return withSides(commands(context, "train", [folder, JSON.stringify(train)]), context.threads, async (sides) => {
    const fixed = await duel(sides, "fixed", size);
    const memory = { ours: megabytes(sides.ours.peakBytes), peer: megabytes(sides.peer.peakBytes) };
    const lengths = await duel(sides, "lengths", size);
    const endToEnd = await duel(sides, "endToEnd", size);
    const step = (title: string, { ours, peer }: typeof fixed): Item[] =>
      [
        ["", "step"],
        [": forward", "forward"],
        [": backward", "backward"],
        [": clip and update", "update"],
      ].map(([part, name = ""]) =>
        cost(`training step, ${title}${part}`, "ms", { ours: ours[name], peer: peer[name] }),
      );
    const shape = `${train.rows} × ${train.width}`;
    return {
      versions: { ...sides.peer.versions, ...sides.ours.versions },
      items: [
        ...step(shape, fixed),
        cost(`training step, ${shape}: peak memory`, "MB", memory),
        ...step("the demo's lengths", lengths),
        throughput("text to update, the demo's lengths", "tokens/s", {
          ours: endToEnd.ours["tokensPerSecond"],
          peer: endToEnd.peer["tokensPerSecond"],
        }),
      ],
    };
  });
};
