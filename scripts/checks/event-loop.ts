/**
 * How long timers wait while texts are tokenized, batches loaded and data inspected:
 * `node -r ts-node/register/transpile-only scripts/checks/event-loop.ts <model folder>`. On a machine with few cores
 * the tokenizer's own threads and the garbage collector, of which the longest pause is shown, delay them as well.
 */
import { monitorEventLoopDelay, PerformanceObserver } from "node:perf_hooks";
import { setTimeout as wait } from "node:timers/promises";
import { AutoTokenizer, DataLoader, inspect, libtorchInfo, TextDataset } from "../../lib/index";
import { readWordnet } from "../demo/wordnet";

async function main(): Promise<void> {
  const [folder = ""] = process.argv.slice(2);
  const dataset = TextDataset.from(await readWordnet())
    .dedupe()
    .shuffle()
    .take(100_000);
  const texts = Array.from(dataset, ({ text }) => text);
  const long = texts.join(" ").slice(0, 5_000_000);
  const every = { offsets: true, wordIds: true, tokens: true, specialTokensMask: true, sequenceIds: true };
  const windows = { maxLength: 128, overflow: true, stride: 32 };
  libtorchInfo(); // opening libtorch takes its own time
  const open = (): ReturnType<typeof AutoTokenizer.fromPretrained> => AutoTokenizer.fromPretrained(folder);

  await measure("100,000 short texts", open, (tokenizer) => tokenizer.encodeBatch(texts, { maxLength: 128 }));
  await measure("the same with offsets, words and tokens", open, (tokenizer) =>
    tokenizer.encodeBatch(texts, { maxLength: 128, ...every }),
  );
  await measure("a text of 5 MB", open, (tokenizer) => tokenizer.encode(long, undefined, { maxLength: 1e7 }));
  await measure("a text of 5 MB in windows", open, (tokenizer) => tokenizer.encode(long, undefined, windows));
  await measure("a text of 5 MB with offsets, words and tokens", open, (tokenizer) =>
    tokenizer.encode(long, undefined, { maxLength: 1e7, ...every }),
  );
  await measure("an epoch of batches of 32", open, async (tokenizer) => {
    let tokens = 0;
    for await (const batch of new DataLoader(dataset, { tokenizer, batchSize: 32, shuffle: true, device: "cpu" })) {
      tokens += batch.tokens;
    }
    return tokens;
  });
  await measure("inspect with near-duplicates", open, (tokenizer) => inspect(dataset, tokenizer));
}

async function measure<T>(name: string, open: () => Promise<T>, work: (opened: T) => Promise<unknown>): Promise<void> {
  const opened = await open();
  let pause = 0;
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) pause = Math.max(pause, duration);
  });
  observer.observe({ entryTypes: ["gc"] });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  await wait(100);
  delay.enable();
  await work(opened);
  delay.disable();
  await wait(50);
  observer.disconnect();
  const ms = (nanoseconds: number): string => (nanoseconds / 1e6).toFixed(1).padStart(7);
  const percentiles = [50, 99].map((percentile) => `p${percentile} ${ms(delay.percentile(percentile))}`).join(" ");
  console.log(
    `${name.padEnd(48)} ${percentiles} longest ${ms(delay.max)} ms; longest garbage collection ${pause.toFixed(1)} ms`,
  );
}

void main();
