import { expect } from "chai";
import { DataLoader } from "../../lib/data/data-loader";
import { memory } from "../../lib/tensor/memory";
import type { Tokenizer } from "../../lib/text/tokenizer";
import { type LearningRateCurve, suggest } from "../../lib/train/learning-rate-finder";
import { Trainer } from "../../lib/train/trainer";
import { rejection } from "../support/rejection";
import { tinyBert, tinyData, tinyTokenizer } from "../support/tiny-bert";

describe("Trainer.findLearningRate", () => {
  let tokenizer: Tokenizer;
  before(async () => (tokenizer = await tinyTokenizer()));
  const loaderOf = (rows: number): DataLoader =>
    new DataLoader(tinyData(rows), { tokenizer, batchSize: 8, shuffle: true, device: "cpu" });

  it("raises the rate by one factor from the first to the last, and suggests one where the loss falls", async () => {
    const model = tinyBert();
    const trainer = new Trainer(model, { progress: "silent" });
    const { points, suggestion } = await trainer.findLearningRate(loaderOf(64), {
      minLr: 1e-6,
      maxLr: 0.1,
      numTraining: 60,
    });
    expect(points[0]?.learningRate).to.be.closeTo(1e-6, 1e-18);
    const factors = points.slice(1).map(({ learningRate }, i) => learningRate / (points[i]?.learningRate as number));
    for (const factor of factors) expect(factor).to.be.closeTo(1e5 ** (1 / 59), 1e-9);
    const at = points.findIndex(({ learningRate }) => learningRate === suggestion);
    expect((points[at - 1]?.smoothedLoss as number) - (points[at + 1]?.smoothedLoss as number)).to.be.greaterThan(
      0.005,
    );
    expect(suggestion).to.be.greaterThan(1e-4); // below that this model does not move
    model.dispose();
  });

  it("smooths as an average that forgets, corrected for its youth", async () => {
    const model = tinyBert();
    const { points } = await new Trainer(model, { progress: "silent" }).findLearningRate(loaderOf(32), {
      numTraining: 6,
    });
    model.dispose();
    expect(points).to.have.length(6);
    points.forEach(({ smoothedLoss }, last) => {
      const weights = points.slice(0, last + 1).map((_, i) => 0.98 ** (last - i));
      const sum = weights.reduce((total, weight, i) => total + weight * (points[i]?.loss as number), 0);
      expect(smoothedLoss).to.be.closeTo(sum / weights.reduce((total, weight) => total + weight), 1e-9);
    });
  });

  it("ends where the loss runs away, leaves weights, modes and memory as they were", async () => {
    const model = tinyBert();
    model.eval();
    const before = model.parameters().map((parameter) => parameter.toArray());
    const { liveTensors } = memory();
    const { points } = await new Trainer(model, { progress: "silent", optim: "sgd", maxGradNorm: 0 }).findLearningRate(
      loaderOf(64),
      { minLr: 1, maxLr: 1e8, numTraining: 60 },
    );
    expect(points.length).to.be.lessThan(60);
    expect(model.parameters().map((parameter) => parameter.toArray())).to.deep.equal(before);
    expect(model.training).to.equal(false);
    expect(model.parameters().some((parameter) => parameter.grad !== undefined)).to.equal(false);
    expect(memory().liveTensors).to.equal(liveTensors);
    model.dispose();
  });

  it("suggests the steepest fall past the first ten points, and nothing where nothing falls", () => {
    const curve = (losses: readonly number[]): LearningRateCurve["points"] =>
      losses.map((smoothedLoss, i) => ({ learningRate: i, loss: smoothedLoss, smoothedLoss }));
    const losses = [9, 1, 9, 9, 9, 9, 9, 9, 9, 9, 8, 8, 7, 5, 2, 1, 1, 3, 9];
    // numpy.gradient of points 10 to 17, [8, 8, 7, 5, 2, 1, 1, 3]: least at the fourth, (2 − 7) / 2.
    expect(suggest(curve(losses))).to.equal(13);
    expect(suggest(curve(losses.map((_, i) => i)))).to.equal(undefined);
    expect(suggest(curve([3, 2, 1]))).to.equal(undefined);
  });

  it("refuses options that make no sense", async () => {
    const model = tinyBert();
    const trainer = new Trainer(model, { progress: "silent" });
    for (const options of [
      { minLr: 0 },
      { maxLr: 1e-9 },
      { maxLr: NaN },
      { numTraining: 0.5 },
      { earlyStopThreshold: -1 },
      { steps: 3 },
    ]) {
      await rejection(trainer.findLearningRate(loaderOf(8), options), "ERR_INVALID_ARG");
    }
    const { liveTensors } = memory();
    const unknown = new Trainer(model, { progress: "silent", paramGroups: [{ match: "nothing", learningRate: 1 }] });
    await rejection(unknown.findLearningRate(loaderOf(8)), "ERR_INVALID_ARG");
    expect(memory().liveTensors).to.equal(liveTensors);
    model.dispose();
  });
});
