/**
 * `npm run check:hf-trainer [-- --rows n] [--seeds n]`: our Trainer and Hugging Face's with the same settings, from the
 * same weights, on the same 20,000 definitions of WordNet. The difference of mean accuracies must lie within two
 * standard errors of what the seeds alone do.
 *
 * Each side orders its batches and draws its dropout by its own generator, so that no two runs see the same; times are
 * of training alone.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { AutoTokenizer, BertForSequenceClassification, DataLoader, TextDataset, Trainer } from "../../lib/index";
import { pretrainedMiniLM } from "../demo/minilm";
import { readWordnet } from "../demo/wordnet";
import { initialFolder } from "../parity/initial-folder";
import { referencePython, runReference } from "../python-env";

const SETTINGS = { batchSize: 32, maxLength: 32, learningRate: 1e-4, warmupRatio: 0.1, weightDecay: 0.01 };

/** What each side says of a run. */
interface Outcome {
  readonly accuracy: number;
  readonly macroF1: number;
  readonly loss: number;
  readonly seconds: number;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const variance = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / (values.length - 1);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const words = ({ accuracy, macroF1, loss, seconds }: Outcome): string =>
  `accuracy ${(100 * accuracy).toFixed(2)} %, macro-F1 ${(100 * macroF1).toFixed(2)} %, loss ${loss.toFixed(4)}, ${seconds.toFixed(0)} s`;

async function ours(folder: string, seed: number, train: TextDataset, test: TextDataset): Promise<Outcome> {
  const { batchSize, maxLength, ...options } = SETTINGS;
  const tokenizer = await AutoTokenizer.fromPretrained(folder);
  const model = await BertForSequenceClassification.fromPretrained(folder, { device: "cpu" });
  const common = { tokenizer, maxLength, labels: model.labels, device: "cpu" };
  const trainer = new Trainer(model, { ...options, epochs: 1, seed, progress: "silent" });
  const started = performance.now();
  await trainer.fit(new DataLoader(train, { ...common, batchSize, shuffle: true, seed }));
  const seconds = (performance.now() - started) / 1000;
  const { accuracy, macroF1, loss } = await trainer.evaluate(new DataLoader(test, { ...common, batchSize: 64 }));
  model.dispose();
  return { accuracy, macroF1, loss, seconds };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { rows: { type: "string", default: "20000" }, seeds: { type: "string", default: "3" } },
  });
  const python = await referencePython();
  const work = await mkdtemp(join(tmpdir(), "torchwright-hf-trainer-"));
  try {
    const tokenizer = await AutoTokenizer.fromPretrained(await pretrainedMiniLM());
    const { train, test } = TextDataset.from(await readWordnet())
      .dedupe()
      .split({ test: 4000, stratify: true, seed: 42 });
    const part = train.take(Number(values.rows));
    const files = { train: join(work, "train.jsonl"), test: join(work, "test.jsonl") };
    for (const [file, rows] of [
      [files.train, part],
      [files.test, test],
    ] as const) {
      await writeFile(file, Array.from(rows, (row) => `${JSON.stringify(row)}\n`).join(""));
    }
    const outcomes: { ours: Outcome; peer: Outcome }[] = [];
    for (let seed = 1; seed <= Number(values.seeds); seed++) {
      const folder = await initialFolder(work, train.labels, tokenizer, seed);
      const own = await ours(folder, seed, part, test);
      say(`seed ${seed}, ours:          ${words(own)}`);
      const settings = JSON.stringify({ ...SETTINGS, seed, threads: availableParallelism() });
      const peer = (await runReference(python, "checks/hf_trainer_peer.py", [
        folder,
        files.train,
        files.test,
        settings,
      ])) as Outcome;
      say(`seed ${seed}, Hugging Face:  ${words(peer)}`);
      outcomes.push({ ours: own, peer });
    }
    const accuracies = (side: "ours" | "peer"): number[] => outcomes.map((outcome) => outcome[side].accuracy);
    const difference = mean(accuracies("ours")) - mean(accuracies("peer"));
    const error = Math.sqrt((variance(accuracies("ours")) + variance(accuracies("peer"))) / outcomes.length);
    const fits = Math.abs(difference) <= 2 * error;
    const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
    say(
      `accuracy: ours ${percent(mean(accuracies("ours")))}, Hugging Face's ${percent(mean(accuracies("peer")))}: ${percent(difference)} apart, twice the standard error is ${percent(2 * error)}: ${fits ? "within noise" : "NOT within noise"}`,
    );
    say(
      `time: ratio ${(mean(outcomes.map((outcome) => outcome.ours.seconds)) / mean(outcomes.map((outcome) => outcome.peer.seconds))).toFixed(3)}`,
    );
    if (!fits) process.exitCode = 1;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
