/**
 * A program that ends in the middle of training steps, in the way that its first argument names and after as
 * many milliseconds as its second says. Its workers run the same file.
 */
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { AdamW, BertForSequenceClassification, Tensor } from "../../lib/index";

const BATCH = 128;
const LENGTH = 48;

/** Steps that take some 100 ms each, one after the other; resolves after `count`, or never. */
async function train(count: number, onStart: () => void): Promise<void> {
  const model = BertForSequenceClassification.fromConfig(
    {
      vocab_size: 50,
      hidden_size: 64,
      num_hidden_layers: 2,
      num_attention_heads: 2,
      intermediate_size: 256,
      max_position_embeddings: LENGTH,
    },
    { labels: ["a", "b"], seed: 1, device: "cpu" },
  );
  const optimizer = new AdamW(model.parameters());
  const inputIds = Tensor.from(
    Int32Array.from({ length: BATCH * LENGTH }, (_, i) => i % 50),
    { shape: [BATCH, LENGTH], dtype: "int64" },
  );
  const labels = Tensor.from(
    Int32Array.from({ length: BATCH }, (_, i) => i % 2),
    { dtype: "int64" },
  );
  for (let step = 0; step < count; step++) {
    const forward = model.forward({ inputIds, labels });
    if (step === 0) onStart();
    const { loss } = await forward;
    await loss.backward();
    await optimizer.step();
    optimizer.zeroGrad();
  }
}

const [, , how = "", delay = "0"] = process.argv;

function after(action: () => void): () => void {
  return () => void setTimeout(action, Number(delay));
}

async function startWorker(kind: string): Promise<Worker> {
  const worker = new Worker(__filename, { workerData: kind, argv: [how, delay] });
  worker.on("error", () => undefined); // what the worker throws on purpose
  await new Promise((resolve) => worker.once("message", resolve));
  return worker;
}

const pause = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, Number(delay)));

/** Eight workers at once: every other one ends by itself, the rest are terminated in mid-step, the last one first. */
async function runEight(): Promise<string> {
  const workers = Array.from(
    { length: 8 },
    (_, i) => new Worker(__filename, { workerData: i % 2 === 0 ? "one step" : "endless", argv: [how, delay] }),
  );
  const exits = workers.map((worker) => new Promise((resolve) => worker.once("exit", resolve)));
  await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once("message", resolve))));
  for (const worker of workers.filter((_, i) => i % 2 === 1).reverse()) {
    await pause();
    void worker.terminate();
  }
  return (await Promise.all(exits)).join("");
}

async function runMain(): Promise<void> {
  switch (how) {
    case "eight": {
      const rounds: string[] = [];
      for (let round = 0; round < 3; round++) rounds.push(await runEight());
      process.stdout.write(`${rounds.join()}\n`);
      return await train(
        Infinity,
        after(() => process.exit(0)),
      );
    }
    case "exit-without-error":
      return await train(
        Infinity,
        after(() => process.exit(0)),
      );
    case "exit":
      return await train(
        Infinity,
        after(() => process.exit(7)),
      );
    case "throw":
      return await train(
        Infinity,
        after(() => {
          throw new Error("thrown on purpose");
        }),
      );
    case "end":
      // The last line of a program: nothing waits for the step, and it is finished all the same.
      process.exitCode = 3;
      void train(1, () => undefined).then(() => process.stdout.write("stepped\n"));
      return;
    case "exit-beside-worker":
      await startWorker("endless");
      return await train(
        Infinity,
        after(() => process.exit(7)),
      );
    case "terminate": {
      // Several workers at once, ended in the middle of their steps, while this thread trains too.
      const workers = await Promise.all([startWorker("endless"), startWorker("endless")]);
      const training = train(2, () => undefined);
      await new Promise((resolve) => setTimeout(resolve, Number(delay)));
      const codes = await Promise.all(workers.map((worker) => worker.terminate()));
      await training;
      process.stdout.write(`${codes.join()}\n`);
      return;
    }
    default: {
      // The worker ends itself; afterwards another works as if nothing had been.
      const worker = await startWorker(how);
      const code = await new Promise((resolve) => worker.once("exit", resolve));
      const next = await startWorker("one step");
      const last = await new Promise((resolve) => next.once("exit", resolve));
      process.stdout.write(`${String(code)},${String(last)}\n`);
    }
  }
}

async function runWorker(kind: unknown): Promise<void> {
  const started = (): void => parentPort?.postMessage("started");
  const ends: Readonly<Record<string, () => void>> = {
    "worker-exit": () => process.exit(4),
    "worker-throw": () => {
      throw new Error("thrown on purpose");
    },
  };
  const end = ends[String(kind)];
  await train(kind === "one step" ? 1 : Infinity, () => {
    started();
    if (end) after(end)();
  });
}

void (isMainThread ? runMain() : runWorker(workerData));
