/**
 * The Trainer's options, their defaults and their checks, all in one place.
 */
import { describe, TorchwrightError } from "../errors";
import { SCHEDULER_TYPES, type SchedulerOptions, type SchedulerType } from "../optim/schedules/by-name";
import type { MetricSummary } from "../metrics/confusion-matrix";
import type { TrainerCallback } from "./events";
import type { NonFinitePolicy } from "./step-monitor";

/**
 * Settings of a training run. Names and defaults are those of Hugging Face's `TrainingArguments`
 * in camelCase; where a default differs, the comment says why.
 */
export interface TrainerOptions {
  /** Passes over the data; a fraction stops within the last one. Default 3. */
  readonly epochs?: number;
  /** Seconds of training in all, without evaluations: the step in progress is finished. Default: no limit. */
  readonly maxSeconds?: number;
  /** Optimizer steps in all; overrides `epochs`. Default: as many as the epochs have. */
  readonly maxSteps?: number;
  /**
   * Batches whose gradients make one step, as if they were one batch: each example counts the same, also where the last batches of an
   * epoch are fewer or smaller. (Hugging Face divides by the number of batches.) Default 1.
   */
  readonly gradientAccumulationSteps?: number;
  /**
   * "bf16" runs matrix products in bfloat16 and what needs more in float32, while the parameters stay float32: autocast, in training and
   * in evaluation. "auto" is that on a GPU that has it in hardware, else "fp32". Default "fp32".
   */
  readonly precision?: Precision;
  /** Peak learning rate of AdamW, reached after warm-up; `lrSchedulerType` says how it falls. Default 5e-5. */
  readonly learningRate?: number;
  /** Decoupled weight decay; biases and LayerNorm weights get none. Default 0. */
  readonly weightDecay?: number;
  /** AdamW's decay rate of the first moment. Default 0.9. */
  readonly adamBeta1?: number;
  /** AdamW's decay rate of the second moment. Default 0.999. */
  readonly adamBeta2?: number;
  /** AdamW's epsilon. Default 1e-8. */
  readonly adamEpsilon?: number;
  /** Steps of linear warm-up from 0; overrides `warmupRatio`. Default: what `warmupRatio` says. */
  readonly warmupSteps?: number;
  /** Share of all steps spent on warm-up, in [0, 1]. Default 0. */
  readonly warmupRatio?: number;
  /** How the learning rate goes after warm-up, by Hugging Face's names, and PyTorch's "one_cycle". Default "linear": down to 0. */
  readonly lrSchedulerType?: SchedulerType;
  /** What that schedule can be told beside steps: `numCycles`, `minLrRate`, `power`, `lrEnd`, `timescale`, … Default: its own defaults. */
  readonly lrSchedulerKwargs?: SchedulerOptions;
  /** Gradients are scaled down to this global 2-norm; 0 does not clip. Default 1. */
  readonly maxGradNorm?: number;
  /**
   * What to do about a loss or gradient that is NaN or infinite: "stop" ends the run with ERR_NON_FINITE and the last good weights; "skip" leaves such steps
   * out and counts them (`skippedSteps`). Default "stop".
   */
  readonly nonFinite?: NonFinitePolicy;
  /** Seeds dropout at the start of `fit`; the loader has a seed of its own for its order. Default 42. */
  readonly seed?: number;
  /** "cpu", "cuda", "cuda:1"; the model moves there. Default: where the model is. */
  readonly device?: string;
  /**
   * Steps between two reads of loss and gradient norm from the device. Default 10, where Hugging
   * Face has 500: the read is one small copy, and a run that went NaN stops at the next one.
   */
  readonly logEvery?: number;
  /** Folder for `log.jsonl`, `training.json` and checkpoints, written during `fit`. Default: nothing is written. */
  readonly outputDir?: string;
  /**
   * When checkpoints are written, `outputDir`/checkpoint-<step>: every `saveSteps`, after every epoch, or every `saveSeconds`; then also at the
   * end, after Ctrl-C, SIGTERM and an abort. `fit(loader, { resume: "auto" })` goes on from the newest. Default "no", where Hugging Face has "steps".
   */
  readonly saveStrategy?: SaveStrategy;
  /** Steps between two checkpoints; default 500. */
  readonly saveSteps?: number;
  /** Seconds between two checkpoints; default 600. */
  readonly saveSeconds?: number;
  /** So many checkpoints stay, the newest ones, and the best where it is to be loaded. Default: all. */
  readonly saveTotalLimit?: number;
  /** When `evalLoader` is evaluated: every `evalSteps`, or after every epoch. Default "epoch", where Hugging Face has "no". */
  readonly evalStrategy?: EvalStrategy;
  /** Steps between two evaluations; default 500. */
  readonly evalSteps?: number;
  /** Ends training after so many evaluations in a row without progress in `metricForBestModel`. Needs `evalLoader`. Default: never. */
  readonly earlyStoppingPatience?: number;
  /** What an evaluation must be better by to count as progress; default 0. */
  readonly earlyStoppingThreshold?: number;
  /** The metric by which evaluations are compared; default "loss". */
  readonly metricForBestModel?: BestMetric;
  /** Whether more of it is better. Default: for all but "loss". */
  readonly greaterIsBetter?: boolean;
  /** Saves the best evaluation's weights and ends with them, where the run is not stopped. Needs `evalLoader` and a `saveStrategy`. Default false. */
  readonly loadBestModelAtEnd?: boolean;
  /**
   * "bar" rewrites one line, "lines" prints plain lines, "silent" prints nothing; on standard error.
   * Default "auto": a bar in a terminal, lines elsewhere.
   */
  readonly progress?: ProgressMode;
  /** Called with every event in order and awaited; what one throws ends the run. Default none. */
  readonly callbacks?: readonly TrainerCallback[];
  /** Aborting finishes the step in progress; `fit` then resolves with what was done. Default none. */
  readonly signal?: AbortSignal;
  /** Class names for a TorchScript module or an `nn.Module`, which carry none. Default: the model's own. */
  readonly labels?: readonly string[];
}

/** Number formats of training. */
export type Precision = "fp32" | "bf16" | "auto";

/** When checkpoints are written. */
export type SaveStrategy = "no" | "steps" | "epoch" | "seconds";

/** When held-out data is evaluated. */
export type EvalStrategy = "steps" | "epoch";

/** Numbers that an evaluation gives. */
export type BestMetric = "loss" | keyof MetricSummary;

const BEST_METRICS = [
  "loss", "accuracy", "macroPrecision", "macroRecall", "macroF1", "weightedPrecision", "weightedRecall", "weightedF1",
] as const satisfies readonly BestMetric[];

export type ProgressMode = "auto" | "bar" | "lines" | "silent";

/** What every run starts from. */
export const TRAINER_DEFAULTS = {
  epochs: 3,
  gradientAccumulationSteps: 1,
  precision: "fp32",
  learningRate: 5e-5,
  weightDecay: 0,
  adamBeta1: 0.9,
  adamBeta2: 0.999,
  adamEpsilon: 1e-8,
  warmupRatio: 0,
  lrSchedulerType: "linear",
  lrSchedulerKwargs: {},
  maxGradNorm: 1,
  nonFinite: "stop",
  seed: 42,
  logEvery: 10,
  saveStrategy: "no",
  saveSteps: 500,
  saveSeconds: 600,
  evalStrategy: "epoch",
  evalSteps: 500,
  earlyStoppingThreshold: 0,
  metricForBestModel: "loss",
  loadBestModelAtEnd: false,
  progress: "auto",
  callbacks: [],
} as const satisfies TrainerOptions;

/** Options with the defaults filled in; what has no default stays optional. */
export type ResolvedTrainerOptions = TrainerOptions & Required<Pick<TrainerOptions, keyof typeof TRAINER_DEFAULTS>>;

const finite = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const atLeast0 = (value: unknown): boolean => finite(value) && value >= 0;
const positive = (value: unknown): boolean => finite(value) && value > 0;
const count = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const positiveCount = (value: unknown): boolean => count(value) && value !== 0;
const text = (value: unknown): boolean => typeof value === "string" && value !== "";
const decayRate = (value: unknown): boolean => finite(value) && value >= 0 && value < 1;

type Check = readonly [expected: string, holds: (value: unknown) => boolean];

/** A check for one of several words. */
function oneOf(words: readonly string[]): Check {
  const quoted = words.map((word) => JSON.stringify(word));
  return [`${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`, (value) => (words as readonly unknown[]).includes(value)];
}

const flag: Check = ["true or false", (value) => typeof value === "boolean"];

const CHECKS: { readonly [Name in keyof Required<TrainerOptions>]: Check } = {
  epochs: ["a number above 0", positive],
  maxSeconds: ["a number above 0", positive],
  maxSteps: ["a whole number above 0", positiveCount],
  gradientAccumulationSteps: ["a whole number above 0", positiveCount],
  precision: oneOf(["fp32", "bf16", "auto"]),
  learningRate: ["a number of 0 or more", atLeast0],
  weightDecay: ["a number of 0 or more", atLeast0],
  adamBeta1: ["a number in [0, 1)", decayRate],
  adamBeta2: ["a number in [0, 1)", decayRate],
  adamEpsilon: ["a number above 0", positive],
  warmupSteps: ["a whole number of 0 or more", count],
  warmupRatio: ["a number in [0, 1]", (value) => finite(value) && value >= 0 && value <= 1],
  lrSchedulerType: oneOf(SCHEDULER_TYPES),
  lrSchedulerKwargs: ["an object of options", (value) => typeof value === "object" && value !== null && !Array.isArray(value)],
  maxGradNorm: ["a number of 0 or more", atLeast0],
  nonFinite: oneOf(["stop", "skip"]),
  seed: ["a whole number of 0 or more", count],
  device: ['a device such as "cpu" or "cuda"', text],
  logEvery: ["a whole number above 0", positiveCount],
  outputDir: ["a folder's path", text],
  saveStrategy: oneOf(["no", "steps", "epoch", "seconds"]),
  saveSteps: ["a whole number above 0", positiveCount],
  saveSeconds: ["a number above 0", positive],
  saveTotalLimit: ["a whole number above 0", positiveCount],
  evalStrategy: oneOf(["steps", "epoch"]),
  evalSteps: ["a whole number above 0", positiveCount],
  earlyStoppingPatience: ["a whole number above 0", positiveCount],
  earlyStoppingThreshold: ["a number of 0 or more", atLeast0],
  metricForBestModel: oneOf(BEST_METRICS),
  greaterIsBetter: flag,
  loadBestModelAtEnd: flag,
  progress: oneOf(["auto", "bar", "lines", "silent"]),
  callbacks: ["an array of functions", (value) => Array.isArray(value) && value.every((item) => typeof item === "function")],
  signal: ["an AbortSignal", (value) => value instanceof AbortSignal],
  labels: ["an array of strings", (value) => Array.isArray(value) && value.every((item) => typeof item === "string")],
};

/** Names of all options. */
export const TRAINER_OPTIONS: readonly string[] = Object.keys(CHECKS);

/**
 * Checks options and fills in the defaults.
 * @throws ERR_INVALID_ARG for an option that does not exist or has a value that is not allowed
 */
export function resolveOptions(options: TrainerOptions): ResolvedTrainerOptions {
  const given: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue; // as if it were not there, which plain JavaScript callers expect
    const check = Object.hasOwn(CHECKS, name) ? CHECKS[name as keyof TrainerOptions] : undefined;
    if (check === undefined) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `Trainer: expected options among ${TRAINER_OPTIONS.join(", ")}, got "${name}"`,
      );
    }
    const [expected, holds] = check;
    if (!holds(value)) {
      throw new TorchwrightError("ERR_INVALID_ARG", `Trainer: expected ${name} to be ${expected}, got ${describe(value)}`);
    }
    given[name] = value;
  }
  const resolved = { ...TRAINER_DEFAULTS, ...given } as ResolvedTrainerOptions;
  if (resolved.saveStrategy !== "no" && resolved.outputDir === undefined) {
    throw new TorchwrightError("ERR_INVALID_ARG", `Trainer: expected outputDir, where checkpoints go, with saveStrategy "${resolved.saveStrategy}", got none`);
  }
  if (resolved.loadBestModelAtEnd && resolved.saveStrategy === "no") {
    throw new TorchwrightError("ERR_INVALID_ARG", 'Trainer: expected a saveStrategy with loadBestModelAtEnd, as the best weights are kept in a checkpoint, got "no"');
  }
  return resolved;
}

/** How many steps a run has and how many of them warm up. */
export interface StepPlan {
  readonly totalSteps: number;
  readonly warmupSteps: number;
}

/** Steps of an epoch: the last one may have fewer batches than the others. */
export function updatesPerEpoch({ gradientAccumulationSteps }: ResolvedTrainerOptions, batches: number): number {
  return Math.ceil(batches / gradientAccumulationSteps);
}

/**
 * Counts the steps of a run over `batches` batches per epoch, rounding up as Hugging Face does
 * (`TrainingArguments.get_warmup_steps`).
 * @throws ERR_INVALID_ARG for more steps of warm-up than there are steps
 */
export function planSteps(options: ResolvedTrainerOptions, batches: number): StepPlan {
  const totalSteps = options.maxSteps ?? Math.ceil(options.epochs * updatesPerEpoch(options, batches));
  const warmupSteps = options.warmupSteps ?? Math.ceil(options.warmupRatio * totalSteps);
  if (warmupSteps > totalSteps) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `Trainer: expected warmupSteps of at most the run's ${totalSteps} steps (${options.maxSteps === undefined ? "epochs × batches" : "maxSteps"}), got ${warmupSteps}`,
    );
  }
  return { totalSteps, warmupSteps };
}
