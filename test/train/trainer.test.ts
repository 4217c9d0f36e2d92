import { expect } from "chai";
import { DataLoader } from "../../lib/data/data-loader";
import { TextDataset } from "../../lib/data/text-dataset";
import { AdamW } from "../../lib/optim/adamw";
import { clipGradNorm } from "../../lib/optim/clip-grad-norm";
import { decayGroups } from "../../lib/optim/decay-groups";
import { LinearSchedule } from "../../lib/optim/schedules/linear";
import { manualSeed } from "../../lib/tensor/device";
import { memory } from "../../lib/tensor/memory";
import type { TextClassifier } from "../../lib/models/model";
import type { Tokenizer } from "../../lib/text/tokenizer";
import type { TrainerEvent } from "../../lib/train/events";
import type { TrainerOptions } from "../../lib/train/options";
import { Trainer } from "../../lib/train/trainer";
import { rejection } from "../support/rejection";
import { tinyBert, tinyData, tinyTokenizer } from "../support/tiny-bert";

let tokenizer: Tokenizer;

const loaderOf = (rows: number, batchSize = 8): DataLoader =>
  new DataLoader(tinyData(rows), { tokenizer, batchSize, shuffle: true, device: "cpu" });

/** Every weight, in the order of the parameters. */
function weights(model: TextClassifier): number[] {
  return model.parameters().flatMap((parameter) => Array.from(parameter.toTypedArray() as Float32Array));
}

/** Trains a fresh tiny BERT; resolves with its history and its final weights. */
async function trained(options: TrainerOptions, rows = 32) {
  const model = tinyBert();
  try {
    const history = await new Trainer(model, { progress: "silent", ...options }).fit(loaderOf(rows));
    return { history, weights: weights(model) };
  } finally {
    model.dispose();
  }
}

describe("Trainer.fit", () => {
  before(async () => {
    tokenizer = await tinyTokenizer();
  });

  it("works without options: three epochs, as Hugging Face", async () => {
    const model = tinyBert();
    const history = await new Trainer(model).fit(loaderOf(20));
    expect(history).to.include({ stoppedBy: "end", steps: 9, totalSteps: 9, epochs: 3, examples: 60, device: "cpu" });
    model.dispose();
  });

  it("learns: the loss falls and held-out texts are classified", async () => {
    const model = tinyBert();
    const trainer = new Trainer(model, { epochs: 12, learningRate: 5e-3, logEvery: 8, progress: "silent" });
    const { log } = await trainer.fit(loaderOf(64));
    expect(log.at(-1)?.loss).to.be.lessThan(0.2 * (log[0]?.loss ?? 0));
    expect((await trainer.evaluate(loaderOf(37))).accuracy).to.equal(1);
    model.dispose();
  });

  it("takes exactly the steps of the loop written by hand", async () => {
    const options = { epochs: 2, learningRate: 1e-3, weightDecay: 0.1, warmupSteps: 2, logEvery: 1, seed: 5 };
    const { history, weights: byTrainer } = await trained(options);

    const model = tinyBert();
    const loader = new DataLoader(tinyData(32), {
      tokenizer,
      batchSize: 8,
      shuffle: true,
      device: "cpu",
      labels: model.labels,
    });
    const optimizer = new AdamW(decayGroups(model, 0.1), { lr: 1e-3 });
    const schedule = new LinearSchedule(optimizer, { warmupSteps: 2, totalSteps: 8 });
    const byHand: { loss: number; learningRate: number; gradNorm: number }[] = [];
    manualSeed(5);
    model.train();
    for (let epoch = 0; epoch < 2; epoch++) {
      for await (const batch of loader) {
        const learningRate = optimizer.lr;
        const { loss, logits } = await model.forward(batch);
        await loss.backward();
        const norm = await clipGradNorm(model.parameters(), 1);
        await optimizer.step();
        schedule.step();
        optimizer.zeroGrad();
        byHand.push({ loss: Number(loss.item()), learningRate, gradNorm: Number(norm.item()) });
        for (const tensor of [loss, logits, norm]) tensor.dispose();
      }
    }
    expect(history.log.map(({ loss, learningRate, gradNorm }) => ({ loss, learningRate, gradNorm }))).to.deep.equal(
      byHand,
    );
    expect(weights(model)).to.deep.equal(byTrainer);
    optimizer.dispose();
    model.dispose();
  });

  it("logs the mean of the losses since the last log, and the last step too", async () => {
    const each = (await trained({ maxSteps: 5, logEvery: 1 })).history;
    const some = (await trained({ maxSteps: 5, logEvery: 2 })).history;
    const [a = 0, b = 0, c = 0, d = 0, e = 0] = each.log.map(({ loss }) => loss);
    expect(some.log.map(({ step }) => step)).to.deep.equal([2, 4, 5]);
    for (const [i, mean] of [(a + b) / 2, (c + d) / 2, e].entries()) {
      expect(some.log[i]?.loss).to.be.closeTo(mean, 1e-6);
    }
    expect(some.loss).to.be.closeTo((a + b + c + d + e) / 5, 1e-6);
    expect(
      some.log.every(
        ({ examplesPerSecond, tokensPerSecond }) => examplesPerSecond > 0 && tokensPerSecond > examplesPerSecond,
      ),
    ).to.equal(true);
  });

  it("frees all that a step makes: the count of live tensors stays the same to the last one", async () => {
    const model = tinyBert();
    const before = memory().liveTensors;
    const counts: number[] = [];
    const trainer = new Trainer(model, {
      maxSteps: 12,
      progress: "silent",
      logEvery: 5,
      callbacks: [(event) => void (event.type === "step" && counts.push(memory().liveTensors))],
    });
    await trainer.fit(loaderOf(32), { evalLoader: loaderOf(16) });
    expect(new Set(counts.slice(1)).size, counts.join(" ")).to.equal(1);
    expect(memory().liveTensors).to.equal(before);
    model.dispose();
  });

  it("is bit-identical under one seed and differs under another", async () => {
    const [one, again, other] = [await trained({ seed: 1 }), await trained({ seed: 1 }), await trained({ seed: 2 })];
    expect(again.weights).to.deep.equal(one.weights);
    expect(other.weights).to.not.deep.equal(one.weights); // the order is the loader's: dropout differs
  });

  it("warms up and decays the learning rate linearly", async () => {
    const { history } = await trained({ maxSteps: 10, warmupRatio: 0.2, learningRate: 1e-3, logEvery: 1 });
    // get_linear_schedule_with_warmup: step/2 while warming up, then (10 - step)/8
    const expected = [0, 0.5, 1, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8];
    for (const [i, share] of expected.entries()) {
      expect(history.log[i]?.learningRate).to.be.closeTo(share * 1e-3, 1e-12);
    }
  });

  it("follows the schedule that is named, with its options", async () => {
    const rates = async (options: TrainerOptions): Promise<number[]> =>
      (await trained({ maxSteps: 8, learningRate: 1e-3, logEvery: 1, ...options })).history.log.map(
        ({ learningRate }) => learningRate,
      );
    const close = (found: number[], shares: number[]): void =>
      shares.forEach((share, i) => expect(found[i]).to.be.closeTo(share * 1e-3, 1e-12));
    const cosine = (share: number): number => (1 + Math.cos(Math.PI * share)) / 2;
    close(
      await rates({ lrSchedulerType: "cosine" }),
      Array.from({ length: 8 }, (_, i) => cosine(i / 8)),
    );
    close(
      await rates({ lrSchedulerType: "cosine_with_min_lr", lrSchedulerKwargs: { minLrRate: 0.5 } }),
      Array.from({ length: 8 }, (_, i) => 0.5 + cosine(i / 8) / 2),
    );
    close(
      await rates({ lrSchedulerType: "cosine_with_restarts", lrSchedulerKwargs: { numCycles: 2 } }),
      Array.from({ length: 8 }, (_, i) => cosine((i % 4) / 4)),
    );
    close(
      await rates({ lrSchedulerType: "polynomial", lrSchedulerKwargs: { power: 2, lrEnd: 0 } }),
      Array.from({ length: 8 }, (_, i) => (1 - i / 8) ** 2),
    );
    close(await rates({ lrSchedulerType: "constant" }), new Array<number>(8).fill(1));
    close(await rates({ lrSchedulerType: "constant_with_warmup", warmupSteps: 2 }), [0, 0.5, 1, 1, 1, 1, 1, 1]);
    close(await rates({ lrSchedulerType: "inverse_sqrt", warmupSteps: 2 }), [
      0,
      0.5,
      ...[2, 3, 4, 5, 6, 7].map((step) => Math.sqrt(2 / step)),
    ]);
    close(
      await rates({ lrSchedulerType: "one_cycle", lrSchedulerKwargs: { pctStart: 0.5 } }),
      [0, 1, 2, 3].map((i) => 1 + ((1 / 25 - 1) / 2) * (1 + Math.cos((Math.PI * i) / 3))),
    );
    const refusals: [TrainerOptions, string][] = [
      [
        { lrSchedulerType: "cosine", lrSchedulerKwargs: { power: 2 } },
        'schedule "cosine": expected options among numCycles, got "power"',
      ],
      [{ lrSchedulerKwargs: { numCycles: 2 } }, 'schedule "linear": expected no options, got "numCycles"'],
      [
        { lrSchedulerType: "constant", warmupSteps: 2 },
        'schedule "constant": expected no steps of warm-up, got 2; take "constant_with_warmup"',
      ],
    ];
    for (const [options, message] of refusals) {
      expect((await rejection(trained(options), "ERR_INVALID_ARG")).message).to.equal(message);
    }
  });

  describe("obeys its options:", () => {
    const base: TrainerOptions = { maxSteps: 4, learningRate: 1e-2 };
    let plain: number[];
    let start: number[];

    before(async () => {
      plain = (await trained(base)).weights;
      const model = tinyBert();
      start = weights(model);
      model.dispose();
    });

    it("learningRate 0 changes no weight", async () => {
      expect((await trained({ ...base, learningRate: 0 })).weights).to.deep.equal(start);
      expect(plain).to.not.deep.equal(start);
    });

    for (const change of [
      { weightDecay: 0.5 },
      { adamBeta1: 0.5 },
      { adamBeta2: 0.5 },
      { adamEpsilon: 1e-2 },
      { maxGradNorm: 0 },
      { maxGradNorm: 1e-3, adamEpsilon: 1 },
      { warmupSteps: 2 },
      { maxSteps: 3 },
      { gradientAccumulationSteps: 2 },
      { precision: "bf16" },
      { lrSchedulerType: "cosine" },
      { lrSchedulerType: "one_cycle" },
      { lrSchedulerType: "cosine_with_restarts", lrSchedulerKwargs: { numCycles: 2 } },
      { precision: "fp16" },
      { labelSmoothingFactor: 0.3 },
      { classWeights: [0.2, 3] },
      { focalGamma: 3 },
      { averageWeights: { type: "ema", decay: 0.9 } },
    ] satisfies TrainerOptions[]) {
      it(`${JSON.stringify(change)} makes a difference`, async () => {
        expect((await trained({ ...base, ...change })).weights).to.not.deep.equal(plain);
      });
    }

    it("maxSteps passes over the data as often as it takes, epochs may be fractions", async () => {
      expect((await trained({ maxSteps: 9 })).history).to.include({ steps: 9, epochs: 9 / 4 });
      expect((await trained({ epochs: 0.5 })).history).to.include({ steps: 2, epochs: 0.5 });
    });

    it("weight decay leaves biases and LayerNorm alone", async () => {
      const model = tinyBert();
      // With a gradient of zero AdamW only decays: freeze the loss by a learning rate that decay dominates.
      const groups = decayGroups(model, 0.1);
      const plainNames = model
        .namedParameters()
        .filter(([, p]) => groups.some((g) => g.weightDecay === 0 && g.params.includes(p)));
      expect(
        plainNames.map(([name]) => name).every((name) => name.endsWith(".bias") || name.includes("LayerNorm")),
      ).to.equal(true);
      expect(plainNames).to.have.length(
        model.namedParameters().filter(([name]) => /\.bias$|LayerNorm/.test(name)).length,
      );
      model.dispose();
    });

    it("an unknown device is refused before anything else", () => {
      const model = tinyBert();
      expect(() => new Trainer(model, { device: "gpu" }))
        .to.throw()
        .with.property("code", "ERR_UNKNOWN_DEVICE");
      model.dispose();
    });
  });

  it("tells its callbacks everything, in order, and waits for them", async () => {
    const types: string[] = [];
    let inside = 0;
    const slow = async (event: TrainerEvent): Promise<void> => {
      inside += 1;
      await new Promise((resolve) => setTimeout(resolve, 2));
      expect(inside).to.equal(1);
      inside -= 1;
      types.push(event.type);
    };
    const model = tinyBert();
    await new Trainer(model, { maxSteps: 3, logEvery: 2, progress: "silent", callbacks: [slow] }).fit(loaderOf(16), {
      evalLoader: loaderOf(8),
    });
    expect(types).to.deep.equal(["start", "step", "step", "log", "evaluate", "step", "log", "evaluate", "end"]);
    model.dispose();
  });

  it("rejects with what a callback throws, and the model is free again", async () => {
    const model = tinyBert();
    const before = memory().liveTensors;
    const failing = new Trainer(model, {
      progress: "silent",
      callbacks: [
        (event) => {
          if (event.type === "step") throw new Error("full disk");
        },
      ],
    });
    const error = await failing.fit(loaderOf(16)).catch((reason: unknown) => reason);
    expect(error).to.have.property("message", "full disk");
    expect(memory().liveTensors).to.equal(before);
    expect(await new Trainer(model, { maxSteps: 1, progress: "silent" }).fit(loaderOf(16))).to.include({ steps: 1 });
    model.dispose();
  });

  it("evaluates held-out data after each epoch, and leaves dropout on for training", async () => {
    const model = tinyBert();
    const trainer = new Trainer(model, { epochs: 2, progress: "silent" });
    const held = loaderOf(12);
    const { evaluations } = await trainer.fit(loaderOf(16), { evalLoader: held });
    expect(evaluations.map(({ step, epoch }) => [step, epoch])).to.deep.equal([
      [2, 1],
      [4, 2],
    ]);
    const { seconds: _now, ...after } = await trainer.evaluate(held);
    const { seconds: _then, ...last } = evaluations[1]?.metrics ?? ({} as { seconds: number });
    expect(last).to.deep.equal(after);
    const without = await trained({ epochs: 2 }, 16);
    expect(weights(model)).to.deep.equal(without.weights); // evaluation changes nothing in training
    model.dispose();
  });

  it("restores the mode that the model was in", async () => {
    const model = tinyBert();
    const trainer = new Trainer(model, { maxSteps: 1, progress: "silent" });
    for (const training of [true, false]) {
      if (training) model.train();
      else model.eval();
      await trainer.fit(loaderOf(8));
      expect(model.training).to.equal(training);
      await trainer.evaluate(loaderOf(8));
      expect(model.training).to.equal(training);
    }
    model.dispose();
  });

  it("trains on the model's label map where the loader has another", async () => {
    const model = tinyBert(["good", "bad"]);
    const loader = loaderOf(64);
    expect(loader.labels).to.deep.equal(["bad", "good"]); // sorted by the dataset
    const trainer = new Trainer(model, { epochs: 8, learningRate: 3e-3, progress: "silent" });
    await trainer.fit(loader);
    const { labels } = await trainer.predict(new DataLoader(tinyData(4), { tokenizer, device: "cpu" }));
    expect(labels).to.deep.equal(["good", "bad", "good", "bad"]);
    model.dispose();
  });

  it("refuses held-out data and lengths that would fail later, before the first step", async () => {
    const model = tinyBert();
    const before = weights(model);
    const trainer = new Trainer(model, { progress: "silent" });
    const withEval = (evalLoader: DataLoader): Promise<unknown> => trainer.fit(loaderOf(8), { evalLoader });
    await rejection(withEval(new DataLoader(tinyData(8, ["good", "fair"]), { tokenizer })), "ERR_UNKNOWN_LABEL");
    await rejection(withEval(new DataLoader(TextDataset.from(["this film"]), { tokenizer })), "ERR_INVALID_ARG");
    const long = new DataLoader(tinyData(8), { tokenizer, maxLength: 65 }); // the position table has 64 rows
    for (const work of [
      withEval,
      (loader: DataLoader) => trainer.fit(loader),
      (loader: DataLoader) => trainer.evaluate(loader),
      (loader: DataLoader) => trainer.predict(loader),
    ]) {
      expect((await rejection(work(long), "ERR_MAX_LENGTH")).message).to.contain("maxLength: 64");
    }
    await rejection(trainer.fit(undefined as unknown as DataLoader), "ERR_INVALID_ARG");
    expect(weights(model)).to.deep.equal(before);
    model.dispose();
  });

  it("refuses more warm-up than there are steps, in its own words", async () => {
    const model = tinyBert();
    const { message } = await rejection(
      new Trainer(model, { maxSteps: 2, warmupSteps: 5, progress: "silent" }).fit(loaderOf(8)),
      "ERR_INVALID_ARG",
    );
    expect(message).to.equal("Trainer: expected warmupSteps of at most the run's 2 steps (maxSteps), got 5");
    model.dispose();
  });

  it("refuses a label that the model does not have, before the first step", async () => {
    const model = tinyBert(["good", "fair"]);
    const before = weights(model);
    const error = await new Trainer(model, { progress: "silent" }).fit(loaderOf(8)).catch((reason: unknown) => reason);
    expect(error).to.include({ code: "ERR_UNKNOWN_LABEL" });
    expect((error as Error).message).to.contain('"bad"');
    expect(weights(model)).to.deep.equal(before);
    model.dispose();
  });
});
