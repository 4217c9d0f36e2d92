/** Checkpoints: going on from one gives what an unbroken run gives, to the bit, whatever happened in between. */
import { mkdir, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { DataLoader } from "../../lib/data/data-loader";
import { LengthGroupedSampler } from "../../lib/data/samplers/length-grouped-sampler";
import { TextDataset } from "../../lib/data/text-dataset";
import { BertForSequenceClassification } from "../../lib/models/bert-for-sequence-classification";
import type { TextClassifier } from "../../lib/models/model";
import { memory } from "../../lib/tensor/memory";
import type { Tokenizer } from "../../lib/text/tokenizer";
import type { History, TrainerEvent } from "../../lib/train/events";
import type { TrainerOptions } from "../../lib/train/options";
import { type FitOptions, Trainer } from "../../lib/train/trainer";
import { rejection } from "../support/rejection";
import { inFolder, tinyBert, tinyData, tinyTokenizer } from "../support/tiny-bert";

let tokenizer: Tokenizer;

const loaderOf = (rows = 28): DataLoader => new DataLoader(tinyData(rows), { tokenizer, batchSize: 4, shuffle: true, device: "cpu" });
const evalLoader = (): DataLoader => new DataLoader(tinyData(11), { tokenizer, batchSize: 8, device: "cpu" });

function weights(model: TextClassifier): number[] {
  return model.parameters().flatMap((parameter) => Array.from(parameter.toTypedArray() as Float32Array));
}

interface Trained {
  readonly history: History;
  readonly weights: number[];
  readonly events: readonly TrainerEvent[];
}

/** Seven batches an epoch, dropout on. `stopAfter`: the step after which a signal ends it. */
async function train(options: TrainerOptions, fit: FitOptions & { readonly loader?: DataLoader; readonly stopAfter?: number } = {}): Promise<Trained> {
  const { loader = loaderOf(), stopAfter, ...rest } = fit;
  const model = tinyBert();
  const controller = new AbortController();
  const events: TrainerEvent[] = [];
  const callbacks = [(event: TrainerEvent): void => {
    events.push(event);
    if (event.type === "step" && event.step === stopAfter) controller.abort();
  }];
  try {
    const trainer = new Trainer(model, { epochs: 2, learningRate: 1e-3, logEvery: 3, progress: "silent", ...options, callbacks, signal: controller.signal });
    const history = await trainer.fit(loader, rest);
    return { history, weights: weights(model), events };
  } finally {
    model.dispose();
  }
}

const checkpoints = async (folder: string): Promise<string[]> => (await readdir(folder)).filter((name) => name.includes("checkpoint")).sort();

/** What does not depend on the clock. */
function timeless({ log, evaluations, seconds: _seconds, ...history }: History): unknown {
  return {
    ...history,
    log: log.map(({ examplesPerSecond: _examples, tokensPerSecond: _tokens, ...entry }) => entry),
    evaluations: evaluations.map(({ metrics: { seconds: _now, confusionMatrix, ...metrics }, ...entry }) => ({ ...entry, metrics, counts: confusionMatrix.counts })),
  };
}

describe("checkpoints", () => {
  before(async () => (tokenizer = await tinyTokenizer()));

  for (const [name, options] of [
    ["after every step", { saveStrategy: "steps", saveSteps: 1 }],
    ["after every second step, of two batches each", { saveStrategy: "steps", saveSteps: 2, gradientAccumulationSteps: 2, lrSchedulerType: "cosine" }],
    ["only when it is stopped, under bfloat16", { saveStrategy: "steps", saveSteps: 1000, precision: "bf16", warmupSteps: 3 }],
  ] as const satisfies readonly (readonly [string, TrainerOptions])[]) {
    it(`go on to the bit from wherever a run was stopped: ${name}`, async () => {
      const unbroken = await inFolder((outputDir) => train({ ...options, outputDir }, { evalLoader: evalLoader() }));
      const { totalSteps } = unbroken.history;
      for (let stopAfter = 1; stopAfter < totalSteps; stopAfter += stopAfter < 4 ? 1 : 3) {
        await inFolder(async (outputDir) => {
          const first = await train({ ...options, outputDir }, { evalLoader: evalLoader(), stopAfter });
          expect(first.history).to.include({ stoppedBy: "abort", steps: stopAfter });
          const second = await train({ ...options, outputDir }, { evalLoader: evalLoader(), resume: "auto" });
          expect(second.events[1]).to.include({ type: "resume", step: stopAfter, folder: join(outputDir, `checkpoint-${stopAfter}`) });
          expect(second.weights).to.deep.equal(unbroken.weights);
          const [found, expected] = [timeless(second.history), timeless(unbroken.history)] as [{ log: unknown }, { log: unknown }];
          // Where it stopped it logged, so that one entry may be two.
          expect({ ...found, log: 0, loss: 0 }).to.deep.equal({ ...expected, log: 0, loss: 0 });
          expect(second.history.loss).to.be.closeTo(unbroken.history.loss, 1e-6);
        });
      }
    });
  }

  it("are model folders, too, which predict as the model did", () =>
    inFolder(async (outputDir) => {
      const { weights: last } = await train({ outputDir, saveStrategy: "epoch", epochs: 1 });
      const folder = join(outputDir, "checkpoint-7");
      expect(await readdir(folder)).to.include.members(["config.json", "model.safetensors", "optimizer.safetensors", "rng_state.safetensors", "trainer_state.json", "manifest.json", "vocab.txt", "training.json"]);
      const opened = await BertForSequenceClassification.fromPretrained(folder, { device: "cpu" });
      expect(weights(opened)).to.deep.equal(last);
      opened.dispose();
    }));

  it("come when they are asked for: by steps, by epochs, by seconds, never; the newest stay", () =>
    inFolder(async (root) => {
      const names = async (options: TrainerOptions): Promise<string[]> => {
        const outputDir = join(root, JSON.stringify(options).replace(/\W/g, ""));
        await train({ ...options, outputDir });
        return checkpoints(outputDir);
      };
      expect(await names({})).to.deep.equal([]);
      expect(await names({ saveStrategy: "steps", saveSteps: 5 })).to.deep.equal(["checkpoint-10", "checkpoint-14", "checkpoint-5"]);
      expect(await names({ saveStrategy: "epoch" })).to.deep.equal(["checkpoint-14", "checkpoint-7"]);
      expect(await names({ saveStrategy: "seconds", saveSeconds: 1000 })).to.deep.equal(["checkpoint-14"]);
      expect(await names({ saveStrategy: "seconds", saveSeconds: 1e-6 })).to.have.length(14);
      expect(await names({ saveStrategy: "steps", saveSteps: 2, saveTotalLimit: 2 })).to.deep.equal(["checkpoint-12", "checkpoint-14"]);
    }));

  it("a damaged one is passed over for the one before, with the reason; with none whole nothing is trained", () =>
    inFolder(async (outputDir) => {
      const options: TrainerOptions = { outputDir, saveStrategy: "steps", saveSteps: 2 };
      const unbroken = await train(options);
      for (const [step, damage] of [
        [14, (folder: string) => truncate(join(folder, "model.safetensors"), 1000)],
        [12, (folder: string) => rm(join(folder, "manifest.json"))],
        [10, async (folder: string) => {
          const file = join(folder, "optimizer.safetensors");
          const bytes = await readFile(file);
          bytes[bytes.length - 100] = (bytes[bytes.length - 100] as number) ^ 1;
          await writeFile(file, bytes);
        }],
        [8, (folder: string) => writeFile(join(folder, "trainer_state.json"), "{}")],
        [6, (folder: string) => rm(join(folder, "rng_state.safetensors"))],
      ] as const) await damage(join(outputDir, `checkpoint-${step}`));
      const { weights: found, events } = await train(options, { resume: "auto" });
      const [, resumed] = events;
      if (resumed?.type !== "resume") throw new Error("no resume");
      expect(resumed.step).to.equal(4);
      expect(resumed.passedOver.map(({ folder }) => folder.split("-").at(-1))).to.deep.equal(["14", "12", "10", "8", "6"]);
      for (const { reason } of resumed.passedOver) expect(reason).to.match(/bytes, not|manifest|SHA-256|trainer_state|missing/);
      expect(found).to.deep.equal(unbroken.weights);
      for (const name of await checkpoints(outputDir)) await writeFile(join(outputDir, name, "trainer_state.json"), "");
      await rejection(train(options, { resume: "auto" }), "ERR_CHECKSUM");
    }));

  it("what killed saves left is cleared, and a finished run is finished", () =>
    inFolder(async (outputDir) => {
      const options: TrainerOptions = { outputDir, saveStrategy: "epoch" };
      const { weights: last, history } = await train(options, { resume: "auto", evalLoader: evalLoader() });
      await mkdir(join(outputDir, ".checkpoint-14.999999-0123abcd.saving"));
      await mkdir(join(outputDir, ".checkpoint-21.999999-0123abcd.saving"));
      const again = await train(options, { resume: "auto", evalLoader: evalLoader() });
      expect(again.weights).to.deep.equal(last);
      expect(timeless(again.history)).to.deep.equal(timeless(history));
      expect(await checkpoints(outputDir)).to.deep.equal(["checkpoint-14", "checkpoint-7"]);
    }));

  it("a folder that cannot be written ends the run with a code, and the checkpoints before stay", () =>
    inFolder(async (outputDir) => {
      await writeFile(join(outputDir, "checkpoint-4"), "a file in the way");
      const before = memory().liveTensors;
      const options: TrainerOptions = { outputDir, saveStrategy: "steps", saveSteps: 2 };
      await rejection(train(options), "ERR_FILE_WRITE");
      expect(memory().liveTensors).to.equal(before);
      expect(await checkpoints(outputDir)).to.deep.equal(["checkpoint-2", "checkpoint-4"]);
      await rm(join(outputDir, "checkpoint-4"));
      const unbroken = await inFolder((other) => train({ ...options, outputDir: other }));
      expect((await train(options, { resume: "auto" })).weights).to.deep.equal(unbroken.weights);
    }));

  it("of another model, other data or another order are refused before anything changes", () =>
    inFolder(async (outputDir) => {
      const options: TrainerOptions = { outputDir, saveStrategy: "epoch", epochs: 1 };
      await train(options);
      const sampler = new LengthGroupedSampler();
      for (const loader of [loaderOf(24), new DataLoader(tinyData(28), { tokenizer, batchSize: 4, sampler, device: "cpu" })]) {
        await rejection(train(options, { resume: "auto", loader }), "ERR_INVALID_ARG");
      }
      const other = tinyBert(undefined, { num_hidden_layers: 1, hidden_size: 16 });
      const untouched = weights(other);
      await rejection(new Trainer(other, { ...options, progress: "silent" }).fit(loaderOf(), { resume: "auto" }), "ERR_WEIGHTS_MISMATCH");
      expect(weights(other)).to.deep.equal(untouched);
      other.dispose();
    }));

  it("refuse options that cannot be kept", async () => {
    await inFolder(async (outputDir) => {
      const model = tinyBert();
      const make = (options: TrainerOptions) => (): unknown => new Trainer(model, options);
      expect(make({ saveStrategy: "steps" })).to.throw(/expected outputDir/).with.property("code", "ERR_INVALID_ARG");
      expect(make({ loadBestModelAtEnd: true, outputDir })).to.throw(/saveStrategy/).with.property("code", "ERR_INVALID_ARG");
      expect(make({ metricForBestModel: "f1" as never })).to.throw(/metricForBestModel/).with.property("code", "ERR_INVALID_ARG");
      model.dispose();
      await rejection(train({}, { resume: "auto" }), "ERR_INVALID_ARG");
      await rejection(train({ outputDir }, { resume: true as never }), "ERR_INVALID_ARG");
      await rejection(train({ outputDir }, { resume: join(outputDir, "checkpoint-3") }), "ERR_FILE_NOT_FOUND");
      await rejection(train({ outputDir, saveStrategy: "epoch", loadBestModelAtEnd: true }), "ERR_INVALID_ARG");
    });
  });
});

describe("the best model", () => {
  before(async () => (tokenizer = await tinyTokenizer()));

  /** What is held out has its labels the wrong way round, so that it gets worse with every epoch. */
  const contrary = (): DataLoader => {
    const rows = Array.from(tinyData(16), ({ text, label }) => ({ text, label: label === "good" ? "bad" : "good" }));
    return new DataLoader(TextDataset.from(rows), { tokenizer, batchSize: 8, device: "cpu" });
  };

  for (const metricForBestModel of ["loss", "accuracy", "macroF1"] as const) {
    it(`is in the model at the end, where the last is worse: by ${metricForBestModel}`, () =>
      inFolder(async (outputDir) => {
        const options: TrainerOptions = { outputDir, saveStrategy: "epoch", epochs: 12, learningRate: 5e-3, saveTotalLimit: 1, loadBestModelAtEnd: true, metricForBestModel };
        const loader = new DataLoader(tinyData(64), { tokenizer, batchSize: 8, shuffle: true, device: "cpu" });
        const { history, weights: last } = await train(options, { loader, evalLoader: contrary() });
        const values = history.evaluations.map(({ metrics }) => metrics[metricForBestModel]);
        const best = metricForBestModel === "loss" ? Math.min(...values) : Math.max(...values);
        expect(values.at(-1)).to.not.equal(best);
        const { step } = history.evaluations[values.indexOf(best)] as { step: number };
        expect(history.best).to.deep.equal({ step, value: best });
        expect(await checkpoints(outputDir)).to.have.members([`checkpoint-${step}`, "checkpoint-96"]);
        const opened = await BertForSequenceClassification.fromPretrained(join(outputDir, `checkpoint-${step}`), { device: "cpu" });
        expect(weights(opened)).to.deep.equal(last);
        const { [metricForBestModel]: again } = await new Trainer(opened, { progress: "silent" }).evaluate(contrary());
        expect(again).to.equal(best);
        opened.dispose();
      }));
  }

  it("may be the one with the least of it, and is left alone without the option or where the run is stopped", () =>
    inFolder(async (root) => {
      const options: TrainerOptions = { saveStrategy: "epoch", epochs: 3, learningRate: 5e-3, loadBestModelAtEnd: true, metricForBestModel: "accuracy" };
      const least = await train({ ...options, outputDir: join(root, "least"), greaterIsBetter: false }, { evalLoader: contrary() });
      expect(least.history.best?.value).to.equal(Math.min(...least.history.evaluations.map(({ metrics }) => metrics.accuracy)));
      const plain = await train({ ...options, outputDir: join(root, "plain"), loadBestModelAtEnd: false }, { evalLoader: contrary() });
      const ended = await BertForSequenceClassification.fromPretrained(join(root, "plain", "checkpoint-21"), { device: "cpu" });
      expect(plain.weights).to.deep.equal(weights(ended));
      ended.dispose();
      const stopped = await train({ ...options, outputDir: join(root, "stopped") }, { evalLoader: contrary(), stopAfter: 16 });
      const last = await BertForSequenceClassification.fromPretrained(join(root, "stopped", "checkpoint-16"), { device: "cpu" });
      expect(stopped.weights).to.deep.equal(weights(last));
      last.dispose();
      const resumed = await train({ ...options, outputDir: join(root, "stopped") }, { evalLoader: contrary(), resume: "auto" });
      const whole = await train({ ...options, outputDir: join(root, "whole") }, { evalLoader: contrary() });
      expect(resumed.history.best).to.deep.equal(whole.history.best);
      expect(resumed.weights).to.deep.equal(whole.weights);
    }));
});
