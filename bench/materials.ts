/** What both sides of a benchmark open: MiniLM with a head, the demo's batches and texts, as files. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AutoTokenizer, BertForSequenceClassification, DataLoader, TextDataset } from "../lib/index";
import { pretrainedMiniLM } from "../scripts/demo/minilm";
import { readWordnet } from "../scripts/demo/wordnet";
import { writeBatches } from "../scripts/parity/batch-file";

export interface TrainSettings {
  readonly seed: number;
  readonly learningRate: number;
  /** Of the fixed batch. */
  readonly rows: number;
  readonly width: number;
  /** Of the demo's batches. */
  readonly batchSize: number;
  readonly maxLength: number;
}

export interface PredictSettings {
  /** One row for the model. */
  readonly ids: readonly number[];
  /** The text that these ids are. */
  readonly text: string;
}

export const TRAIN_SETTINGS: TrainSettings = {
  seed: 42,
  learningRate: 2e-5,
  rows: 16,
  width: 64,
  batchSize: 32,
  maxLength: 32,
};
const BATCHES = 40;
/**
 * How many definitions make a mixed text, in turn: with 14 tokens each, most are short and a few fill half of what
 * MiniLM takes.
 */
const DEFINITIONS = [1, 1, 2, 1, 3, 1, 1, 5, 1, 2, 1, 8, 1, 3, 1, 18];
const MIXED = 2_000;

export interface Materials {
  /** Holds `model/`, `batches.jsonl`, `texts.jsonl`, and in `mixed.json` texts of mixed lengths, most of them short. */
  readonly folder: string;
  readonly train: TrainSettings;
  readonly predict: PredictSettings;
}

/** Writes everything into `folder`. */
export async function makeMaterials(folder: string): Promise<Materials> {
  const { batchSize, maxLength, seed } = TRAIN_SETTINGS;
  const source = await pretrainedMiniLM();
  const tokenizer = await AutoTokenizer.fromPretrained(source);
  const all = TextDataset.from(await readWordnet()).dedupe();
  const { train } = all.split({ test: 0.05, stratify: true, seed });

  const model = await BertForSequenceClassification.fromPretrained(source, {
    labels: train.labels,
    seed,
    device: "cpu",
  });
  await model.save(join(folder, "model"), { tokenizer });
  model.dispose();

  const part = train.take(BATCHES * batchSize);
  const loader = new DataLoader(part, { tokenizer, batchSize, maxLength, labels: train.labels, device: "cpu" });
  await writeBatches(loader, join(folder, "batches.jsonl"));
  await writeFile(join(folder, "texts.jsonl"), Array.from(part, (row) => `${JSON.stringify(row)}\n`).join(""));
  await writeFile(join(folder, "mixed.json"), JSON.stringify(mixedLengths(train)));

  for (const { text } of part) {
    if (typeof text !== "string") continue;
    const { ids } = await tokenizer.encode(text);
    if (ids.length === 32) return { folder, train: TRAIN_SETTINGS, predict: { ids: Array.from(ids), text } };
  }
  throw new Error("bench: none of the texts has 32 tokens");
}

function mixedLengths(rows: TextDataset): string[] {
  const definitions = Array.from(rows, ({ text }) => String(text));
  let at = 0;
  return Array.from({ length: MIXED }, (_, i) => {
    const count = DEFINITIONS[i % DEFINITIONS.length] as number;
    return definitions.slice(at, (at += count)).join("; ");
  });
}
