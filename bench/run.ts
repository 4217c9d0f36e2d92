/**
 * `npm run bench [-- train|trainer|data|predict|startup|ops|types] [--quick] [--json] [--save] [--threads n]`: ours and
 * the Python peer in turn.
 *
 * The peer is a plain PyTorch loop over Hugging Face's model with fused AdamW (`bench/peers`); both run on the CPU with
 * the same batches and the same number of threads (`ops`: always one). `ratio` is our cost over the peer's. `types` has
 * no peer, but limits. `--save` writes the report to `bench/results/`; `--json` prints it as the last line.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { referencePython } from "../scripts/python-env";
import { compileOurs } from "./compile";
import { makeMaterials, type Materials } from "./materials";
import { describeMachine, formatTable, type Item, type Report } from "./report";
import { dataSuite } from "./suites/data";
import { opsSuite } from "./suites/ops";
import { predictSuite } from "./suites/predict";
import { startupSuite } from "./suites/startup";
import type { Suite } from "./suites/suite";
import { trainSuite } from "./suites/train";
import { trainerSuite } from "./suites/trainer";
import { typesSuite } from "./suites/types";

const SUITES: Readonly<Record<string, Suite>> = {
  train: trainSuite,
  trainer: trainerSuite,
  data: dataSuite,
  predict: predictSuite,
  startup: startupSuite,
  ops: opsSuite,
  types: typesSuite,
};
const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function save(report: Report): Promise<string> {
  const { cpu, cores } = report.machine;
  const machine = `${cpu
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")}-${cores}-cores`;
  const date = new Date().toISOString().slice(0, 10);
  const file = join(__dirname, "results", `${machine}-${date}-${report.suite}.json`);
  await mkdir(join(__dirname, "results"), { recursive: true });
  await writeFile(file, `${JSON.stringify({ date, ...report }, undefined, 2)}\n`);
  return file;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      save: { type: "boolean", default: false },
      threads: { type: "string", default: `${availableParallelism()}` },
    },
  });
  const names = positionals.length > 0 ? positionals : Object.keys(SUITES);
  const unknown = names.find((name) => SUITES[name] === undefined);
  if (unknown !== undefined) {
    throw new Error(`bench: expected a suite among ${Object.keys(SUITES).join(", ")}, got ${unknown}`);
  }
  const threads = Number(values.threads);

  const folder = await mkdtemp(join(tmpdir(), "torchwright-bench-"));
  try {
    const python = await referencePython();
    let made: Promise<Materials> | undefined;
    const context = {
      materials: () => (made ??= makeMaterials(folder)),
      python,
      ours: compileOurs(),
      threads,
      quick: values.quick,
    };
    const items: Item[] = [];
    let versions: Readonly<Record<string, string>> = {};
    for (const name of names) {
      const result = await SUITES[name]?.(context);
      if (result === undefined) continue;
      items.push(...result.items);
      versions = { ...versions, ...result.versions };
    }
    const report: Report = {
      suite: names.length === 1 ? (names[0] ?? "") : "all",
      machine: describeMachine(threads),
      versions,
      items,
    };
    say(`\n${report.machine.cpu}, ${threads} threads; ratio: our cost over the peer's, below 1 is better\n`);
    say(formatTable(items));
    if (values.save) say(`\nsaved ${await save(report)}`);
    if (values.json) say(JSON.stringify(report));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
