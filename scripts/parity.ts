/**
 * `npm run parity`: ours and PyTorch side by side on the demo's data and weights.
 *
 * First every step's loss of 50 steps, without and with dropout under one seed; then the mean accuracy of three
 * short trainings on 20,000 rows. Our `DataLoader` makes the batches once, and Python reads them from a file; both
 * start from one model folder. Ends with code 1 where a difference is above its limit. `--quick` takes a minute,
 * `--json` ends with one JSON object.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { AutoTokenizer, DataLoader, TextDataset } from "../lib/index";
import { pretrainedMiniLM } from "./demo/minilm";
import { readWordnet } from "./demo/wordnet";
import { writeBatches } from "./parity/batch-file";
import { initialFolder } from "./parity/initial-folder";
import { type RunResult, type RunSettings, setDropout, trainOurs } from "./parity/ours";
import { referencePython, runReference } from "./python-env";

const LIMITS = { loss: 1e-5, accuracy: 0.01 }; // relative; share of rows
const FULL = { steps: 50, seeds: [1, 2, 3], rows: 20_000, testRows: 4_000 };
const QUICK = { steps: 5, seeds: [1], rows: 320, testRows: 256 };
const BATCH = { batchSize: 32, maxLength: 32 };
const THREADS = availableParallelism();
const say = (line: string): void => void process.stdout.write(`${line}\n`);

interface PeerResult extends RunResult {
  readonly versions: Readonly<Record<string, string>>;
}

/** One comparison: an item as `npm run bench` has them, and how far apart the sides may be. */
interface Item {
  readonly name: string;
  readonly ours: number;
  readonly peer: number;
  /** Ours over the peer's; the inverse where more is better. */
  readonly ratio: number;
  readonly unit: string;
  /** Absent where nothing is promised: time. */
  readonly difference?: number;
  readonly limit?: number;
}

function time(name: string, ours: number, peer: number): Item {
  return { name: `time of ${name}`, ours, peer, ratio: ours / peer, unit: "s" };
}

function settingsFor(seed: number, totalSteps: number): RunSettings {
  const warmupSteps = Math.ceil(totalSteps / 10);
  return { seed, learningRate: 2e-4, warmupSteps, totalSteps, weightDecay: 0.01, maxGradNorm: 1 };
}

async function runPeer(
  python: string,
  folder: string,
  settings: RunSettings,
  train: string,
  test?: string,
): Promise<PeerResult> {
  const args = [
    "--model",
    folder,
    "--train",
    train,
    "--seed",
    `${settings.seed}`,
    "--lr",
    `${settings.learningRate}`,
    "--warmup",
    `${settings.warmupSteps}`,
    "--total",
    `${settings.totalSteps}`,
    "--weight-decay",
    `${settings.weightDecay}`,
    "--max-norm",
    `${settings.maxGradNorm}`,
    "--threads",
    `${THREADS}`,
    ...(test === undefined ? [] : ["--test", test]),
  ];
  return (await runReference(python, "parity_peer.py", args)) as PeerResult;
}

/** Largest relative difference of two lists; infinite where their lengths differ. */
function largestRelative(ours: readonly number[], peer: readonly number[]): number {
  if (ours.length !== peer.length) return Infinity;
  return Math.max(...ours.map((value, step) => Math.abs(value - (peer[step] ?? NaN)) / Math.abs(peer[step] ?? NaN)));
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

async function compare(
  work: string,
  plan: typeof FULL,
): Promise<{ items: Item[]; versions: Readonly<Record<string, string>> }> {
  const python = await referencePython();
  const tokenizer = await AutoTokenizer.fromPretrained(await pretrainedMiniLM());
  const { train, test } = TextDataset.from(await readWordnet())
    .dedupe()
    .split({ test: 0.05, stratify: true, seed: 42 });
  const subset = train.take(plan.rows);
  const common = { tokenizer, labels: train.labels, device: "cpu", ...BATCH };
  const loaderFor = (seed: number): DataLoader => new DataLoader(subset, { ...common, shuffle: true, seed });
  const items: Item[] = [];
  let versions: Readonly<Record<string, string>> = {};

  for (const dropout of [0, 0.1]) {
    const folder = await initialFolder(work, train.labels, tokenizer, 42);
    await setDropout(folder, dropout);
    const settings = settingsFor(42, plan.steps);
    const file = join(work, "steps.jsonl");
    await writeBatches(loaderFor(42).epoch(0), file, plan.steps);
    const ours = await trainOurs(folder, settings, loaderFor(42).epoch(0));
    const peer = await runPeer(python, folder, settings, file);
    versions = peer.versions;
    say(`\n${plan.steps} steps, dropout ${dropout}\nstep          ours       PyTorch   relative difference`);
    ours.loss.forEach((loss, step) => {
      const theirs = peer.loss[step] ?? NaN;
      say(
        `${String(step + 1).padStart(4)}  ${loss.toFixed(8)}  ${theirs.toFixed(8)}   ${(Math.abs(loss - theirs) / theirs).toExponential(1)}`,
      );
    });
    const [last, theirLast] = [ours.loss.at(-1) ?? NaN, peer.loss.at(-1) ?? NaN];
    const difference = largestRelative(ours.loss, peer.loss);
    const name = `${plan.steps} steps, dropout ${dropout}`;
    items.push(
      {
        name: `last loss of ${name}`,
        ours: last,
        peer: theirLast,
        ratio: last / theirLast,
        unit: "nats",
        difference,
        limit: LIMITS.loss,
      },
      time(name, ours.seconds, peer.seconds),
    );
  }

  const runs: { ours: RunResult; peer: RunResult }[] = [];
  const testFile = join(work, "test.jsonl");
  const held = new DataLoader(test.take(plan.testRows), { ...common, batchSize: 64 });
  await writeBatches(held.epoch(0), testFile);
  say(
    `\n${plan.seeds.length} training(s) on ${subset.length} rows, one epoch; accuracy on ${plan.testRows} held-out rows`,
  );
  for (const seed of plan.seeds) {
    const folder = await initialFolder(work, train.labels, tokenizer, seed);
    const file = join(work, "train.jsonl");
    const settings = settingsFor(seed, await writeBatches(loaderFor(seed).epoch(0), file));
    const ours = await trainOurs(folder, settings, loaderFor(seed).epoch(0), held.epoch(0));
    const peer = await runPeer(python, folder, settings, file, testFile);
    runs.push({ ours, peer });
    say(
      `seed ${seed}: ours ${percent(ours.accuracy ?? NaN)} in ${ours.seconds.toFixed(0)} s, PyTorch ${percent(peer.accuracy ?? NaN)} in ${peer.seconds.toFixed(0)} s`,
    );
  }
  const ours = mean(runs.map((run) => run.ours.accuracy ?? NaN));
  const peer = mean(runs.map((run) => run.peer.accuracy ?? NaN));
  const name = `${runs.length} training${runs.length === 1 ? "" : "s"} on ${subset.length} rows`;
  items.push(
    {
      name: `mean accuracy of ${name}`,
      ours,
      peer,
      ratio: peer / ours,
      unit: "share",
      difference: Math.abs(ours - peer),
      limit: LIMITS.accuracy,
    },
    time(name, mean(runs.map((run) => run.ours.seconds)), mean(runs.map((run) => run.peer.seconds))),
  );
  return { items, versions };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { quick: { type: "boolean", default: false }, json: { type: "boolean", default: false } },
  });
  const work = await mkdtemp(join(tmpdir(), "torchwright-parity-"));
  try {
    const { items, versions } = await compare(work, values.quick ? QUICK : FULL);
    say("");
    for (const { name, ours, peer, ratio, difference, limit } of items) {
      if (difference === undefined || limit === undefined) {
        say(`        ${name}: ours ${ours.toFixed(1)} s, PyTorch ${peer.toFixed(1)} s, ratio ${ratio.toFixed(3)}`);
        continue;
      }
      say(
        `${difference <= limit ? "ok    " : "MISSED"}  ${name}: difference ${difference.toExponential(1)}, at most ${limit.toExponential(0)}`,
      );
      if (!(difference <= limit)) process.exitCode = 1;
    }
    const machine = {
      cpu: cpus()[0]?.model ?? "unknown",
      threads: THREADS,
      platform: `${process.platform}-${process.arch}`,
    };
    if (values.json) {
      say(JSON.stringify({ suite: "parity", machine, versions: { node: process.versions.node, ...versions }, items }));
    }
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
