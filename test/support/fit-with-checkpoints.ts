/**
 * A fit with a checkpoint after every third step in a process of its own, for tests that kill it: goes on where the
 * folder's last checkpoint was, says "resumed at <step>" or "begun", then "step" after each step, and prints the
 * SHA-256 of the final weights as JSON.
 */
import { createHash } from "node:crypto";
import { DataLoader } from "../../lib/data/data-loader";
import { Trainer } from "../../lib/train/trainer";
import { tinyBert, tinyData, tinyTokenizer } from "./tiny-bert";

async function main(): Promise<void> {
  const [outputDir = ""] = process.argv.slice(2);
  const loader = new DataLoader(tinyData(60), {
    tokenizer: await tinyTokenizer(),
    batchSize: 4,
    shuffle: true,
    device: "cpu",
  });
  const model = tinyBert();
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  let resumed = false;
  const trainer = new Trainer(model, {
    epochs: 8,
    learningRate: 1e-3,
    outputDir,
    saveStrategy: "steps",
    saveSteps: 3,
    saveTotalLimit: 3,
    gradientAccumulationSteps: 2,
    progress: "silent",
    callbacks: [
      (event) => {
        if (event.type === "resume") say(`resumed at ${event.step}, passed over ${event.passedOver.length}`);
        resumed ||= event.type === "resume";
        if (event.type === "step") say("step");
      },
    ],
  });
  const { steps } = await trainer.fit(loader, {
    resume: "auto",
    evalLoader: new DataLoader(tinyData(8), { tokenizer: loader.tokenizer, device: "cpu" }),
  });
  const hash = createHash("sha256");
  for (const [, parameter] of model.namedParameters()) hash.update(parameter.toTypedArray() as Float32Array);
  say(JSON.stringify({ steps, resumed, weights: hash.digest("hex") }));
}

void main();
