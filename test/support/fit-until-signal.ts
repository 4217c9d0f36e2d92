/**
 * A long fit in a process of its own, for tests that interrupt it: says "step" when the first step is
 * done, and prints how the fit ended as JSON; `busy` is whether it ended in the middle of a step.
 */
import { DataLoader } from "../../lib/data/data-loader";
import { Trainer } from "../../lib/train/trainer";
import { tinyBert, tinyData, tinyTokenizer } from "./tiny-bert";

async function main(): Promise<void> {
  const loader = new DataLoader(tinyData(64), { tokenizer: await tinyTokenizer(), batchSize: 8, shuffle: true });
  let busy = false;
  const trainer = new Trainer(tinyBert(), {
    maxSteps: 1_000_000,
    progress: "silent",
    callbacks: [
      async (event) => {
        // From a step's end to the next one's something is under way, unless the run has been told to end.
        busy = event.type === "step";
        if (event.type === "step" && event.step === 1) process.stdout.write("step\n");
        // A step that takes long: an interrupt must wait for it, a second one must not.
        if (event.type === "step" && process.argv[2] === "hang" && event.step === 2) {
          await new Promise((resolve) => setTimeout(resolve, 60_000));
        }
      },
    ],
  });
  const { stoppedBy, steps, log } = await trainer.fit(loader);
  const listeners = process.listenerCount("SIGINT") + process.listenerCount("SIGTERM");
  process.stdout.write(`${JSON.stringify({ stoppedBy, steps, lastLogged: log.at(-1)?.step, listeners, busy })}\n`);
}

void main();
