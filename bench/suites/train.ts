/** Training: a step at 16 × 64 with its parts, peak memory, the demo's real lengths, and text to update. */
import { duel, withSides } from "../duel";
import { cost, throughput } from "../report";
import { commands, megabytes, type Suite } from "./suite";

const FULL = { warmup: 4, rounds: 8, count: 6 };
const QUICK = { warmup: 1, rounds: 2, count: 2 };

export const trainSuite: Suite = async (context) => {
  const { folder, train } = await context.materials();
  const size = context.quick ? QUICK : FULL;
  return withSides(commands(context, "train", [folder, JSON.stringify(train)]), context.threads, async (sides) => {
    const fixed = await duel(sides, "fixed", size);
    const pick = (name: string) => ({ ours: fixed.ours[name], peer: fixed.peer[name] });
    const memory = { ours: megabytes(sides.ours.peakBytes), peer: megabytes(sides.peer.peakBytes) };
    const lengths = await duel(sides, "lengths", size);
    const endToEnd = await duel(sides, "endToEnd", size);
    const shape = `${train.rows} × ${train.width}`;
    return {
      versions: { ...sides.peer.versions, ...sides.ours.versions },
      items: [
        cost(`training step, ${shape}`, "ms", pick("step")),
        cost(`training step, ${shape}: forward`, "ms", pick("forward")),
        cost(`training step, ${shape}: backward`, "ms", pick("backward")),
        cost(`training step, ${shape}: clip and update`, "ms", pick("update")),
        cost(`training step, ${shape}: peak memory`, "MB", memory),
        cost("training step, the demo's lengths", "ms", { ours: lengths.ours["step"], peer: lengths.peer["step"] }),
        throughput("text to update, the demo's lengths", "tokens/s", {
          ours: endToEnd.ours["tokensPerSecond"],
          peer: endToEnd.peer["tokensPerSecond"],
        }),
      ],
    };
  });
};
