/** Tries learning rates from tiny to huge in one short run, to see where the loss falls fastest. */
import type { DataLoader } from "../data/data-loader";
import { describe, TorchwrightError } from "../errors";
import type { TextClassifier } from "../models/model";
import { clipGradNorm } from "../optim/clip-grad-norm";
import { manualSeed } from "../tensor/device";
import { scope } from "../tensor/scope";
import { learningRateWithReading } from "./describe-run";
import type { Objective } from "./objective/objective";
import type { ResolvedTrainerOptions } from "./options";
import { copyTensors, emptyCopies } from "./parameters/copy-tensors";
import { Freezing } from "./parameters/freezing";
import { makeOptimizer } from "./parameters/optimizer-by-name";
import { parameterGroups } from "./parameters/parameter-groups";
import { TrainingMode } from "./training-mode";

/** Names and defaults of PyTorch Lightning's `lr_find`. */
export interface LearningRateFinderOptions {
  /** The first learning rate; default 1e-8. */
  readonly minLr?: number;
  /** The last one; default 1. */
  readonly maxLr?: number;
  /** Steps, in each of which the rate grows by the same factor; default 100. */
  readonly numTraining?: number;
  /** Ends where the smoothed loss is so many times its least so far; default 4. */
  readonly earlyStopThreshold?: number;
}

/** What the run saw. */
export interface LearningRateCurve {
  /** What was measured, in order. */
  readonly points: readonly {
    /** The rate of the step. */
    readonly learningRate: number;
    /** Of one batch. */
    readonly loss: number;
    /** Its moving average. */
    readonly smoothedLoss: number;
  }[];
  /** Where the smoothed loss falls fastest, past its first ten points; undefined where it does not fall. */
  readonly suggestion: number | undefined;
}

/** Share of the moving average that stays at each step. */
const SMOOTHING = 0.98;
/** Points at either end that suggest nothing: the average is still young, or the loss is on its way up. */
const SKIP_BEGIN = 10;
const SKIP_END = 1;

const DEFAULTS: Required<LearningRateFinderOptions> = {
  minLr: 1e-8,
  maxLr: 1,
  numTraining: 100,
  earlyStopThreshold: 4,
};

export interface FinderParts {
  readonly model: TextClassifier;
  readonly options: ResolvedTrainerOptions;
  readonly objective: Objective;
}

/**
 * The learning-rate range test; see `Trainer.findLearningRate`.
 *
 * Source: Smith, *Cyclical Learning Rates for Training Neural Networks*, 2017; smoothing, end and suggestion as PyTorch
 * Lightning's.
 */
export async function findLearningRate(
  { model, options, objective }: FinderParts,
  loader: DataLoader,
  given: LearningRateFinderOptions,
): Promise<LearningRateCurve> {
  const { minLr, maxLr, numTraining, earlyStopThreshold } = checkFinderOptions(given);
  const points: LearningRateCurve["points"][number][] = [];
  const learned = [...model.parameters(), ...(model.namedBuffers?.().map(([, buffer]) => buffer) ?? [])];
  manualSeed(options.seed);
  using _mode = new TrainingMode(model, options);
  using _freezing = new Freezing(model, { ...options, gradualUnfreezing: false });
  using optimizer = makeOptimizer(parameterGroups(model, options), options);
  const maxNorm = options.maxGradNorm === 0 ? Infinity : options.maxGradNorm;
  let average = 0;
  let least = Infinity;
  const kept = emptyCopies(learned);
  try {
    await copyTensors(kept, learned);
    for (let epoch = 0, going = true; going; epoch++) {
      for await (const batch of loader.epoch(epoch, { labels: model.labels, device: model.device })) {
        const learningRate = minLr * (maxLr / minLr) ** (points.length / Math.max(1, numTraining - 1));
        for (const group of optimizer.groups) group.lr = (group.initialLr / options.learningRate) * learningRate; // layers keep their ratios
        const loss = await scope(async () => {
          const { loss: mean } = await objective.of(batch);
          await mean.backward();
          await clipGradNorm(model.parameters(), maxNorm);
          await optimizer.step();
          optimizer.zeroGrad();
          return (await mean.to({ dtype: "float64" }).read())[0] as number;
        });
        average = SMOOTHING * average + (1 - SMOOTHING) * loss;
        const smoothedLoss = average / (1 - SMOOTHING ** (points.length + 1));
        points.push({ learningRate, loss, smoothedLoss });
        const diverged = !(smoothedLoss <= earlyStopThreshold * least) && points.length > 1;
        least = Math.min(least, smoothedLoss);
        going = points.length < numTraining && !diverged;
        if (!going) break;
      }
    }
  } finally {
    optimizer.zeroGrad();
    await copyTensors(learned, kept);
    for (const tensor of kept) tensor.dispose();
  }
  return learningRateWithReading({ points, suggestion: suggest(points) });
}

/** The learning rate of the steepest fall, by `numpy.gradient`: half the difference of the neighbours. */
export function suggest(points: LearningRateCurve["points"]): number | undefined {
  const inner = points
    .slice(SKIP_BEGIN, points.length - SKIP_END)
    .filter(({ smoothedLoss }) => Number.isFinite(smoothedLoss));
  let best: number | undefined;
  let steepest = 0;
  inner.forEach(({ learningRate }, i) => {
    const [before, after] = [inner[Math.max(0, i - 1)], inner[Math.min(inner.length - 1, i + 1)]];
    const slope =
      ((after?.smoothedLoss ?? NaN) - (before?.smoothedLoss ?? NaN)) / (i === 0 || i === inner.length - 1 ? 1 : 2);
    if (!(slope < steepest)) return;
    steepest = slope;
    best = learningRate;
  });
  return best;
}

function checkFinderOptions(given: LearningRateFinderOptions): Required<LearningRateFinderOptions> {
  const refuse = (expected: string, got: unknown): TorchwrightError =>
    new TorchwrightError("ERR_INVALID_ARG", `findLearningRate: expected ${expected}, got ${describe(got)}`);
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(DEFAULTS, name));
  if (unknown !== undefined) throw refuse(`options among ${Object.keys(DEFAULTS).join(", ")}`, unknown);
  const options = { ...DEFAULTS, ...given };
  const { minLr, maxLr, numTraining, earlyStopThreshold } = options;
  const positive = (value: unknown): boolean => typeof value === "number" && value > 0 && value < Infinity;
  if (!positive(minLr)) throw refuse("minLr to be a number above 0", minLr);
  if (!positive(maxLr) || maxLr <= minLr) throw refuse(`maxLr to be a number above minLr, ${minLr}`, maxLr);
  if (!Number.isSafeInteger(numTraining) || numTraining < 1) {
    throw refuse("numTraining to be a whole number above 0", numTraining);
  }
  if (!positive(earlyStopThreshold)) throw refuse("earlyStopThreshold to be a number above 0", earlyStopThreshold);
  return options;
}
