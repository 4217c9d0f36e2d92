/**
 * Our data tasks: text to ids, and text to batches. Counterpart of `bench/peers/data.py`.
 *
 * `node data.js <folder with model/ and data.jsonl> <settings as JSON>`
 */
import { join } from "node:path";
import { AutoTokenizer, DataLoader, libtorchInfo, TextDataset, type Tokenizer } from "../../lib/index";
import type { DataSettings } from "../suites/data";
import { serve, type Task } from "./serve";

async function main(): Promise<void> {
  const [folder = "", json = ""] = process.argv.slice(2);
  const { batchSize, maxLength, seed } = JSON.parse(json) as DataSettings;
  // Opened anew for each pass, as one remembers the words that it has seen.
  const open = (): Promise<Tokenizer> => AutoTokenizer.fromPretrained(join(folder, "model"));
  const file = join(folder, "data.jsonl");
  const dataset = await TextDataset.fromJsonLines(file, { text: "text", label: "label" });
  const texts = Array.from(dataset, ({ text }) => text);

  const perSecond = (amount: number, started: number): number[] => [(1000 * amount) / (performance.now() - started)];
  const load: Task = async () => {
    const loader = new DataLoader(dataset, {
      tokenizer: await open(),
      batchSize,
      maxLength,
      shuffle: true,
      seed,
      device: "cpu",
    });
    const started = performance.now();
    let tokens = 0;
    for await (const batch of loader) tokens += batch.tokens;
    return { tokensPerSecond: perSecond(tokens, started) };
  };
  await serve(
    {
      tokenize: async () => {
        const tokenizer = await open();
        const started = performance.now();
        const encodings = await tokenizer.encodeBatch(texts, { maxLength });
        const tokens = encodings.reduce((sum, { ids }) => sum + ids.length, 0);
        return { tokensPerSecond: perSecond(tokens, started) };
      },
      load,
      loadWithWorkers: load, // the tokenizer's threads are there anyway
      read: async () => {
        const started = performance.now();
        const { length } = await TextDataset.fromJsonLines(file, { text: "text", label: "label" });
        return { rowsPerSecond: perSecond(length, started) };
      },
    },
    { node: process.versions.node, libtorch: libtorchInfo().version },
  );
}

void main();
