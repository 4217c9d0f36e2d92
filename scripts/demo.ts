/**
 * `npm run demo`: from pretrained weights and raw text to a fine-tuned, saved and reloaded classifier.
 *
 * Results go to standard output, progress to standard error; `--help` lists the flags.
 */
import { readdir } from "node:fs/promises";
import { dirname, extname, join, resolve } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import {
  AutoTokenizer,
  BertForSequenceClassification,
  Classifier,
  DataLoader,
  type History,
  jit,
  memory,
  ScriptClassifier,
  TextDataset,
  type Tokenizer,
  TorchwrightError,
  Trainer,
  type TrainerOptions,
} from "../lib/index";
import { type DemoArguments, readArguments, USAGE, UsageError } from "./demo/arguments";
import { pretrainedMiniLM } from "./demo/minilm";
import { IdlePeer } from "./demo/idle-peer";
import {
  type Delay,
  describeDelay,
  eventLoopDelay,
  formatBytes,
  percent,
  peakMemory,
  type Summary,
} from "./demo/summary";
import { readWordnet } from "./demo/wordnet";

/** Definitions in WordNet's manner that WordNet does not have. */
const SENTENCES = [
  "a small wild mammal with thick fur that sleeps through the winter",
  "the joy that one feels when an old friend comes to visit",
  "walk slowly through the streets without any particular aim",
];

const LEARNING_RATE = 5e-4; // ten times the usual: the run is a fraction of an epoch, and 2e-4 learns less in it
const DEFAULT_STEPS = 800; // five minutes on two cores
const HELD_OUT = 3000; // its accuracy's standard error is below one point

const say = (line = ""): void => void process.stdout.write(`${line}\n`);

async function loadData({ data, seed }: DemoArguments): Promise<{ train: TextDataset; test: TextDataset }> {
  const all =
    data === undefined
      ? TextDataset.from(await readWordnet())
      : data.format === "csv"
        ? await TextDataset.fromCsv(data.file, data)
        : await TextDataset.fromJsonLines(data.file, data);
  const unique = all.dedupe();
  const parts = unique.split({ test: Math.min(HELD_OUT, Math.ceil(unique.length / 10)), stratify: true, seed });
  say(
    `data       ${data?.file ?? "WordNet's definitions"}: ${all.length} texts, ${all.length - unique.length} duplicates removed, ` +
      `${parts.train.labels.length} classes; ${parts.train.length} to train on, ${parts.test.length} held out`,
  );
  return parts;
}

/** The model to fine-tune and its tokenizer; a TorchScript file's tokenizer is looked for beside it. */
async function makeTrainer(
  args: DemoArguments,
  labels: readonly string[],
  options: TrainerOptions,
): Promise<{ trainer: Trainer; tokenizer: Tokenizer }> {
  const path = args.model ?? (await pretrainedMiniLM());
  const device = args.device === undefined ? {} : { device: args.device };
  say(`weights    ${path}`);
  if (extname(path).toLowerCase() === ".pt") {
    const module = await jit.load(path, device);
    const beside = (await readdir(dirname(path))).some((name) => name === "tokenizer.json" || name === "vocab.txt");
    const tokenizer = await AutoTokenizer.fromPretrained(beside ? dirname(path) : await pretrainedMiniLM());
    if (!beside) say("tokenizer  MiniLM's, that of bert-base-uncased: none stands beside the file");
    return { tokenizer, trainer: new Trainer(module, { ...options, labels }) };
  }
  const tokenizer = await AutoTokenizer.fromPretrained(path);
  const model = await BertForSequenceClassification.fromPretrained(path, { labels, seed: args.seed, ...device });
  return { tokenizer, trainer: new Trainer(model, options) };
}

/** How long to train: what the flags say, else `DEFAULT_STEPS`, but three epochs at most. */
function length({ steps, epochs, batchSize }: DemoArguments, examples: number): TrainerOptions {
  if (steps !== undefined) return { maxSteps: steps };
  if (epochs !== undefined) return { epochs };
  return { maxSteps: Math.min(DEFAULT_STEPS, 3 * Math.ceil(examples / batchSize)) };
}

async function main(args: DemoArguments): Promise<void> {
  const started = performance.now();
  const { train, test } = await loadData(args);
  const folder = resolve(args.output);
  const { trainer, tokenizer } = await makeTrainer(args, train.labels, {
    ...length(args, train.length),
    learningRate: LEARNING_RATE,
    warmupRatio: 0.1,
    weightDecay: 0.01,
    seed: args.seed,
    outputDir: folder,
  });
  const { maxLength, seed } = args;
  const loader = new DataLoader(train, { tokenizer, batchSize: args.batchSize, shuffle: true, seed, maxLength });

  const idlePeer = await IdlePeer.start();
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  let history: History;
  let idle: Delay | undefined;
  try {
    history = await trainer.fit(loader);
  } finally {
    delay.disable();
    idle = await idlePeer.stop();
  }
  say(
    `training   ${history.steps} steps on ${history.device} in ${history.seconds.toFixed(0)} s, ` +
      `${(history.examples / history.seconds).toFixed(1)} examples/s, mean loss ${history.loss.toFixed(4)}`,
  );

  const evaluation = await trainer.evaluate(new DataLoader(test, { tokenizer, batchSize: 64, maxLength }));
  say(
    `held out   accuracy ${percent(evaluation.accuracy)}, macro-F1 ${percent(evaluation.macroF1)}, loss ${evaluation.loss.toFixed(4)}`,
  );
  const confused = evaluation.confusionMatrix.mostConfused(5);
  say("confused   most often: true class → predicted class, count, share of the true class");
  for (const { actual, predicted, count, share } of confused) {
    say(`           ${actual} → ${predicted}  ${count}  ${percent(share)}`);
  }

  const eventLoop = eventLoopDelay(delay);
  const bytes = peakMemory();
  say(
    `event loop ${describeDelay(eventLoop)} late while training${idle ? `; an idle process beside it ${describeDelay(idle)}` : ""}`,
  );
  say(
    `memory     peak ${formatBytes(bytes)} of the process, ${formatBytes(memory().cpuPeakBytes)} of it tensors on the CPU`,
  );

  const saved = join(folder, "model");
  await trainer.save(saved);
  trainer.model.dispose();

  const classifier = await Classifier.load(saved, args.device === undefined ? {} : { device: args.device });
  const texts =
    args.data === undefined ? SENTENCES : Array.from({ length: Math.min(3, test.length) }, (_, i) => test.get(i).text);
  const predictions = await classifier.predict(texts, { topK: 3 });
  say("reloaded   the saved folder says");
  predictions.forEach(({ top }, i) => {
    say(`           ${JSON.stringify(texts[i])}`);
    say(`             ${top.map(({ label, probability }) => `${label} ${percent(probability)}`).join(", ")}`);
  });
  classifier.dispose();

  const seconds = (performance.now() - started) / 1000;
  const elsewhere =
    trainer.model instanceof ScriptClassifier
      ? "its model.pt with torch.jit.load"
      : "with Hugging Face's from_pretrained";
  say(`saved      ${saved}  (opens in Python, too: ${elsewhere})`);
  say(`log        ${join(folder, "log.jsonl")}, settings ${join(folder, "training.json")}`);
  say(`all in     ${seconds.toFixed(0)} s`);

  const { log: _log, evaluations: _evaluations, ...training } = history;
  const { confusionMatrix: _matrix, ...metrics } = evaluation;
  const summary: Summary = {
    data: {
      source: args.data?.file ?? "wordnet",
      train: train.length,
      test: test.length,
      classes: train.labels.length,
    },
    training,
    evaluation: metrics,
    confused,
    eventLoopDelayMs: eventLoop,
    ...(idle && { idleEventLoopDelayMs: idle }),
    peakMemoryBytes: bytes,
    predictions: predictions.map(({ label, probability }, i) => ({ text: texts[i] ?? "", label, probability })),
    model: saved,
    seconds,
  };
  if (args.json) say(JSON.stringify(summary));
}

async function run(): Promise<void> {
  const args = readArguments(process.argv.slice(2));
  if (args.help) say(USAGE);
  else await main(args);
}

run().catch((error: unknown) => {
  if (error instanceof UsageError) process.stderr.write(`${error.message}\n\n${USAGE}\n`);
  else if (error instanceof TorchwrightError) process.stderr.write(`${error.code}: ${error.message}\n`);
  else process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
});
