/** Prediction: one row of 32 tokens through the model, one text to its label, and many texts to theirs. */
import { duel, withSides } from "../duel";
import { cost } from "../report";
import { commands, megabytes, type Suite } from "./suite";

const FULL = { warmup: 20, rounds: 10, count: 40 };
const QUICK = { warmup: 10, rounds: 3, count: 20 };
/** Passes over all texts. */
const MANY = { warmup: 1, rounds: 5, count: 1 };
const QUICK_MANY = { ...MANY, rounds: 2 };

export const predictSuite: Suite = async (context) => {
  const { folder, predict } = await context.materials();
  const size = context.quick ? QUICK : FULL;
  return withSides(commands(context, "predict", [folder, JSON.stringify(predict)]), context.threads, async (sides) => {
    const forward = await duel(sides, "forward", size);
    const text = await duel(sides, "text", size);
    const many = await duel(sides, "many", context.quick ? QUICK_MANY : MANY);
    return {
      versions: { ...sides.peer.versions, ...sides.ours.versions },
      items: [
        cost("prediction, 1 × 32 ids to logits", "ms", { ours: forward.ours["ms"], peer: forward.peer["ms"] }),
        cost("prediction, one text of 32 tokens to its label", "ms", { ours: text.ours["ms"], peer: text.peer["ms"] }),
        cost("prediction, 2,000 texts of mixed lengths to their labels", "ms", {
          ours: many.ours["ms"],
          peer: many.peer["ms"],
        }),
        cost("prediction: peak memory", "MB", {
          ours: megabytes(sides.ours.peakBytes),
          peer: megabytes(sides.peer.peakBytes),
        }),
      ],
    };
  });
};
