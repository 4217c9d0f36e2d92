/**
 * Averages of weights by their formulas: torch.optim.swa_utils.AveragedModel with get_ema_multi_avg_fn, and its plain
 * mean.
 */
import { expect } from "chai";
import { DataLoader } from "../../lib/data/data-loader";
import { memory } from "../../lib/tensor/memory";
import type { Tokenizer } from "../../lib/text/tokenizer";
import type { TrainerOptions } from "../../lib/train/options";
import { Trainer } from "../../lib/train/trainer";
import type { WeightAverageOptions } from "../../lib/train/weight-average";
import { thrown } from "../support/rejection";
import { inFolder, tinyBert, tinyData, tinyTokenizer } from "../support/tiny-bert";

describe("averageWeights", () => {
  let tokenizer: Tokenizer;
  before(async () => (tokenizer = await tinyTokenizer()));

  /** Weights behind every step and at the end, and the losses of evaluations on the way. */
  async function trained(averageWeights?: WeightAverageOptions, options: TrainerOptions = {}, resume?: string) {
    const model = tinyBert();
    const weights = (): number[] =>
      model.parameters().flatMap((parameter) => Array.from(parameter.toTypedArray() as Float32Array));
    const steps: number[][] = [];
    try {
      const loader = new DataLoader(tinyData(32), { tokenizer, batchSize: 8, shuffle: true, device: "cpu" });
      const evalLoader = new DataLoader(tinyData(12), { tokenizer, device: "cpu" });
      const trainer = new Trainer(model, {
        learningRate: 1e-2,
        maxSteps: 8,
        progress: "silent",
        evalStrategy: "steps",
        evalSteps: 4,
        ...options,
        ...(averageWeights && { averageWeights }),
        callbacks: [(event) => void (event.type === "step" && steps.push(weights())), ...(options.callbacks ?? [])],
      });
      const { evaluations } = await trainer.fit(loader, { evalLoader, ...(resume !== undefined && { resume }) });
      return { steps, end: weights(), evaluations, after: await trainer.evaluate(evalLoader) };
    } finally {
      model.dispose();
    }
  }

  const expectClose = (ours: readonly number[], expected: readonly number[]): void => {
    const apart = Math.max(...ours.map((weight, i) => Math.abs(weight - (expected[i] as number))));
    expect(apart).to.be.lessThan(1e-6);
  };
  const mean = (lists: readonly number[][]): number[] =>
    (lists[0] as number[]).map((_, i) => lists.reduce((sum, list) => sum + (list[i] as number), 0) / lists.length);

  it("ema ends with the exponential moving average of every step's weights, which training itself does not see", async () => {
    const plain = await trained();
    const { steps, end } = await trained({ type: "ema", decay: 0.7 });
    expect(steps).to.deep.equal(plain.steps);
    const expected = steps
      .slice(1)
      .reduce(
        (average, step) => average.map((value, i) => 0.7 * value + 0.3 * (step[i] as number)),
        steps[0] as number[],
      );
    expectClose(end, expected);
    expect(end).to.not.deep.equal(plain.end);
  });

  it("swa ends with the mean of the weights from its start on, every so many steps", async () => {
    const { steps, end } = await trained({ type: "swa", start: 0.5, every: 2 });
    expectClose(end, mean([steps[4], steps[6]] as number[][]));
  });

  it("evaluations see the average, and training goes on with the weights", async () => {
    const { evaluations, after } = await trained({ type: "swa", start: 0.25 });
    const plain = await trained();
    expect(evaluations.at(-1)?.metrics.loss).to.be.closeTo(after.loss, 1e-6);
    expect(evaluations.at(-1)?.metrics.loss).to.not.be.closeTo(plain.after.loss, 1e-4);
  });

  it("swa that has not begun leaves evaluations and weights alone", async () => {
    const [plain, late] = [await trained(), await trained({ type: "swa", start: 0.999 })];
    expect(late.evaluations[0]?.metrics.loss).to.equal(plain.evaluations[0]?.metrics.loss);
    expect(late.end).to.deep.equal(plain.end); // the mean of the last step's
  });

  for (const averageWeights of [
    { type: "ema", decay: 0.7 },
    { type: "swa", start: 0.25 },
  ] as const) {
    it(`${averageWeights.type} that is broken off goes on to the same average, and the best is the best average`, async () => {
      await inFolder(async (folder) => {
        const options = { saveStrategy: "steps", saveSteps: 1 } as const;
        const unbroken = await trained(averageWeights);
        const stop = new AbortController();
        await trained(averageWeights, {
          ...options,
          outputDir: folder,
          signal: stop.signal,
          callbacks: [(event) => void (event.type === "step" && event.step === 5 && stop.abort())],
        });
        const resumed = await trained(averageWeights, { ...options, outputDir: folder }, "auto");
        expect(resumed.end).to.deep.equal(unbroken.end);
      });
      await inFolder(async (folder) => {
        const [first, last] = (await trained(averageWeights)).evaluations.map(({ metrics }) => metrics.loss) as [
          number,
          number,
        ];
        const options = {
          saveStrategy: "steps",
          saveSteps: 100,
          loadBestModelAtEnd: true,
          metricForBestModel: "loss",
        } as const;
        const { after } = await trained(averageWeights, {
          ...options,
          outputDir: folder,
          greaterIsBetter: first > last,
        }); // the last is the worse one
        expect(after.loss).to.equal(first);
        expect(first).to.not.equal(last);
      });
    });
  }

  it("frees its tensors", async () => {
    await trained({ type: "ema" });
    expect(memory().liveTensors).to.equal(0);
  });

  for (const [given, message] of [
    [{ type: "mean" }, /type to be "ema" or "swa"/],
    [{}, /type to be/],
    [{ type: "ema", decay: 1 }, /decay to be a number in \[0, 1\), got 1/],
    [{ type: "ema", start: 0.5 }, /to have type, decay, got start/],
    [{ type: "swa", start: -1 }, /start to be/],
    [{ type: "swa", every: 0 }, /every to be/],
  ] as const) {
    it(`${JSON.stringify(given)} is refused`, () => {
      expect(
        thrown(() => new Trainer(undefined as never, { averageWeights: given as never }), "ERR_INVALID_ARG"),
      ).to.match(message);
    });
  }
});
