/** Losses of the options in whole runs. */
import { expect } from "chai";
import { nn, ops } from "../../../lib/index";
import type { Batch } from "../../../lib/data/batch";
import { DataLoader } from "../../../lib/data/data-loader";
import { TextDataset } from "../../../lib/data/text-dataset";
import { manualSeed } from "../../../lib/tensor/device";
import type { Tensor } from "../../../lib/tensor/tensor";
import type { Tokenizer } from "../../../lib/text/tokenizer";
import type { TrainerOptions } from "../../../lib/train/options";
import { Trainer } from "../../../lib/train/trainer";
import { rejection } from "../../support/rejection";
import { LABELS, TINY_CONFIG, tinyBert, tinyData, tinyTokenizer } from "../../support/tiny-bert";

/** A bag of words in float64: sums of gradients are then as good as equal, however they are put together. */
class Bag extends nn.Module {
  readonly words = new nn.Embedding(TINY_CONFIG.vocab_size, 8, { dtype: "float64" });
  readonly head = new nn.Linear(8, 2, { dtype: "float64" });

  forward({ inputIds, attentionMask }: Batch): Tensor {
    const mask = attentionMask.unsqueeze(-1); // [B, T, 1]
    return this.head.forward(ops.tanh(this.words.forward(inputIds).mul(mask).sum([1])));
  }
}

describe("losses of a run", () => {
  let tokenizer: Tokenizer;
  before(async () => (tokenizer = await tinyTokenizer()));

  const loaderOf = (dataset: TextDataset, batchSize = 8): DataLoader =>
    new DataLoader(dataset, { tokenizer, batchSize, device: "cpu" });
  /** Twice as many of the first class as of the second. */
  const skewed = (): TextDataset => tinyData(48).filter((_, i) => i % 4 !== 3);

  async function trained(options: TrainerOptions, dataset = skewed(), batchSize?: number) {
    manualSeed(3);
    using module = new Bag();
    const trainer = new Trainer(module, {
      labels: LABELS,
      learningRate: 1e-2,
      epochs: 2,
      progress: "silent",
      logEvery: 1,
      ...options,
    });
    const { log } = await trainer.fit(loaderOf(dataset, batchSize));
    const held = await trainer.evaluate(loaderOf(tinyData(10)));
    return {
      losses: log.map(({ loss }) => loss),
      held,
      weights: module.parameters().flatMap((parameter) => Array.from(parameter.toTypedArray() as Float64Array)),
    };
  }

  const apart = (ours: readonly number[], theirs: readonly number[]): number =>
    Math.max(...ours.map((weight, i) => Math.abs(weight - (theirs[i] as number))));

  it("balanced class weights are those that the training data's counts give, in its evaluations too", async () => {
    const [balanced, given, plain] = [
      await trained({ classWeights: "balanced" }),
      await trained({ classWeights: { bad: 1.5, good: 0.75 } }),
      await trained({}),
    ];
    expect(balanced.weights).to.deep.equal(given.weights);
    expect(balanced.held.loss).to.equal(given.held.loss);
    expect(balanced.weights).to.not.deep.equal(plain.weights);
  });

  it("a weighted mean over batches that are accumulated is that of the large batch, a short end included", async () => {
    const options = { classWeights: [0.3, 2], labelSmoothingFactor: 0.1 };
    const large = await trained(options, tinyData(22));
    const small = await trained({ ...options, gradientAccumulationSteps: 4 }, tinyData(22), 2);
    expect(apart(small.weights, large.weights)).to.be.lessThan(1e-9);
    small.losses.forEach((loss, i) => expect(loss).to.be.closeTo(large.losses[i] as number, 1e-6));
  });

  it("a loss of one's own trains as the built-in one that it computes, and its evaluations are in it", async () => {
    const own = await trained({ computeLoss: (logits, { labels }) => ops.crossEntropyLoss(logits, labels) });
    const builtIn = await trained({});
    expect(apart(own.weights, builtIn.weights)).to.be.lessThan(1e-12);
    const doubled = await trained({
      learningRate: 0,
      computeLoss: (logits, { labels }) => ops.crossEntropyLoss(logits, labels).mul(2),
    });
    const once = await trained({ learningRate: 0 });
    expect(doubled.held.loss).to.be.closeTo(2 * once.held.loss, 1e-6);
  });

  it("what a loss of one's own throws ends the run", async () => {
    const failure = new Error("no loss today");
    const error: unknown = await trained({
      computeLoss: () => {
        throw failure;
      },
    }).catch((reason: unknown) => reason);
    expect(error).to.equal(failure);
  });

  it("a student that hears its teacher alone comes to say what the teacher says, whatever the labels", async () => {
    using teacher = tinyBert();
    await new Trainer(teacher, { epochs: 12, learningRate: 5e-3, progress: "silent" }).fit(loaderOf(tinyData(64)));
    const upsideDown = TextDataset.from(
      Array.from(tinyData(64), ({ text, label }) => ({ text, label: label === "good" ? "bad" : "good" })),
    );
    teacher.train();
    const before = teacher.parameters().map((parameter) => parameter.toArray());
    using student = tinyBert();
    await new Trainer(student, {
      epochs: 12,
      learningRate: 5e-3,
      progress: "silent",
      distillation: { teacher, alpha: 0 },
    }).fit(loaderOf(upsideDown));
    expect((await new Trainer(student, { progress: "silent" }).evaluate(loaderOf(tinyData(37)))).accuracy).to.equal(1);
    expect(teacher.parameters().map((parameter) => parameter.toArray())).to.deep.equal(before);
    expect(teacher.training, "its mode is as before").to.equal(true);
    expect(teacher.parameters().some((parameter) => parameter.grad !== undefined)).to.equal(false);
  });

  it("a teacher in training cannot teach", async () => {
    using teacher = tinyBert();
    using student = tinyBert();
    let lesson: Promise<unknown> = Promise.resolve();
    await new Trainer(teacher, {
      maxSteps: 2,
      progress: "silent",
      callbacks: [
        async ({ type }) => {
          if (type !== "start") return;
          lesson = rejection(
            new Trainer(student, { maxSteps: 1, progress: "silent", distillation: { teacher } }).fit(
              loaderOf(tinyData(8)),
            ),
            "ERR_BUSY",
          );
          await lesson;
        },
      ],
    }).fit(loaderOf(tinyData(16)));
    await lesson;
  });
});
