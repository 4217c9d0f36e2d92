/**
 * `npm run check:samplers [-- --rows n] [--seeds n]`: whether batches grouped by length train as well as random ones.
 *
 * Fine-tunes MiniLM on a part of WordNet's definitions for one epoch, with each sampler under the same seeds (head,
 * dropout, order), and compares the loss on held-out rows: the difference of the samplers' means must lie within two
 * standard errors of what the seeds alone do.
 */
import { parseArgs } from "node:util";
import {
  AutoTokenizer,
  BertForSequenceClassification,
  DataLoader,
  LengthGroupedSampler,
  RandomSampler,
  type Sampler,
  TextDataset,
  Trainer,
} from "../../lib/index";
import { pretrainedMiniLM } from "../demo/minilm";
import { readWordnet } from "../demo/wordnet";

const SAMPLERS: Readonly<Record<string, (seed: number) => Sampler>> = {
  random: (seed) => new RandomSampler({ seed }),
  "length-grouped": (seed) => new LengthGroupedSampler({ seed }),
};
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const variance = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / (values.length - 1);

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { rows: { type: "string", default: "20000" }, seeds: { type: "string", default: "4" } },
  });
  const folder = await pretrainedMiniLM();
  const tokenizer = await AutoTokenizer.fromPretrained(folder);
  const { train, test } = TextDataset.from(await readWordnet())
    .dedupe()
    .split({ test: 2000, stratify: true });
  const part = train.take(Number(values.rows));
  const common = { tokenizer, labels: train.labels, maxLength: 32, device: "cpu" };
  const losses: Record<string, number[]> = {};
  for (let seed = 1; seed <= Number(values.seeds); seed++) {
    for (const [name, samplerOf] of Object.entries(SAMPLERS)) {
      const model = await BertForSequenceClassification.fromPretrained(folder, {
        labels: train.labels,
        seed,
        device: "cpu",
      });
      const trainer = new Trainer(model, { epochs: 1, learningRate: 1e-4, seed, progress: "silent" });
      const loader = new DataLoader(part, { ...common, batchSize: 32, sampler: samplerOf(seed) });
      const started = performance.now();
      await trainer.fit(loader);
      const seconds = (performance.now() - started) / 1000;
      const { loss } = await trainer.evaluate(new DataLoader(test, { ...common, batchSize: 64 }));
      (losses[name] ??= []).push(loss);
      process.stdout.write(
        `seed ${seed}, ${name}: loss ${loss.toFixed(4)}, padding ${(100 * loader.stats().paddingShare).toFixed(1)} %, ${seconds.toFixed(0)} s\n`,
      );
      model.dispose();
    }
  }
  const [random = [], grouped = []] = Object.values(losses);
  const difference = mean(grouped) - mean(random);
  const error = Math.sqrt((variance(random) + variance(grouped)) / random.length);
  const fits = Math.abs(difference) <= 2 * error;
  process.stdout.write(
    `length-grouped ${mean(grouped).toFixed(4)}, random ${mean(random).toFixed(4)}: ${difference.toFixed(4)} apart, twice the standard error is ${(2 * error).toFixed(4)}: ${fits ? "within noise" : "NOT within noise"}\n`,
  );
  if (!fits) process.exitCode = 1;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
