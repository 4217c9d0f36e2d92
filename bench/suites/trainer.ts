/** The Trainer: what it adds to a loop by hand, and a run beside one of Hugging Face's Trainer. */
import { withSides } from "../duel";
import { cost, type Item, median } from "../report";
import { commands, type Suite } from "./suite";

const FULL = { warmup: 4, rounds: 8, count: 16 };
const QUICK = { warmup: 3, rounds: 2, count: 6 };

export const trainerSuite: Suite = async (context) => {
  const { folder, train } = await context.materials();
  const { warmup, rounds, count } = context.quick ? QUICK : FULL;
  return withSides(
    commands(context, "trainer", [folder, JSON.stringify(train)]),
    context.threads,
    async ({ ours, peer }) => {
      const turns = [
        ["fit", ours, "fit"],
        ["loop", ours, "loop"],
        ["peer", peer, "fit"],
      ] as const;
      const runs: Record<string, number[]> = {};
      const steps: Record<string, number[]> = {};
      for (const [, side, task] of turns) await side.round(task, warmup);
      for (let round = 0; round < rounds; round++) {
        for (const [name, side, task] of turns) {
          const { run = [], step = [] } = await side.round(task, count);
          (runs[name] ??= []).push(...run);
          (steps[name] ??= []).push(median(step));
        }
        process.stderr.write(`trainer: round ${round + 1} of ${rounds}\n`);
      }
      const shape = `${train.rows} × ${train.width}`;
      const items: Item[] = [
        cost(`Trainer: a run of ${count} steps of ${shape} (peer: Hugging Face's Trainer)`, "ms", {
          ours: runs["fit"],
          peer: runs["peer"],
        }),
        cost(`Trainer: a step of ${shape} (peer: our loop by hand, without a loader)`, "ms", {
          ours: steps["fit"],
          peer: steps["loop"],
        }),
      ];
      return { versions: { ...peer.versions, ...ours.versions }, items };
    },
  );
};
