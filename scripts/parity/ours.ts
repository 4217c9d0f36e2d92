/** Our side of the comparison: the same loop as `scripts/reference.py`, written out by hand. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  AdamW,
  type Batch,
  BertForSequenceClassification,
  clipGradNorm,
  decayGroups,
  LinearSchedule,
  manualSeed,
  noGrad,
  scope,
} from "../../lib/index";

/** What both sides are told. */
export interface RunSettings {
  /** Seeds dropout. */
  readonly seed: number;
  readonly learningRate: number;
  readonly warmupSteps: number;
  readonly totalSteps: number;
  readonly weightDecay: number;
  readonly maxGradNorm: number;
}

/** What both sides report. */
export interface RunResult {
  readonly seconds: number;
  /** Every step's. */
  readonly loss: readonly number[];
  /** On the test batches, where there are any. */
  readonly accuracy?: number;
}

/** Writes a dropout rate into a model folder's config: the only place where a model takes it from. */
export async function setDropout(folder: string, dropout: number): Promise<void> {
  const file = join(folder, "config.json");
  const config = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
  const rates = { hidden_dropout_prob: dropout, attention_probs_dropout_prob: dropout, classifier_dropout: dropout };
  await writeFile(file, `${JSON.stringify({ ...config, ...rates }, undefined, 2)}\n`);
}

async function accuracyOf(model: BertForSequenceClassification, test: AsyncIterable<Batch>): Promise<number> {
  model.eval();
  let right = 0;
  let rows = 0;
  await noGrad(async () => {
    for await (const batch of test) {
      const classes = await scope(async () => (await model.forward(batch)).logits.argmax(-1).read()); // [B]
      const labels = batch.labels?.toTypedArray();
      classes.forEach((value: number | bigint, row: number) => (right += Number(value === labels?.[row])));
      rows += batch.size;
    }
  });
  return right / rows;
}

/** Trains the model in `folder` on `train`, at most `totalSteps` batches of it, on the CPU. */
export async function trainOurs(
  folder: string,
  settings: RunSettings,
  train: AsyncIterable<Batch>,
  test?: AsyncIterable<Batch>,
): Promise<RunResult> {
  const model = await BertForSequenceClassification.fromPretrained(folder, { device: "cpu" });
  using optimizer = new AdamW(decayGroups(model, settings.weightDecay), { lr: settings.learningRate });
  const schedule = new LinearSchedule(optimizer, settings);
  const loss: number[] = [];

  model.train();
  manualSeed(settings.seed);
  const started = performance.now();
  for await (const batch of train) {
    await scope(async () => {
      const output = await model.forward(batch);
      await output.loss.backward();
      await clipGradNorm(model.parameters(), settings.maxGradNorm);
      await optimizer.step();
      schedule.step();
      optimizer.zeroGrad();
      loss.push(Number(output.loss.item()));
    });
    if (loss.length % 50 === 0) process.stderr.write(`ours: step ${loss.length}, loss ${loss.at(-1)?.toFixed(4)}\n`);
    if (loss.length === settings.totalSteps) break;
  }
  const seconds = (performance.now() - started) / 1000;
  const result = test === undefined ? { seconds, loss } : { seconds, loss, accuracy: await accuracyOf(model, test) };
  model.dispose();
  return result;
}
