/** A BERT small enough for tests, a vocabulary to go with it, and texts that it can learn. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TextDataset } from "../../lib/data/text-dataset";
import { BertForSequenceClassification } from "../../lib/models/bert-for-sequence-classification";
import { AutoTokenizer } from "../../lib/text/auto-tokenizer";
import type { Tokenizer } from "../../lib/text/tokenizer";

const WORDS = "the a is was very quite this that film book meal day good great fine nice bad awful poor dull".split(
  " ",
);
const VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ...WORDS];

/** Dropout is on, so that its seed matters; two layers of width 32. */
export const TINY_CONFIG = {
  model_type: "bert",
  vocab_size: VOCABULARY.length,
  hidden_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 64,
  hidden_act: "gelu",
  hidden_dropout_prob: 0.1,
  attention_probs_dropout_prob: 0.1,
  max_position_embeddings: 64,
  type_vocab_size: 2,
  layer_norm_eps: 1e-12,
  initializer_range: 0.1, // wider than usual, so that a small model learns in few steps
} as const;

export const LABELS = ["good", "bad"] as const;

/** Always the same model for the same arguments; its parameters' handles, made when first asked for, exist already. */
export function tinyBert(labels: readonly string[] = LABELS, config: object = {}): BertForSequenceClassification {
  const model = BertForSequenceClassification.fromConfig(
    { ...TINY_CONFIG, ...config },
    { labels, seed: 7, device: "cpu" },
  );
  model.parameters();
  return model;
}

/** A sentence per row whose adjective decides the class; lengths differ, so batches are padded. */
export function tinyData(rows: number, labels: readonly [string, string] = LABELS): TextDataset {
  const adjectives = [
    ["good", "great", "fine", "nice"],
    ["bad", "awful", "poor", "dull"],
  ] as const;
  return TextDataset.from(
    Array.from({ length: rows }, (_, i) => {
      const kind = i % 2;
      const adjective = adjectives[kind as 0 | 1][Math.floor(i / 2) % 4];
      const subject = ["the film", "this book", "that meal of the day"][i % 3];
      return { text: `${subject} was ${i % 5 === 0 ? "very " : ""}${adjective}`, label: labels[kind] as string };
    }),
  );
}

/** Runs `use` with an empty folder that is removed afterwards. */
export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "torchwright-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The tokenizer's files, as Hugging Face's BERT has them. */
export async function writeTokenizer(folder: string): Promise<void> {
  await writeFile(join(folder, "vocab.txt"), `${VOCABULARY.join("\n")}\n`);
  await writeFile(
    join(folder, "tokenizer_config.json"),
    JSON.stringify({
      tokenizer_class: "BertTokenizer",
      do_lower_case: true,
      model_max_length: TINY_CONFIG.max_position_embeddings,
    }),
  );
}

export function tinyTokenizer(): Promise<Tokenizer> {
  return inFolder(async (folder) => {
    await writeTokenizer(folder);
    return AutoTokenizer.fromPretrained(folder);
  });
}
