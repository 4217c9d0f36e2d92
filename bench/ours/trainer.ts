/**
 * Our runs of the Trainer, and the same steps in a loop by hand. Counterpart of `bench/peers/trainer.py`.
 *
 * `node trainer.js <folder with model/, texts.jsonl> <settings as JSON>`
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Tensor } from "../../lib/index";
import {
  AdamW,
  AutoTokenizer,
  BertForSequenceClassification,
  clipGradNorm,
  DataLoader,
  decayGroups,
  libtorchInfo,
  LinearSchedule,
  scope,
  TextDataset,
  Trainer,
} from "../../lib/index";
import type { TrainSettings } from "../materials";
import { serve, type Values } from "./serve";

/** Texts joined to one: more tokens than any batch is wide. */
const JOINED = 16;

async function main(): Promise<void> {
  const [folder = "", json = ""] = process.argv.slice(2);
  const { rows, width, learningRate, seed } = JSON.parse(json) as TrainSettings;
  const model = await BertForSequenceClassification.fromPretrained(join(folder, "model"), { device: "cpu" });
  const tokenizer = await AutoTokenizer.fromPretrained(join(folder, "model"));
  const lines = readFileSync(join(folder, "texts.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { text: string; label: string });
  const texts = lines.map(({ label }, i) => ({
    label,
    text: Array.from({ length: JOINED }, (_, j) => lines[(i + j) % lines.length]?.text).join(" "),
  }));
  const loaderOf = (steps: number): DataLoader =>
    new DataLoader(
      TextDataset.from(
        Array.from({ length: steps * rows }, (_, i) => texts[i % texts.length] as { text: string; label: string }),
      ),
      {
        tokenizer,
        batchSize: rows,
        maxLength: width,
        shuffle: true,
        seed,
        labels: model.labels,
        device: "cpu",
      },
    );
  const settings = { learningRate, weightDecay: 0.01 };

  async function fit(count: number): Promise<Values> {
    const ends: number[] = [];
    const trainer = new Trainer(model, {
      ...settings,
      epochs: 1,
      progress: "silent",
      seed,
      callbacks: [({ type }) => void (type === "step" && ends.push(performance.now()))],
    });
    const loader = loaderOf(count);
    const started = performance.now();
    await trainer.fit(loader);
    return { run: [performance.now() - started], step: between(ends) };
  }

  /** The README's loop, over batches that are there already. */
  async function loop(count: number): Promise<Values> {
    model.train();
    const batches = [];
    for await (const { inputIds, attentionMask, tokenTypeIds, labels } of loaderOf(count)) {
      batches.push(
        Object.fromEntries(
          Object.entries({ inputIds, attentionMask, tokenTypeIds, labels: labels as Tensor }).map(([name, tensor]) => [
            name,
            tensor.clone(),
          ]),
        ),
      );
    }
    using optimizer = new AdamW(decayGroups(model, settings.weightDecay), { lr: learningRate });
    const schedule = new LinearSchedule(optimizer, { warmupSteps: 0, totalSteps: count });
    const ends: number[] = [];
    for (const batch of batches) {
      await scope(async () => {
        const { loss } = await model.forward(batch);
        await loss.backward();
        await clipGradNorm(model.parameters(), 1);
        await optimizer.step();
        schedule.step();
        optimizer.zeroGrad();
      });
      ends.push(performance.now());
    }
    for (const batch of batches) for (const tensor of Object.values(batch)) tensor.dispose();
    return { step: between(ends) };
  }

  await serve({ fit, loop }, { node: process.versions.node, libtorch: libtorchInfo().version });
}

/** Milliseconds between one end of a step and the next. */
function between(ends: readonly number[]): number[] {
  return ends.slice(1).map((end, i) => end - (ends[i] as number));
}

void main();
