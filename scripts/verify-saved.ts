/**
 * `npm run verify -- <saved folder> [--adapter <folder>] [text …]`: does Python open what we saved, and compute the
 * same?
 *
 * Opens the folder here, and over it the folder of an adapter, writes token ids, logits in eval mode and in train mode
 * under a seed, and a TorchScript file, and lets `scripts/verify_saved.py` compare; then asks Python's `tensorboard`
 * for the event files of a small run (`verify-events.ts`). Ends with exit code 0 where both are well, and their JSON as
 * the last line.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  AutoTokenizer,
  type Batch,
  BertForSequenceClassification,
  DataLoader,
  manualSeed,
  noGrad,
  numThreads,
  scope,
  TextDataset,
} from "../lib/index";
import { batchToJson, rows } from "./parity/batch-file";
import { referencePython, runReference } from "./python-env";
import { verifyEvents } from "./verify-events";

const TEXTS = [
  "a small wild mammal with thick fur that sleeps through the winter",
  "walk slowly through the streets without any particular aim",
  "Ça va? naïve café, 東京 and a ☕️ — unaffable!",
  "x",
];
const SEED = 7;
const MAX_LENGTH = 128;

async function logits(model: BertForSequenceClassification, batch: Batch): Promise<number[][]> {
  return scope(async () => rows((await noGrad(() => model.forward(batch))).logits));
}

/** Our results as the JSON that `verify_saved.py` describes. */
async function expectations(
  folder: string,
  adapter: string | undefined,
  texts: readonly string[],
  torchscript: string,
): Promise<object> {
  const model = await BertForSequenceClassification.fromPretrained(folder, { device: "cpu" });
  if (adapter !== undefined) await model.loadAdapter(adapter);
  const tokenizer = await AutoTokenizer.fromPretrained(folder);
  const maxLength = Math.min(MAX_LENGTH, tokenizer.maxLength);
  await model.saveTorchScript(torchscript);
  const loader = new DataLoader(TextDataset.from(texts), {
    tokenizer,
    batchSize: texts.length,
    maxLength,
    device: "cpu",
  });
  const encodings = await tokenizer.encodeBatch(texts, { maxLength });
  for await (const batch of loader) {
    model.eval();
    const inEval = await logits(model, batch);
    model.train();
    manualSeed(SEED);
    const inTrain = await logits(model, batch);
    const labels = model.labels;
    const inputs: unknown = JSON.parse(batchToJson(batch));
    model.dispose();
    return {
      inputs,
      logits: inEval,
      train: { seed: SEED, logits: inTrain },
      texts: texts.map((text, row) => ({
        text,
        ids: Array.from(encodings[row]?.ids ?? []),
        typeIds: Array.from(encodings[row]?.typeIds ?? []),
      })),
      labels,
    };
  }
  throw new Error("verify: the loader gave no batch");
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { adapter: { type: "string" } } });
  const { adapter } = values;
  const [folder, ...texts] = positionals;
  if (folder === undefined) throw new Error("verify: expected a saved folder: npm run verify -- runs/demo/model");
  const work = await mkdtemp(join(tmpdir(), "torchwright-verify-"));
  try {
    const expected = join(work, "expected.json");
    const torchscript = join(work, "model.pt");
    const ours = await expectations(folder, adapter, texts.length > 0 ? texts : TEXTS, torchscript);
    await writeFile(expected, JSON.stringify(ours));
    const python = await referencePython();
    const report = (await runReference(python, "verify_saved.py", [
      folder,
      ...(adapter === undefined ? [] : ["--adapter", adapter]),
      "--expected",
      expected,
      "--torchscript",
      torchscript,
      "--max-length",
      `${MAX_LENGTH}`,
      "--threads",
      `${numThreads()}`,
    ])) as { readonly ok: boolean };
    const events = await verifyEvents(python, work);
    process.stdout.write(`${JSON.stringify({ ...report, events })}\n`);
    if (!report.ok || !events.ok) process.exitCode = 1;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
