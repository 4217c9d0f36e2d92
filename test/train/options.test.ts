import { inspect } from "node:util";
import { expect } from "chai";
import { TorchwrightError } from "../../lib/errors";
import { resolveOptions } from "../../lib/train/check-options";
import { TRAINER_DEFAULTS, type TrainerOptions } from "../../lib/train/options";
import { planSteps } from "../../lib/train/plan-steps";

function failure(options: object): TorchwrightError {
  try {
    resolveOptions(options);
  } catch (error) {
    if (error instanceof TorchwrightError) return error;
    throw error;
  }
  throw new Error(`accepted ${JSON.stringify(options)}`);
}

describe("the Trainer's options", () => {
  it("default to Hugging Face's TrainingArguments", () => {
    // transformers 5.23, training_args.py
    expect(resolveOptions({})).to.include({
      epochs: 3,
      learningRate: 5e-5,
      weightDecay: 0,
      adamBeta1: 0.9,
      adamBeta2: 0.999,
      adamEpsilon: 1e-8,
      maxGradNorm: 1,
      seed: 42,
    });
    expect(resolveOptions({}).maxSteps).to.equal(undefined);
  });

  it("take an undefined value as if it were not there", () => {
    expect(resolveOptions({ epochs: undefined } as unknown as TrainerOptions)).to.deep.equal({ ...TRAINER_DEFAULTS });
  });

  it("refuse a name that does not exist and list the ones that do", () => {
    const error = failure({ learning_rate: 1e-5 });
    expect(error.code).to.equal("ERR_INVALID_ARG");
    expect(error.message).to.contain('got "learning_rate"').and.to.contain("learningRate");
    expect(failure({ constructor: 1 }).message).to.contain('"constructor"');
  });

  for (const options of [
    { epochs: 0 },
    { epochs: NaN },
    { epochs: "3" },
    { maxSteps: 0 },
    { maxSteps: 1.5 },
    { learningRate: -1 },
    { learningRate: Infinity },
    { weightDecay: -0.1 },
    { adamBeta1: 1 },
    { adamBeta2: -0.1 },
    { adamEpsilon: 0 },
    { warmupSteps: 0.5 },
    { warmupRatio: 1.1 },
    { maxGradNorm: -1 },
    { seed: -1 },
    { seed: 1.5 },
    { device: "" },
    { logEvery: 0 },
    { outputDir: "" },
    { progress: "loud" },
    { callbacks: [1] },
    { signal: {} },
    { labels: "a" },
    { gradientAccumulationSteps: 0 },
    { gradientAccumulationSteps: 1.5 },
    { precision: "fp8" },
    { lrSchedulerType: "cosines" },
    { saveStrategy: "always" },
    { saveSteps: 0 },
    { saveSeconds: 0 },
    { saveTotalLimit: 0 },
    { evalStrategy: "no" },
    { evalSteps: 1.5 },
    { earlyStoppingPatience: 0 },
    { earlyStoppingThreshold: -1 },
    { greaterIsBetter: 1 },
    { loadBestModelAtEnd: "yes" },
    { metricForBestModel: "f1" },
    { maxSeconds: 0 },
    { nonFinite: "ignore" },
    { lrSchedulerKwargs: 3 },
    { lrSchedulerKwargs: [] },
    { optim: "adamax" },
    { optim: 1 },
    { optimArgs: 1 },
    { layerwiseLrDecay: 0 },
    { layerwiseLrDecay: 1.1 },
    { paramGroups: [{}] },
    { paramGroups: [{ match: "a", lr: 1 }] },
    { paramGroups: [{ match: /a/, learningRate: -1 }] },
    { paramGroups: new Array(1) },
    { freeze: "bert.*" },
    { freeze: [""] },
    { freeze: new Array(1) },
    { gradualUnfreezing: 1 },
    { labelSmoothingFactor: 1.5 },
    { labelSmoothingFactor: NaN },
    { classWeights: "equal" },
    { focalGamma: -1 },
    { computeLoss: "mse" },
    { distillation: 1 },
    { averageWeights: "ema" },
    { gradientCheckpointing: 1 },
    { autoFindBatchSize: "yes" },
    { problemType: "soft-label" },
    { reportTo: ["wandb"] },
  ]) {
    it(`refuse ${inspect(options)}`, () => {
      const [name] = Object.keys(options) as [string];
      const error = failure(options);
      expect(error.code).to.equal("ERR_INVALID_ARG");
      expect(error.message).to.contain(`expected ${name} to be`).and.to.contain("got");
    });
  }

  it("plan steps as Hugging Face does: fractions of epochs and of warm-up are rounded up", () => {
    const plan = (options: TrainerOptions, batches: number): unknown => planSteps(resolveOptions(options), batches);
    expect(plan({}, 7)).to.deep.equal({ totalSteps: 21, warmupSteps: 0 });
    expect(plan({ epochs: 0.5 }, 7)).to.deep.equal({ totalSteps: 4, warmupSteps: 0 });
    expect(plan({ maxSteps: 5, epochs: 9 }, 7)).to.deep.equal({ totalSteps: 5, warmupSteps: 0 });
    expect(plan({ warmupRatio: 0.1 }, 7)).to.deep.equal({ totalSteps: 21, warmupSteps: 3 });
    expect(plan({ warmupRatio: 0.1, warmupSteps: 0 }, 7)).to.deep.equal({ totalSteps: 21, warmupSteps: 0 });
    expect(plan({ gradientAccumulationSteps: 3 }, 7)).to.deep.equal({ totalSteps: 9, warmupSteps: 0 });
  });
});
