/**
 * A BERT of two narrow layers with a tokenizer and texts, made on the spot: small, so that thousands of steps are
 * quick.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Tokenizer } from "../../lib/index";
import { AutoTokenizer, BertForSequenceClassification, DataLoader, TextDataset } from "../../lib/index";

const WORDS = "the film book meal was very good great bad awful".split(" ");
const LABELS = ["good", "bad"];

export function smallModel(): BertForSequenceClassification {
  return BertForSequenceClassification.fromConfig(
    {
      vocab_size: WORDS.length + 5,
      hidden_size: 32,
      num_hidden_layers: 2,
      num_attention_heads: 2,
      intermediate_size: 64,
      max_position_embeddings: 32,
    },
    { labels: LABELS, seed: 1, device: "cpu" },
  );
}

async function tokenizer(): Promise<Tokenizer> {
  const folder = await mkdtemp(join(tmpdir(), "torchwright-leaks-"));
  try {
    await writeFile(join(folder, "vocab.txt"), ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ...WORDS].join("\n"));
    await writeFile(
      join(folder, "tokenizer_config.json"),
      JSON.stringify({ tokenizer_class: "BertTokenizer", do_lower_case: true, model_max_length: 32 }),
    );
    return await AutoTokenizer.fromPretrained(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Rows of different lengths in batches of 8, on the CPU: 40 batches an epoch. */
export async function smallLoader(): Promise<DataLoader> {
  const rows = Array.from({ length: 320 }, (_, i) => ({
    text: `the ${["film", "book", "meal"][i % 3]} was ${"very ".repeat(i % 7)}${["good", "bad", "great", "awful"][i % 4]}`,
    label: LABELS[i % 2] as string,
  }));
  return new DataLoader(TextDataset.from(rows), {
    tokenizer: await tokenizer(),
    labels: LABELS,
    batchSize: 8,
    shuffle: true,
    device: "cpu",
  });
}
