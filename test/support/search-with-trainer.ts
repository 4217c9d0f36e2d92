/**
 * A search by successive halving in a process of its own, for tests that kill it: goes on in the folder that it is
 * given, says "step" after each step of training, and prints all scores as JSON. With "interrupt" it presses Ctrl-C
 * itself at the tenth step.
 */
import { DataLoader } from "../../lib/data/data-loader";
import { BertForSequenceClassification } from "../../lib/models/bert-for-sequence-classification";
import * as hp from "../../lib/search/hp";
import { search } from "../../lib/search/search";
import { trainerObjective } from "../../lib/search/trainer-objective";
import { LABELS, TINY_CONFIG, tinyData, tinyTokenizer } from "./tiny-bert";

async function main(): Promise<void> {
  const [folder = "", interrupt] = process.argv.slice(2);
  let steps = 0;
  const tokenizer = await tinyTokenizer();
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const result = await search(
    { learningRate: hp.logUniform(1e-4, 1e-2), weightDecay: hp.uniform(0, 0.1) },
    trainerObjective({
      model: (_, { seed }) =>
        BertForSequenceClassification.fromConfig(TINY_CONFIG, { labels: LABELS, seed, device: "cpu" }),
      loader: new DataLoader(tinyData(24), { tokenizer, batchSize: 4, shuffle: true, device: "cpu" }),
      evalLoader: new DataLoader(tinyData(8), { tokenizer, device: "cpu" }),
      options: {
        saveStrategy: "steps",
        saveSteps: 4,
        callbacks: [
          ({ type }) => {
            if (type !== "step") return;
            say("step");
            if (interrupt !== undefined && ++steps === 10) process.kill(process.pid, "SIGINT");
          },
        ],
      },
    }),
    { strategy: "halving", trials: 4, factor: 2, maxBudget: 4, direction: "minimize", folder, progress: "silent" },
  );
  say(
    JSON.stringify({
      stoppedBy: result.stoppedBy,
      scores: result.trials.map(({ rungs }) => rungs.map(({ score }) => score)),
    }),
  );
}

void main();
