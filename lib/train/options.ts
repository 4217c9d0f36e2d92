/**
 * The Trainer's options: what they mean, and their defaults.
 */
import type { ModelProblem } from "../models/model";
import type { Tensor } from "../tensor/tensor";
import type { BestMetric } from "./best-metric";
import type { TrainerCallback } from "./events";
import type { LearningRateOptions, LearningRateType } from "./learning-rate";
import type { TrainerLogger } from "./logs/trainer-logger";
import type { ClassWeights } from "./objective/class-weights";
import type { DistillationOptions } from "./objective/distillation";
import type { NamePattern } from "./parameters/name-pattern";
import type { OptimizerFactory, OptimizerName } from "./parameters/optimizer-by-name";
import type { GroupRule } from "./parameters/parameter-groups";
import type { PooledBatch } from "./pool-windows";
import type { NonFinitePolicy } from "./step-monitor";
import type { WeightAverageOptions } from "./weight-average";

/**
 * Settings of a training run. Names and defaults are those of Hugging Face's `TrainingArguments`
 * in camelCase; where a default differs, the comment says why.
 */
export interface TrainerOptions<P extends ModelProblem = "single-label"> {
  /** Passes over the data; a fraction stops within the last one. Default 3. */
  readonly epochs?: number;
  /** Seconds of training in all, without evaluations: the step in progress is finished. Default: no limit. */
  readonly maxSeconds?: number;
  /** Optimizer steps in all; overrides `epochs`. Default: as many as the epochs have. */
  readonly maxSteps?: number;
  /**
   * Batches whose gradients make one step, as if they were one batch: each example counts the same, also where the last
   * batches of an epoch are fewer or smaller. (Hugging Face divides by the number of batches.) Default 1.
   */
  readonly gradientAccumulationSteps?: number;
  /**
   * "bf16" runs matrix products in bfloat16 and what needs more in float32, while the parameters stay float32:
   * autocast, in training and in evaluation. "fp16" is the same in float16, whose gradients are scaled so that small
   * ones do not vanish: a step whose gradients overflow is left out (`skippedSteps`), while the schedule goes on.
   * "auto" is the first of bf16 and fp16 that a GPU has in hardware, else "fp32". Default "fp32".
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
  /**
   * What makes steps of gradients: "adamw" and "adam" with the options above, "sgd", "adafactor" (by default without
   * `scaleParameter` and `relativeStep`, as in Hugging Face's Trainer), "lion" with Adam's betas; or a function that
   * makes one of one's own over the run's groups of parameters. Default "adamw".
   */
  readonly optim?: OptimizerName | OptimizerFactory;
  /** What that optimizer can be told beside: `momentum`, `nesterov`, `beta1`, … Default: its own defaults. */
  readonly optimArgs?: Readonly<Record<string, unknown>>;
  /** Learning rate of a layer, over that of the layer above it, in (0, 1]; the head has the run's. Default 1. */
  readonly layerwiseLrDecay?: number;
  /**
   * Learning rates and weight decays of parameters whose names fit, the first rule that does; before
   * `layerwiseLrDecay`. Default: none.
   */
  readonly paramGroups?: readonly GroupRule[];
  /**
   * Names of parameters that are not trained, as "bert.embeddings.*" or a regular expression; for the time of the run.
   * Default: none.
   */
  readonly freeze?: readonly NamePattern[];
  /**
   * Begins with the head alone; in every epoch one more layer below it is trained, too (Howard & Ruder, *ULMFiT*,
   * 2018). Default false.
   */
  readonly gradualUnfreezing?: boolean;
  /** Steps of linear warm-up from 0; overrides `warmupRatio`. Default: what `warmupRatio` says. */
  readonly warmupSteps?: number;
  /** Share of all steps spent on warm-up, in [0, 1]. Default 0. */
  readonly warmupRatio?: number;
  /**
   * How the learning rate goes after warm-up, by Hugging Face's names, and PyTorch's "one_cycle".
   * "reduce_lr_on_plateau" lowers it where evaluations bring no progress in `metricForBestModel`. Default "linear":
   * down to 0.
   */
  readonly lrSchedulerType?: LearningRateType;
  /**
   * What that schedule can be told beside steps: `numCycles`, `minLrRate`, `power`, `lrEnd`, `timescale`, `patience`, …
   * Default: its own defaults.
   */
  readonly lrSchedulerKwargs?: LearningRateOptions;
  /** Gradients are scaled down to this global 2-norm; 0 does not clip. Default 1. */
  readonly maxGradNorm?: number;
  /**
   * What to do about a loss or gradient that is NaN or infinite: "stop" ends the run with ERR_NON_FINITE and the last
   * good weights; "skip" leaves such steps out and counts them (`skippedSteps`). Default "stop".
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
  /** Folder for logs, `training.json` and checkpoints, written during `fit`. Default: nothing is written. */
  readonly outputDir?: string;
  /**
   * Logs in `outputDir`: "jsonl" is `log.jsonl` with a line for every event, "csv" is `log.csv` with a row for each log
   * and evaluation, "tensorboard" writes event files under `runs`, as Hugging Face. Logs of one's own are among the
   * `callbacks`. Default ["jsonl"], where Hugging Face has none, as there the checkpoint's state is the log.
   */
  readonly reportTo?: readonly ReportTo[];
  /**
   * When checkpoints are written, `outputDir`/checkpoint-<step>: every `saveSteps`, after every epoch, or every
   * `saveSeconds`; then also at the end, after Ctrl-C, SIGTERM and an abort. `fit(loader, { resume: "auto" })` goes on
   * from the newest. Default "no", where Hugging Face has "steps".
   */
  readonly saveStrategy?: SaveStrategy;
  /** Steps between two checkpoints; default 500. */
  readonly saveSteps?: number;
  /** Seconds between two checkpoints; default 600. */
  readonly saveSeconds?: number;
  /** So many checkpoints stay, the newest ones, and the best where it is to be loaded. Default: all. */
  readonly saveTotalLimit?: number;
  /**
   * When `evalLoader` is evaluated: every `evalSteps`, or after every epoch. Default "epoch", where Hugging Face has
   * "no".
   */
  readonly evalStrategy?: EvalStrategy;
  /** Steps between two evaluations; default 500. */
  readonly evalSteps?: number;
  /**
   * Ends training after so many evaluations in a row without progress in `metricForBestModel`. Needs `evalLoader`.
   * Default: never.
   */
  readonly earlyStoppingPatience?: number;
  /** What an evaluation must be better by to count as progress; default 0. */
  readonly earlyStoppingThreshold?: number;
  /** The metric by which evaluations are compared; default "loss". */
  readonly metricForBestModel?: BestMetric;
  /** Whether more of it is better. Default: for all but losses and errors. */
  readonly greaterIsBetter?: boolean;
  /**
   * Saves the best evaluation's weights and ends with them, where the run is not stopped. Needs `evalLoader` and a
   * `saveStrategy`. Default false.
   */
  readonly loadBestModelAtEnd?: boolean;
  /**
   * "bar" rewrites one line and "lines" prints plain lines, on standard error; "notebook" is a table with a curve of
   * the losses below the cell, in tslab and IJavascript; "silent" shows nothing. Default "auto": the table in a
   * notebook, a bar in a terminal, lines elsewhere.
   */
  readonly progress?: ProgressMode;
  /**
   * Called with every event in order and awaited, or logs with an `onEvent` that is; what one throws ends the run.
   * Default none.
   */
  readonly callbacks?: readonly (TrainerCallback | TrainerLogger)[];
  /** Aborting finishes the step in progress; `fit` then resolves with what was done. Default none. */
  readonly signal?: AbortSignal;
  /** Class names for a TorchScript module or an `nn.Module`, which carry none. Default: the model's own. */
  readonly labels?: readonly string[];
  /** What such a module decides. Default "single-label", or the model's own. */
  readonly problemType?: P;
  /**
   * Part of each class that is spread over all of them, in [0, 1] (Szegedy et al. 2015); of a single-label problem.
   * Default 0.
   */
  readonly labelSmoothingFactor?: number;
  /**
   * Factors of the classes' losses: "balanced" makes rare classes count as much as frequent ones, by the counts of the
   * training data; or numbers in the order of the labels, or by name. A batch's loss is then a weighted mean; of a
   * multi-label problem they are on the positive targets alone. Default: none.
   */
  readonly classWeights?: ClassWeights;
  /**
   * The loss of what the model is sure of is multiplied by (1 − p)^gamma: focal loss (Lin et al. 2017). Default: plain.
   */
  readonly focalGamma?: number;
  /**
   * A loss of one's own, in training and evaluation: the mean over the batch, or the losses of its examples. Default:
   * the model's.
   */
  readonly computeLoss?: LossFunction;
  /**
   * Evaluates, saves and ends with an average of the weights over the steps: exponential, or stochastic weight
   * averaging. Default: none.
   */
  readonly averageWeights?: WeightAverageOptions;
  /**
   * Keeps only what lies between layers for backward, which computes the rest again: less memory for about a third more
   * time, to the same gradients. Default false.
   */
  readonly gradientCheckpointing?: boolean;
  /**
   * Where memory runs out, batches go through the model in halves, quarters, …, whose gradients add up to those of the
   * whole: the update that failed begins anew. (Hugging Face begins the training anew, with smaller batches.) Default
   * false.
   */
  readonly autoFindBatchSize?: boolean;
  /** A teacher, from whose answers the model learns beside the labels. Default: none. */
  readonly distillation?: DistillationOptions;
}

/**
 * A loss of logits `[batch, classes]` and the batch's labels, from which gradients flow: a scalar, the mean, or
 * `[batch]`. Long documents are one row each.
 */
export type LossFunction = (
  logits: Tensor,
  batch: PooledBatch & { readonly labels: Tensor },
) => Tensor | Promise<Tensor>;

/** Number formats of training. */
export type Precision = "fp32" | "bf16" | "fp16" | "auto";

/** When checkpoints are written. */
export type SaveStrategy = "no" | "steps" | "epoch" | "seconds";

/** When held-out data is evaluated. */
export type EvalStrategy = "steps" | "epoch";

/** How progress is shown. */
export type ProgressMode = "auto" | "bar" | "lines" | "notebook" | "silent";

/** Logs that `reportTo` names. */
export type ReportTo = (typeof REPORTS)[number];

export const REPORTS = ["jsonl", "csv", "tensorboard"] as const;

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
  optim: "adamw",
  optimArgs: {},
  layerwiseLrDecay: 1,
  paramGroups: [],
  freeze: [],
  gradualUnfreezing: false,
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
  labelSmoothingFactor: 0,
  gradientCheckpointing: false,
  autoFindBatchSize: false,
  reportTo: ["jsonl"],
  progress: "auto",
  callbacks: [],
} as const satisfies TrainerOptions;

/** Options with the defaults filled in; what has no default stays optional. */
export type ResolvedTrainerOptions = TrainerOptions<ModelProblem> &
  Required<Pick<TrainerOptions, keyof typeof TRAINER_DEFAULTS>>;
