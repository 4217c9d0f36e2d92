/** Training in a worker thread, while the main thread shows progress and may end it; nothing that was learned is lost. */
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { AutoTokenizer, BertForSequenceClassification, DataLoader, TextDataset, Trainer } from "torchwright";
import type { TrainerEvent } from "torchwright";

/** The main thread: runs this file again as the worker. Tensors stay in their thread; messages carry numbers and names. */
function main(): void {
  const worker = new Worker(process.argv[1] as string, { argv: process.argv.slice(2) });
  worker.on("message", (event: TrainerEvent) => {
    if (event.type === "log") console.log(`step ${event.step}: loss ${event.loss.toFixed(4)}`);
    if (event.type === "log" && event.step >= 4) worker.postMessage("stop");
  });
  worker.on("error", (error) => {
    throw error;
  });
  worker.on("exit", (code) => console.log(`the worker ended with code ${code}`));
}

async function work(port: NonNullable<typeof parentPort>): Promise<void> {
  const stop = new AbortController();
  port.once("message", () => stop.abort());
  port.unref(); // waiting for a message is no reason to stay alive
  const train = await TextDataset.fromCsv("tickets.csv", { text: "body", label: "queue" });
  const tokenizer = await AutoTokenizer.fromPretrained("./minilm");
  const model = await BertForSequenceClassification.fromPretrained("./minilm", { labels: train.labels });
  const trainer = new Trainer(model, {
    epochs: 100, logEvery: 1, progress: "silent", signal: stop.signal,
    callbacks: [(event) => { if (event.type === "log") port.postMessage(event); }],
  });
  const { steps, stoppedBy } = await trainer.fit(new DataLoader(train, { tokenizer, batchSize: 16, shuffle: true }));
  await trainer.save("runs/worker/model");
  console.log(`saved after ${steps} steps, ended by ${stoppedBy}`);
}

if (isMainThread || !parentPort) main();
else await work(parentPort);
