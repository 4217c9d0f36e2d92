/** What a training run shows and logs, end to end. */
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { DataLoader } from "../../lib/data/data-loader";
import { memory, resetPeakMemory } from "../../lib/tensor/memory";
import { Tensor } from "../../lib/tensor/tensor";
import type { Tokenizer } from "../../lib/text/tokenizer";
import type { History, TrainerEvent } from "../../lib/train/events";
import type { RunInfo, TrainerLogger } from "../../lib/train/logs/trainer-logger";
import type { TrainerOptions } from "../../lib/train/options";
import { type FitOptions, Trainer } from "../../lib/train/trainer";
import { type ReadEvent, readEvents } from "../support/event-file";
import { rejection, thrown } from "../support/rejection";
import { inFolder, tinyBert, tinyData, tinyTokenizer } from "../support/tiny-bert";

let tokenizer: Tokenizer;

const loader = (rows: number): DataLoader =>
  new DataLoader(tinyData(rows), { tokenizer, batchSize: 8, shuffle: true, device: "cpu" });

async function fit(
  options: TrainerOptions,
  { stopAfter, ...more }: FitOptions & { readonly stopAfter?: number } = {},
): Promise<History> {
  const model = tinyBert();
  const controller = new AbortController();
  const stop = (event: TrainerEvent): void => {
    if (event.type === "step" && event.step === stopAfter) controller.abort();
  };
  try {
    const trainer = new Trainer(model, {
      progress: "silent",
      ...options,
      callbacks: [...(options.callbacks ?? []), stop],
      signal: controller.signal,
    });
    return await trainer.fit(loader(32), { evalLoader: loader(12), ...more });
  } finally {
    model.dispose();
  }
}

/** Event files of the only run of a folder, in the order of their names. */
async function eventFiles(outputDir: string): Promise<ReadEvent[][]> {
  const [run = "", ...others] = await readdir(join(outputDir, "runs"));
  expect(others).to.deep.equal([]);
  const files = (await readdir(join(outputDir, "runs", run))).sort();
  return Promise.all(files.map(async (file) => readEvents(await readFile(join(outputDir, "runs", run, file)))));
}

const curve = (events: readonly ReadEvent[], tag: string): [number, number][] =>
  events.flatMap(({ scalar, step }): [number, number][] => (scalar?.tag === tag ? [[step, scalar.value]] : []));

async function csvRows(outputDir: string): Promise<Record<string, string>[]> {
  const [header = "", ...lines] = (await readFile(join(outputDir, "log.csv"), "utf8")).trimEnd().split("\r\n");
  const names = header.split(",");
  return lines.map(
    (line) => Object.fromEntries(line.split(",").map((field, i) => [names[i], field])) as Record<string, string>,
  );
}

describe("the logs of a fit", () => {
  before(async () => (tokenizer = await tinyTokenizer()));

  it("say how much was padding, and what memory the device has in use", async () => {
    resetPeakMemory();
    const padded: number[] = [];
    const source = loader(32);
    for await (const batch of source.epoch(0)) padded.push(batch.tokens / batch.padded);
    const seen: number[] = [];
    const { log } = await fit({
      epochs: 1,
      logEvery: 1,
      callbacks: [(event) => void (event.type === "log" && seen.push(memory().cpuBytes))],
    });
    expect(log.map(({ paddingShare }) => paddingShare)).to.deep.equal(padded.map((share) => 1 - share));
    expect(new Set(padded).size, "of different batches").to.be.greaterThan(1);
    for (const [
      i,
      {
        memory: { allocatedBytes, peakBytes },
      },
    ] of log.entries()) {
      expect(allocatedBytes).to.equal(seen[i]);
      expect(peakBytes).to.be.greaterThan(allocatedBytes); // gradients and activations are gone
    }
  });

  it("are written where reportTo says: JSON Lines, CSV and TensorBoard tell the same", () =>
    inFolder(async (outputDir) => {
      const { log, evaluations, steps } = await fit({
        epochs: 2,
        logEvery: 3,
        outputDir,
        reportTo: ["jsonl", "csv", "tensorboard"],
      });
      const lines = (await readFile(join(outputDir, "log.jsonl"), "utf8"))
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      const rows = await csvRows(outputDir);
      const [events = []] = await eventFiles(outputDir);
      expect(steps).to.equal(8);
      expect(log.map(({ step }) => step)).to.deep.equal([3, 4, 6, 8]);
      for (const entry of log) {
        expect(lines.find(({ type, step }) => type === "log" && step === entry.step)).to.deep.include({ ...entry });
        expect(rows.find(({ step, loss }) => step === String(entry.step) && loss !== "")).to.include({
          loss: String(entry.loss),
          grad_norm: String(entry.gradNorm),
          padding_share: String(entry.paddingShare),
        });
      }
      expect(curve(events, "train/loss")).to.deep.equal(log.map(({ step, loss }) => [step, Math.fround(loss)]));
      expect(curve(events, "train/learning_rate")).to.deep.equal(
        log.map(({ step, learningRate }) => [step, Math.fround(learningRate)]),
      );
      expect(curve(events, "eval/accuracy")).to.deep.equal(
        evaluations.map(({ step, metrics }) => [step, Math.fround(metrics.accuracy)]),
      );
      expect(rows.map(({ step, eval_loss }) => [step, eval_loss])).to.deep.equal([
        ["3", ""],
        ["4", ""],
        ["4", String(evaluations[0]?.metrics.loss)],
        ["6", ""],
        ["8", ""],
        ["8", String(evaluations[1]?.metrics.loss)],
      ]);
    }));

  it("go on with the run: rows and points behind the checkpoint are those of the second part", () =>
    inFolder(async (root) => {
      const options: TrainerOptions = {
        epochs: 2,
        logEvery: 1,
        saveStrategy: "steps",
        saveSteps: 3,
        saveTotalLimit: 5,
        reportTo: ["csv", "tensorboard"],
      };
      const timeless = (rows: Record<string, string>[]): unknown =>
        rows.map(({ step, loss, learning_rate, eval_loss, eval_accuracy }) => ({
          step,
          loss,
          learning_rate,
          eval_loss,
          eval_accuracy,
        }));
      const unbroken = join(root, "unbroken");
      await fit({ ...options, outputDir: unbroken });
      const outputDir = join(root, "broken");
      // As after a kill at step 5: its last checkpoint is that of step 3.
      const broken = {
        ...options,
        outputDir,
        callbacks: [
          (event: TrainerEvent): void => {
            if (event.type === "log" && event.step === 5) throw new Error("killed");
          },
        ],
      };
      expect(await fit(broken).catch((error: unknown) => (error as Error).message)).to.equal("killed");
      await fit({ ...options, outputDir }, { resume: "auto" });
      expect(timeless(await csvRows(outputDir))).to.deep.equal(timeless(await csvRows(unbroken)));
      const [first = [], second = []] = await eventFiles(outputDir);
      const [whole = []] = await eventFiles(unbroken);
      expect(curve(first, "train/loss").map(([step]) => step)).to.deep.equal([1, 2, 3, 4, 5]);
      const purge = second.find(({ session }) => session === 1)?.step ?? 0;
      const kept = [...first.filter(({ step }) => step < purge), ...second];
      for (const tag of ["train/loss", "eval/loss"]) expect(curve(kept, tag)).to.deep.equal(curve(whole, tag));
    }));

  it("are log.jsonl by default, and none where none is asked for or there is no folder", () =>
    inFolder(async (root) => {
      await fit({ maxSteps: 1, outputDir: join(root, "default") });
      await fit({ maxSteps: 1, outputDir: join(root, "none"), reportTo: [] });
      await fit({ maxSteps: 1, reportTo: [] });
      expect(await readdir(join(root, "default"))).to.have.members(["log.jsonl", "training.json"]);
      expect(await readdir(join(root, "none"))).to.have.members(["training.json"]);
    }));

  it("are refused where there is no folder, and by other names", () => {
    const model = tinyBert();
    const make = (options: object) => (): unknown => new Trainer(model, options);
    expect(make({ ...new Trainer(model).options, maxSteps: 1 })).to.not.throw(); // another trainer's options
    expect(thrown(make({ reportTo: ["csv"] }), "ERR_INVALID_ARG").message).to.contain("outputDir");
    for (const reportTo of ["csv", ["wandb"], [undefined], new Array(1), {}, [["csv"]]]) {
      expect(thrown(make({ outputDir: "runs", reportTo }), "ERR_INVALID_ARG").message).to.contain(
        "expected reportTo to be an array of",
      );
    }
    for (const callbacks of [{}, [null], [{}], [{ onEvent: 1 }], new Array(1)]) {
      expect(thrown(make({ callbacks }), "ERR_INVALID_ARG").message).to.contain(
        "expected callbacks to be an array of functions",
      );
    }
    model.dispose();
  });

  it("read the device once for each log and no more, whatever is shown and written", () =>
    inFolder(async (outputDir) => {
      const counts = { reads: 0 };
      const { read, item, toTypedArray } = Tensor.prototype;
      const counting = <F extends (this: Tensor, ...given: never[]) => unknown>(method: F): F =>
        function (this: Tensor, ...given: never[]) {
          counts.reads++;
          return method.apply(this, given);
        } as F;
      Object.assign(Tensor.prototype, {
        read: counting(read),
        item: counting(item),
        toTypedArray: counting(toTypedArray),
      });
      try {
        const at: number[] = [];
        await fit({
          maxSteps: 6,
          logEvery: 2,
          evalStrategy: "steps",
          outputDir,
          reportTo: ["jsonl", "csv", "tensorboard"],
          progress: "lines",
          callbacks: [(event) => void (event.type === "step" && at.push(counts.reads))],
        });
        expect(at).to.deep.equal([0, 0, 1, 1, 2, 2]);
      } finally {
        Object.assign(Tensor.prototype, { read, item, toTypedArray });
      }
    }));
});

describe("a logger of one's own", () => {
  before(async () => (tokenizer = await tinyTokenizer()));

  /** Notes what it is told; fails at one of it. */
  class Noting implements TrainerLogger {
    readonly notes: string[] = [];
    run: RunInfo | undefined;

    constructor(private readonly failAt = "") {}

    async open(run: RunInfo): Promise<void> {
      this.run = run;
      await this.#note("open");
    }

    onEvent({ type }: TrainerEvent): Promise<void> {
      return this.#note(type);
    }

    close(error?: unknown): Promise<void> {
      return this.#note(error === undefined ? "close" : `close: ${(error as Error).message}`);
    }

    async #note(what: string): Promise<void> {
      await new Promise((resolve) => setImmediate(resolve));
      this.notes.push(what);
      if (what === this.failAt) throw new Error(`no ${what}`);
    }
  }

  it("is opened with the run's settings, hears everything, and is closed at the end", () =>
    inFolder(async (outputDir) => {
      const logger = new Noting();
      const options: TrainerOptions = {
        maxSteps: 2,
        logEvery: 2,
        outputDir,
        saveStrategy: "epoch",
        evalStrategy: "steps",
        callbacks: [logger],
      };
      await fit({ ...options, maxSteps: 1 });
      expect(logger.notes).to.deep.equal(["open", "start", "step", "log", "checkpoint", "end", "close"]);
      expect(logger.run).to.deep.include({
        plan: { totalSteps: 1, warmupSteps: 0 },
        data: { examples: 32, batchSize: 8, batches: 4 },
        labels: ["good", "bad"],
      });
      expect(logger.run?.options).to.include({ maxSteps: 1, learningRate: 5e-5 });
      expect(logger.run?.resumed).to.equal(undefined);
      await fit(options, { resume: "auto" });
      expect(logger.notes.slice(7)).to.deep.equal([
        "open",
        "start",
        "resume",
        "step",
        "log",
        "checkpoint",
        "end",
        "close",
      ]);
      expect(logger.run?.resumed).to.include({ step: 1 });
      expect(logger.run?.resumed?.log.map(({ step }) => step)).to.deep.equal([1]);
    }));

  for (const failAt of ["open", "step", "log", "close"]) {
    it(`ends the run with what it throws at "${failAt}"; the others are closed`, () =>
      inFolder(async (outputDir) => {
        const [logger, other] = [new Noting(failAt), new Noting()];
        const message = await fit({
          maxSteps: 3,
          logEvery: 1,
          outputDir,
          reportTo: ["csv"],
          callbacks: [other, logger],
        }).catch((error: unknown) => (error as Error).message);
        expect(message).to.equal(`no ${failAt}`);
        expect(other.notes.at(-1)).to.equal(failAt === "close" ? "close" : `close: no ${failAt}`);
        expect(logger.notes.filter((note) => note.startsWith("close"))).to.have.length(failAt === "open" ? 0 : 1);
        expect(existsSync(join(outputDir, "log.csv"))).to.equal(true);
      }));
  }

  it("fails as it should where the folder cannot be written", () =>
    inFolder(async (root) => {
      await fit({ maxSteps: 1, outputDir: root });
      await rejection(
        fit({ maxSteps: 1, outputDir: join(root, "log.jsonl"), reportTo: ["tensorboard"] }),
        "ERR_FILE_WRITE",
      );
    }));
});
