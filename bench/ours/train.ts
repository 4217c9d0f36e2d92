/**
 * Our training tasks: the hand-written loop of the README. Counterpart of `bench/peers/train.py`.
 *
 * `node train.js <folder with model/, batches.jsonl, texts.jsonl> <settings as JSON>`
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  AdamW,
  AutoTokenizer,
  type Batch,
  BertForSequenceClassification,
  clipGradNorm,
  DataLoader,
  decayGroups,
  libtorchInfo,
  LinearSchedule,
  manualSeed,
  scope,
  Tensor,
  TextDataset,
} from "../../lib/index";
import type { TrainSettings } from "../materials";
import { serve, type Values } from "./serve";

type Inputs = Pick<Batch, "inputIds" | "attentionMask" | "tokenTypeIds" | "labels">;
type Json = { readonly [Name in keyof Inputs]-?: number[] | number[][] };

const int64 = (data: number[] | number[][]): Tensor => Tensor.from(data, { dtype: "int64" });
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function toInputs(json: Json): Inputs {
  const { inputIds, attentionMask, tokenTypeIds, labels } = json;
  return {
    inputIds: int64(inputIds),
    attentionMask: int64(attentionMask),
    tokenTypeIds: int64(tokenTypeIds),
    labels: int64(labels),
  };
}

function readLines<T>(file: string): T[] {
  return readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as T);
}

function fixedBatch({ rows, width, seed }: TrainSettings, classes: number): Inputs {
  let state = seed;
  const draw = (below: number): number => (state = (state * 48271) % 2147483647) % below; // any ids will do
  const grid = (value: () => number): number[][] =>
    Array.from({ length: rows }, () => Array.from({ length: width }, value));
  return toInputs({
    inputIds: grid(() => 1000 + draw(29_000)),
    attentionMask: grid(() => 1),
    tokenTypeIds: grid(() => 0),
    labels: Array.from({ length: rows }, () => draw(classes)),
  });
}

async function main(): Promise<void> {
  const [folder = "", json = ""] = process.argv.slice(2);
  const settings = JSON.parse(json) as TrainSettings;
  manualSeed(settings.seed);
  const model = await BertForSequenceClassification.fromPretrained(join(folder, "model"), { device: "cpu" });
  const tokenizer = await AutoTokenizer.fromPretrained(join(folder, "model"));
  const optimizer = new AdamW(decayGroups(model, 0.01), { lr: settings.learningRate });
  const schedule = new LinearSchedule(optimizer, { warmupSteps: 0, totalSteps: 1e6 });
  const parameters = model.parameters();
  model.train();

  /** Milliseconds of forward, backward, and clip and update. */
  const step = (batch: Inputs): Promise<number[]> =>
    scope(async () => {
      const times = [performance.now()];
      const { loss } = await model.forward(batch);
      times.push(performance.now());
      await loss.backward();
      times.push(performance.now());
      await clipGradNorm(parameters, 1);
      await optimizer.step();
      schedule.step();
      optimizer.zeroGrad();
      times.push(performance.now());
      return times.slice(1).map((after, i) => after - (times[i] ?? NaN));
    });

  async function timed(next: () => Inputs, count: number): Promise<Values & { readonly step: readonly number[] }> {
    const steps: number[][] = [];
    for (let i = 0; i < count; i++) steps.push(await step(next()));
    const part = (index: number): number[] => steps.map((times) => times[index] ?? NaN);
    return { step: steps.map(sum), forward: part(0), backward: part(1), update: part(2) };
  }

  const batches = readLines<Json>(join(folder, "batches.jsonl")).map(toInputs);
  let cursor = 0;
  const nextBatch = (): Inputs => batches[cursor++ % batches.length] as Inputs;
  const fixed = fixedBatch(settings, model.labels.length);

  const dataset = TextDataset.from(readLines<{ text: string; label: string }>(join(folder, "texts.jsonl")));
  const { batchSize, maxLength } = settings;
  const loader = new DataLoader(dataset, { tokenizer, batchSize, maxLength, labels: model.labels, device: "cpu" });

  async function* forEver(): AsyncGenerator<Batch> {
    for (;;) yield* loader;
  }
  const texts = forEver();

  await serve(
    {
      fixed: (count) => timed(() => fixed, count),
      // Batches differ in length: the mean of a round's, and both sides have the same ones in a round.
      lengths: async (count) =>
        Object.fromEntries(
          Object.entries(await timed(nextBatch, count)).map(([name, times]) => [name, [sum(times) / count]]),
        ),
      endToEnd: async (count) => {
        const started = performance.now();
        let tokens = 0;
        for (let i = 0; i < count; i++) {
          const { value: batch } = (await texts.next()) as IteratorYieldResult<Batch>;
          tokens += batch.tokens;
          await step(batch);
        }
        return { tokensPerSecond: [(1000 * tokens) / (performance.now() - started)] };
      },
    },
    { node: process.versions.node, libtorch: libtorchInfo().version },
  );
}

void main();
