/** Checkpoints: going on from one gives what an unbroken run gives, to the bit, whatever happened in between. */
import { mkdir, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { DataLoader } from "../../lib/data/data-loader";
import { LengthGroupedSampler } from "../../lib/data/samplers/length-grouped-sampler";
import { TextDataset } from "../../lib/data/text-dataset";
import { BertForSequenceClassification } from "../../lib/models/bert-for-sequence-classification";
import type { TextClassifier } from "../../lib/models/model";
import { noGrad } from "../../lib/autograd/grad-mode";
import type { Batch } from "../../lib/data/batch";
import * as nn from "../../lib/nn/nn";
import { manualSeed } from "../../lib/tensor/device";
import { memory } from "../../lib/tensor/memory";
import { ops } from "../../lib/tensor/ops";
import type { Tensor } from "../../lib/tensor/tensor";
import type { Tokenizer } from "../../lib/text/tokenizer";
import type { History, TrainerEvent } from "../../lib/train/events";
import type { TrainerOptions } from "../../lib/train/options";
import { type FitOptions, Trainer } from "../../lib/train/trainer";
import { rejection } from "../support/rejection";
import { inFolder, tinyBert, tinyData, tinyTokenizer } from "../support/tiny-bert";

let tokenizer: Tokenizer;

const loaderOf = (rows = 28): DataLoader =>
  new DataLoader(tinyData(rows), { tokenizer, batchSize: 4, shuffle: true, device: "cpu" });
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
async function train(
  options: TrainerOptions,
  fit: FitOptions & { readonly loader?: DataLoader; readonly stopAfter?: number } = {},
): Promise<Trained> {
  const { loader = loaderOf(), stopAfter, ...rest } = fit;
  const model = tinyBert();
  const controller = new AbortController();
  const events: TrainerEvent[] = [];
  const callbacks = [
    (event: TrainerEvent): void => {
      events.push(event);
      if (event.type === "step" && event.step === stopAfter) controller.abort();
    },
  ];
  try {
    const trainer = new Trainer(model, {
      epochs: 2,
      learningRate: 1e-3,
      logEvery: 3,
      progress: "silent",
      ...options,
      callbacks,
      signal: controller.signal,
    });
    const history = await trainer.fit(loader, rest);
    return { history, weights: weights(model), events };
  } finally {
    model.dispose();
  }
}

const checkpoints = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).filter((name) => name.includes("checkpoint")).sort();

/** What does not depend on the clock. */
function timeless({ log, evaluations, seconds: _seconds, ...history }: History): unknown {
  return {
    ...history,
    log: log.map(({ examplesPerSecond: _examples, tokensPerSecond: _tokens, memory: _memory, ...entry }) => entry),
    evaluations: evaluations.map(({ metrics: { seconds: _now, confusionMatrix, ...metrics }, ...entry }) => ({
      ...entry,
      metrics,
      counts: confusionMatrix.counts,
    })),
  };
}

describe("checkpoints", () => {
  before(async () => (tokenizer = await tinyTokenizer()));

  for (const [name, options] of [
    ["after every step", { saveStrategy: "steps", saveSteps: 1 }],
    [
      "after every second step, of two batches each",
      { saveStrategy: "steps", saveSteps: 2, gradientAccumulationSteps: 2, lrSchedulerType: "cosine" },
    ],
    [
      "only when it is stopped, under bfloat16",
      { saveStrategy: "steps", saveSteps: 1000, precision: "bf16", warmupSteps: 3 },
    ],
  ] as const satisfies readonly (readonly [string, TrainerOptions])[]) {
    it(`go on to the bit from wherever a run was stopped: ${name}`, async () => {
      const unbroken = await inFolder((outputDir) => train({ ...options, outputDir }, { evalLoader: evalLoader() }));
      const { totalSteps } = unbroken.history;
      for (let stopAfter = 1; stopAfter < totalSteps; stopAfter += stopAfter < 4 ? 1 : 3) {
        await inFolder(async (outputDir) => {
          const first = await train({ ...options, outputDir }, { evalLoader: evalLoader(), stopAfter });
          expect(first.history).to.include({ stoppedBy: "abort", steps: stopAfter });
          const second = await train({ ...options, outputDir }, { evalLoader: evalLoader(), resume: "auto" });
          expect(second.events[1]).to.include({
            type: "resume",
            step: stopAfter,
            folder: join(outputDir, `checkpoint-${stopAfter}`),
          });
          expect(second.weights).to.deep.equal(unbroken.weights);
          const [found, expected] = [timeless(second.history), timeless(unbroken.history)] as [
            { log: unknown },
            { log: unknown },
          ];
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
      expect(await readdir(folder)).to.include.members([
        "config.json",
        "model.safetensors",
        "optimizer.safetensors",
        "rng_state.safetensors",
        "trainer_state.json",
        "manifest.json",
        "vocab.txt",
        "training.json",
      ]);
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
      expect(await names({ saveStrategy: "steps", saveSteps: 5 })).to.deep.equal([
        "checkpoint-10",
        "checkpoint-14",
        "checkpoint-5",
      ]);
      expect(await names({ saveStrategy: "epoch" })).to.deep.equal(["checkpoint-14", "checkpoint-7"]);
      expect(await names({ saveStrategy: "seconds", saveSeconds: 1000 })).to.deep.equal(["checkpoint-14"]);
      expect(await names({ saveStrategy: "seconds", saveSeconds: 1e-6 })).to.have.length(14);
      expect(await names({ saveStrategy: "steps", saveSteps: 2, saveTotalLimit: 2 })).to.deep.equal([
        "checkpoint-12",
        "checkpoint-14",
      ]);
    }));

  it("a damaged one is passed over for the one before, with the reason; with none whole nothing is trained", () =>
    inFolder(async (outputDir) => {
      const options: TrainerOptions = { outputDir, saveStrategy: "steps", saveSteps: 2 };
      const unbroken = await train(options);
      for (const [step, damage] of [
        [14, (folder: string) => truncate(join(folder, "model.safetensors"), 1000)],
        [12, (folder: string) => rm(join(folder, "manifest.json"))],
        [
          10,
          async (folder: string) => {
            const file = join(folder, "optimizer.safetensors");
            const bytes = await readFile(file);
            bytes[bytes.length - 100] = (bytes[bytes.length - 100] as number) ^ 1;
            await writeFile(file, bytes);
          },
        ],
        [8, (folder: string) => writeFile(join(folder, "trainer_state.json"), "{}")],
        [6, (folder: string) => rm(join(folder, "rng_state.safetensors"))],
      ] as const) {
        await damage(join(outputDir, `checkpoint-${step}`));
      }
      const { weights: found, events } = await train(options, { resume: "auto" });
      const [, resumed] = events;
      if (resumed?.type !== "resume") throw new Error("no resume");
      expect(resumed.step).to.equal(4);
      expect(resumed.passedOver.map(({ folder }) => folder.split("-").at(-1))).to.deep.equal([
        "14",
        "12",
        "10",
        "8",
        "6",
      ]);
      for (const { reason } of resumed.passedOver) {
        expect(reason).to.match(/bytes, not|manifest|SHA-256|trainer_state|missing/);
      }
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
      for (const loader of [
        loaderOf(24),
        new DataLoader(tinyData(28), { tokenizer, batchSize: 4, sampler, device: "cpu" }),
      ]) {
        await rejection(train(options, { resume: "auto", loader }), "ERR_INVALID_ARG");
      }
      const other = tinyBert(undefined, { num_hidden_layers: 1, hidden_size: 16 });
      const untouched = weights(other);
      const again = { ...options, progress: "silent" } as const;
      await rejection(new Trainer(other, again).fit(loaderOf(), { resume: "auto" }), "ERR_WEIGHTS_MISMATCH");
      expect(weights(other)).to.deep.equal(untouched);
      other.dispose();
      const renamed = tinyBert(["good", "worse"]);
      const data = new DataLoader(tinyData(28, ["good", "worse"]), { tokenizer, batchSize: 4, shuffle: true });
      const error = await rejection(new Trainer(renamed, again).fit(data, { resume: "auto" }), "ERR_WEIGHTS_MISMATCH");
      expect(error.message).to.contain('expected a model of "good", "bad"').and.to.contain('one of "good", "worse"');
      renamed.dispose();
    }));

  it("behind the one that a run is to go on from, and its logs, stay where it cannot go on", () =>
    inFolder(async (outputDir) => {
      const options: TrainerOptions = {
        outputDir,
        saveStrategy: "steps",
        saveSteps: 3,
        reportTo: ["csv"],
        maxSteps: 9,
      };
      await train(options);
      const files = async (): Promise<unknown> =>
        Promise.all(
          (await readdir(outputDir)).map(async (name) => [name, await readFile(join(outputDir, name)).catch(() => "")]),
        );
      const before = await files();
      const resume = join(outputDir, "checkpoint-3");
      const narrow = tinyBert(undefined, { hidden_size: 16 });
      const trainer = new Trainer(narrow, { ...options, progress: "silent" });
      await rejection(trainer.fit(loaderOf(), { resume }), "ERR_WEIGHTS_MISMATCH");
      narrow.dispose();
      // The same weights, and an optimizer that holds something else.
      await rejection(train({ ...options, optim: "adafactor", reportTo: [] }, { resume }), "ERR_WEIGHTS_MISMATCH");
      expect(await files()).to.deep.equal(before);
    }));

  it("a new one is never pruned for old ones: those behind the place that a run goes on from are put aside", () =>
    inFolder(async (outputDir) => {
      const options: TrainerOptions = { outputDir, saveStrategy: "steps", saveSteps: 2, saveTotalLimit: 2 };
      const unbroken = await train({ ...options, saveTotalLimit: 9 });
      for (const step of [12, 14]) await truncate(join(outputDir, `checkpoint-${step}`, "model.safetensors"), 1000);
      const { events } = await train(options, { resume: "auto", stopAfter: 11 });
      for (const event of events) if (event.type === "checkpoint") expect(event.folder).to.match(/checkpoint-1[01]$/);
      expect(await checkpoints(outputDir)).to.deep.equal([
        "checkpoint-10",
        "checkpoint-11",
        "superseded-checkpoint-12",
        "superseded-checkpoint-14",
      ]);
      // Back to an earlier place on purpose.
      const again = await train(options, { resume: join(outputDir, "checkpoint-10") });
      expect(again.weights).to.deep.equal(unbroken.weights);
      expect(await checkpoints(outputDir)).to.include.members([
        "checkpoint-12",
        "checkpoint-14",
        "superseded-checkpoint-11",
      ]);
    }));

  it("of an earlier run are not mixed with those of one that begins anew", () =>
    inFolder(async (outputDir) => {
      const options: TrainerOptions = { outputDir, saveStrategy: "epoch", epochs: 1 };
      await train(options);
      expect((await rejection(train(options), "ERR_INVALID_ARG")).message)
        .to.contain("resume")
        .and.to.contain("checkpoint-7");
      await train({ ...options, saveStrategy: "no" }); // writes none
    }));

  it("of a run that ended in mid-epoch go on with the rest of it, where more steps are wanted", () =>
    inFolder(async (root) => {
      for (const shorter of [{ epochs: 1.5 }, { maxSteps: 9 }]) {
        const outputDir = join(root, JSON.stringify(shorter).replace(/\W/g, ""));
        const options: TrainerOptions = { outputDir, saveStrategy: "epoch", lrSchedulerType: "constant" };
        await train({ ...options, ...shorter }, { evalLoader: evalLoader() });
        const longer = await train({ ...options, epochs: 2 }, { resume: "auto", evalLoader: evalLoader() });
        const unbroken = await train(
          { ...options, outputDir: `${outputDir}-whole`, epochs: 2 },
          { evalLoader: evalLoader() },
        );
        expect(longer.history.steps).to.equal(14);
        expect(longer.weights).to.deep.equal(unbroken.weights);
      }
    }));

  it("evaluate by steps as an unbroken run, wherever they were broken off, also before the first step", () =>
    inFolder(async (root) => {
      const options: TrainerOptions = { saveStrategy: "steps", saveSteps: 1000, evalStrategy: "steps", evalSteps: 3 };
      const unbroken = await train({ ...options, outputDir: join(root, "whole") }, { evalLoader: evalLoader() });
      for (const stopAfter of [2, 3, 7, 9]) {
        const outputDir = join(root, String(stopAfter));
        await train({ ...options, outputDir }, { evalLoader: evalLoader(), stopAfter });
        const { history } = await train({ ...options, outputDir }, { evalLoader: evalLoader(), resume: "auto" });
        expect(history.evaluations.map(({ step, metrics }) => [step, metrics.loss])).to.deep.equal(
          unbroken.history.evaluations.map(({ step, metrics }) => [step, metrics.loss]),
        );
        expect(history.best).to.deep.equal(unbroken.history.best);
      }
      const model = tinyBert();
      const outputDir = join(root, "never");
      await new Trainer(model, { ...options, outputDir, progress: "silent", signal: AbortSignal.abort() }).fit(
        loaderOf(),
        { evalLoader: evalLoader() },
      );
      expect(await checkpoints(outputDir)).to.deep.equal([]);
      model.dispose();
    }));

  it("an abort does not wait for the rest of an evaluation, which a run that goes on makes up for", () =>
    inFolder(async (root) => {
      const many = (): DataLoader => new DataLoader(tinyData(40), { tokenizer, batchSize: 1, device: "cpu" });
      for (const options of [
        { evalStrategy: "steps", evalSteps: 3 },
        { evalStrategy: "epoch" },
      ] as const satisfies readonly TrainerOptions[]) {
        const outputDir = join(root, options.evalStrategy);
        const saved = { ...options, outputDir, saveStrategy: "epoch" } as const;
        const unbroken = await train(options, { evalLoader: many() });
        const evaluated = many();
        const controller = new AbortController();
        const model = tinyBert();
        const trainer = new Trainer(model, {
          ...saved,
          epochs: 2,
          learningRate: 1e-3,
          logEvery: 3,
          progress: "silent",
          signal: controller.signal,
        });
        const forward = model.forward.bind(model);
        model.forward = (inputs) => {
          if (!model.training && evaluated.stats().batches === 5) controller.abort();
          return forward(inputs);
        };
        const { stoppedBy, evaluations } = await trainer.fit(loaderOf(), { evalLoader: evaluated });
        expect([stoppedBy, evaluations]).to.deep.equal(["abort", []]);
        expect(evaluated.stats().batches).to.be.below(15);
        model.dispose();
        const { history } = await train(saved, { evalLoader: many(), resume: "auto" });
        expect(history.evaluations.map(({ step, metrics }) => [step, metrics.loss])).to.deep.equal(
          unbroken.history.evaluations.map(({ step, metrics }) => [step, metrics.loss]),
        );
      }
    }));

  it("keep buffers, too, also those that a state dictionary leaves out", () =>
    inFolder(async (outputDir) => {
      class Counting extends nn.Module {
        readonly words = new nn.Embedding(25, 8);
        readonly head = new nn.Linear(8, 2);
        readonly calls = new nn.Buffer(ops.zeros([1]), { persistent: false });

        forward({ inputIds }: Batch): Tensor {
          noGrad(() => void this.calls.add_(1));
          return this.head.forward(this.words.forward(inputIds).mean([1])).add(this.calls.mul(0.01));
        }
      }
      const run = async (fit: FitOptions & { stopAfter?: number }): Promise<number[]> => {
        manualSeed(3);
        const module = new Counting();
        const { stopAfter, ...rest } = fit;
        const controller = new AbortController();
        const trainer = new Trainer(module, {
          labels: ["good", "bad"],
          epochs: 1,
          outputDir,
          saveStrategy: "epoch",
          progress: "silent",
          signal: controller.signal,
          callbacks: [
            (event) => {
              if (event.type === "step" && event.step === stopAfter) controller.abort();
            },
          ],
        });
        await trainer.fit(loaderOf(), rest);
        const calls = Array.from(module.calls.toTypedArray() as Float32Array);
        module.dispose();
        return calls;
      };
      expect(await run({ stopAfter: 3 })).to.deep.equal([3]);
      expect(await run({ resume: "auto" })).to.deep.equal([7]);
    }));

  it("refuse options that cannot be kept", async () => {
    await inFolder(async (outputDir) => {
      const model = tinyBert();
      const make = (options: TrainerOptions) => (): unknown => new Trainer(model, options);
      expect(make({ saveStrategy: "steps" }))
        .to.throw(/expected outputDir/)
        .with.property("code", "ERR_INVALID_ARG");
      expect(make({ loadBestModelAtEnd: true, outputDir }))
        .to.throw(/saveStrategy/)
        .with.property("code", "ERR_INVALID_ARG");
      expect(make({ metricForBestModel: "f1" as never }))
        .to.throw(/metricForBestModel/)
        .with.property("code", "ERR_INVALID_ARG");
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
        const options: TrainerOptions = {
          outputDir,
          saveStrategy: "epoch",
          epochs: 12,
          learningRate: 5e-3,
          saveTotalLimit: 1,
          loadBestModelAtEnd: true,
          metricForBestModel,
        };
        const loader = new DataLoader(tinyData(64), { tokenizer, batchSize: 8, shuffle: true, device: "cpu" });
        const { history, weights: last } = await train(options, { loader, evalLoader: contrary() });
        const values = history.evaluations.map(({ metrics }) => metrics[metricForBestModel]);
        const best = metricForBestModel === "loss" ? Math.min(...values) : Math.max(...values);
        expect(values.at(-1)).to.not.equal(best);
        const { step } = history.evaluations[values.indexOf(best)] as { step: number };
        expect(history.best).to.deep.equal({ step, value: best });
        expect(await checkpoints(outputDir)).to.have.members([`checkpoint-${step}`, "checkpoint-96"]);
        const opened = await BertForSequenceClassification.fromPretrained(join(outputDir, `checkpoint-${step}`), {
          device: "cpu",
        });
        expect(weights(opened)).to.deep.equal(last);
        const { [metricForBestModel]: again } = await new Trainer(opened, { progress: "silent" }).evaluate(contrary());
        expect(again).to.equal(best);
        opened.dispose();
      }));
  }

  it("that is gone is forgotten where the run goes on, and said, not missed at the end", () =>
    inFolder(async (outputDir) => {
      const options: TrainerOptions = {
        outputDir,
        saveStrategy: "epoch",
        epochs: 4,
        learningRate: 5e-3,
        loadBestModelAtEnd: true,
      };
      await train(options, { evalLoader: contrary(), stopAfter: 16 });
      await rm(join(outputDir, "checkpoint-7"), { recursive: true });
      const { events, history } = await train(options, { evalLoader: contrary(), resume: "auto" });
      const resumed = events.find((event) => event.type === "resume");
      if (resumed?.type !== "resume") throw new Error("no resume");
      if (
        history.evaluations[0]?.metrics.loss === Math.min(...history.evaluations.map(({ metrics }) => metrics.loss))
      ) {
        expect(resumed.passedOver.map(({ folder }) => folder)).to.deep.equal([join(outputDir, "checkpoint-7")]);
      }
      expect(history.best?.step).to.be.above(7);
      // Another metric begins anew: losses are no accuracies.
      const other = await train(
        { ...options, epochs: 5, metricForBestModel: "accuracy" },
        { evalLoader: contrary(), resume: "auto" },
      );
      expect(other.history.best?.value).to.be.within(0, 1);
    }));

  it("may be the one with the least of it, and is left alone without the option or where the run is stopped", () =>
    inFolder(async (root) => {
      const options: TrainerOptions = {
        saveStrategy: "epoch",
        epochs: 3,
        learningRate: 5e-3,
        loadBestModelAtEnd: true,
        metricForBestModel: "accuracy",
      };
      const least = await train(
        { ...options, outputDir: join(root, "least"), greaterIsBetter: false },
        { evalLoader: contrary() },
      );
      expect(least.history.best?.value).to.equal(
        Math.min(...least.history.evaluations.map(({ metrics }) => metrics.accuracy)),
      );
      const plain = await train(
        { ...options, outputDir: join(root, "plain"), loadBestModelAtEnd: false },
        { evalLoader: contrary() },
      );
      const ended = await BertForSequenceClassification.fromPretrained(join(root, "plain", "checkpoint-21"), {
        device: "cpu",
      });
      expect(plain.weights).to.deep.equal(weights(ended));
      ended.dispose();
      const stopped = await train(
        { ...options, outputDir: join(root, "stopped") },
        { evalLoader: contrary(), stopAfter: 16 },
      );
      const last = await BertForSequenceClassification.fromPretrained(join(root, "stopped", "checkpoint-16"), {
        device: "cpu",
      });
      expect(stopped.weights).to.deep.equal(weights(last));
      last.dispose();
      const resumed = await train(
        { ...options, outputDir: join(root, "stopped") },
        { evalLoader: contrary(), resume: "auto" },
      );
      const whole = await train({ ...options, outputDir: join(root, "whole") }, { evalLoader: contrary() });
      expect(resumed.history.best).to.deep.equal(whole.history.best);
      expect(resumed.weights).to.deep.equal(whole.weights);
    }));
});
