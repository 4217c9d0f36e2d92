/** The Trainer's options as settings: each has a flag, or a reason why the command line has none. */
import { BEST_METRICS } from "../../train/best-metric";
import { TRAINER_DEFAULTS, type TrainerOptions } from "../../train/options";
import type { SchedulerType } from "../../optim/schedules/by-name";
import type { OptimizerName } from "../../train/parameters/optimizer-by-name";
import { CLASS_WEIGHTS, namesKind, NUMBER, RECORD, RECORDS, SWITCH, textKind, textsKind, WHOLE } from "./kind";
import { choice, type Leaf, type Preset, type Spec } from "./setting";

/** What `train` does otherwise than the Trainer: a run that is broken off can go on, and does not fill the disk. */
export const TRAIN_DEFAULTS = { saveStrategy: "epoch", saveTotalLimit: 2 } as const satisfies TrainerOptions;

// Spelled out, as their tables bring all optimizers and tensors with them, which the help does without; a test
// compares.
export const OPTIMIZERS = ["adamw", "adam", "sgd", "adafactor", "lion"] as const satisfies readonly OptimizerName[];
export const SCHEDULERS = [
  "linear",
  "cosine",
  "cosine_with_restarts",
  "cosine_with_min_lr",
  "polynomial",
  "constant",
  "constant_with_warmup",
  "inverse_sqrt",
  "one_cycle",
  "reduce_lr_on_plateau",
] as const satisfies readonly (SchedulerType | "reduce_lr_on_plateau")[];

const defaults = { ...TRAINER_DEFAULTS, ...TRAIN_DEFAULTS } as unknown as Readonly<Record<string, Preset>>; // of the options that the tables below show

const leaf = (kind: Leaf["kind"], name: keyof TrainerOptions, description: string): Leaf => ({
  kind,
  description,
  ...(name in defaults && { default: defaults[name] }),
});
const oneOf = (choices: readonly string[], name: keyof TrainerOptions, description: string): Leaf =>
  choice(choices, description, { default: defaults[name] });

export const TRAINER_SETTINGS = {
  epochs: leaf(NUMBER, "epochs", "passes over the data; a fraction stops within the last one"),
  maxSteps: leaf(WHOLE, "maxSteps", "optimizer steps in all, in place of epochs"),
  maxSeconds: leaf(NUMBER, "maxSeconds", "seconds of training in all"),
  learningRate: leaf(NUMBER, "learningRate", "peak learning rate"),
  lrSchedulerType: oneOf(SCHEDULERS, "lrSchedulerType", "how the learning rate goes after warm-up"),
  lrSchedulerKwargs: { kind: RECORD, description: "options of that schedule: numCycles, power, patience, …" },
  warmupSteps: leaf(WHOLE, "warmupSteps", "steps of warm-up, in place of warmup-ratio"),
  warmupRatio: leaf(NUMBER, "warmupRatio", "share of all steps spent on warm-up"),
  gradientAccumulationSteps: leaf(WHOLE, "gradientAccumulationSteps", "batches that make one step"),
  precision: oneOf(["fp32", "bf16", "fp16", "auto"], "precision", "number format of matrix products"),
  weightDecay: leaf(NUMBER, "weightDecay", "decoupled weight decay"),
  adamBeta1: leaf(NUMBER, "adamBeta1", "decay rate of the first moment"),
  adamBeta2: leaf(NUMBER, "adamBeta2", "decay rate of the second moment"),
  adamEpsilon: leaf(NUMBER, "adamEpsilon", "epsilon of AdamW"),
  optim: oneOf(OPTIMIZERS, "optim", "optimizer"),
  optimArgs: { kind: RECORD, description: "options of that optimizer: momentum, nesterov, …" },
  maxGradNorm: leaf(NUMBER, "maxGradNorm", "gradients are scaled down to this norm; 0 does not clip"),
  layerwiseLrDecay: leaf(NUMBER, "layerwiseLrDecay", "learning rate of a layer over that of the layer above"),
  paramGroups: { kind: RECORDS, description: "match=<names>,learningRate=…,weightDecay=… for some parameters" },
  freeze: {
    kind: textsKind("names"),
    description: 'parameters that are not trained: "bert.embeddings.*" or /regex/; repeatable',
  },
  gradualUnfreezing: leaf(SWITCH, "gradualUnfreezing", "begin with the head, train one more layer in every epoch"),
  labelSmoothingFactor: leaf(NUMBER, "labelSmoothingFactor", "part of each class that is spread over all"),
  classWeights: { kind: CLASS_WEIGHTS, description: "factors of the classes' losses" },
  focalGamma: leaf(NUMBER, "focalGamma", "gamma of the focal loss"),
  computeLoss: {
    kind: textKind("module"),
    description: "JavaScript file that exports computeLoss, or a function, as a loss of one's own",
  },
  distillation: {
    settings: {
      teacher: { kind: textKind("folder"), description: "folder of a trained model to learn from beside the labels" },
      temperature: { kind: NUMBER, description: "what both models' logits are divided by", default: 2 },
      alpha: { kind: NUMBER, description: "weight of the labels' loss; the teacher's is the rest", default: 0.5 },
    } satisfies Readonly<Record<keyof NonNullable<TrainerOptions["distillation"]>, Leaf>>,
  },
  averageWeights: {
    settings: {
      type: choice(["ema", "swa"], "ends with an average of the weights, exponential or stochastic", {
        flag: "average-weights",
      }),
      decay: { kind: NUMBER, description: "of ema", default: 0.999 },
      start: { kind: NUMBER, description: "of swa: share of all steps after which it begins", default: 0.75 },
      every: { kind: WHOLE, description: "of swa: steps between two weights that are taken", default: 1 },
    } satisfies Readonly<Record<KeysOfAll<NonNullable<TrainerOptions["averageWeights"]>>, Leaf>>,
  },
  gradientCheckpointing: leaf(SWITCH, "gradientCheckpointing", "less memory for about a third more time"),
  autoFindBatchSize: leaf(SWITCH, "autoFindBatchSize", "cut batches where memory runs out"),
  nonFinite: oneOf(["stop", "skip"], "nonFinite", "at a loss or gradient that is NaN or infinite"),
  seed: leaf(WHOLE, "seed", "of dropout, new weights and the split"),
  device: leaf(textKind("device"), "device", "cpu, cuda, cuda:1; default: a GPU where there is one"),
  labels: {
    kind: namesKind("name,…"),
    description: "names of the classes, in the order of a TorchScript module's outputs",
  },
  problemType: choice(
    ["single-label", "multi-label", "regression"],
    "what the model decides; default: what the labels look like",
  ),
  outputDir: {
    kind: textKind("folder"),
    description: "logs, checkpoints and the model; default: runs/<name of the data>",
    short: "output",
  },
  logEvery: leaf(WHOLE, "logEvery", "steps between two entries of the log"),
  reportTo: leaf(namesKind("jsonl,csv,tensorboard"), "reportTo", "logs in the output folder"),
  saveStrategy: oneOf(["no", "steps", "epoch", "seconds"], "saveStrategy", "when checkpoints are written"),
  saveSteps: leaf(WHOLE, "saveSteps", "steps between two checkpoints"),
  saveSeconds: leaf(NUMBER, "saveSeconds", "seconds between two checkpoints"),
  saveTotalLimit: leaf(WHOLE, "saveTotalLimit", "checkpoints that stay"),
  evalStrategy: oneOf(["steps", "epoch"], "evalStrategy", "when validation data is evaluated"),
  evalSteps: leaf(WHOLE, "evalSteps", "steps between two evaluations"),
  earlyStoppingPatience: leaf(WHOLE, "earlyStoppingPatience", "stop after so many evaluations without progress"),
  earlyStoppingThreshold: leaf(NUMBER, "earlyStoppingThreshold", "what counts as progress"),
  metricForBestModel: oneOf(BEST_METRICS, "metricForBestModel", "metric by which evaluations are compared"),
  greaterIsBetter: leaf(SWITCH, "greaterIsBetter", "whether more of it is better; default: by the metric"),
  loadBestModelAtEnd: leaf(SWITCH, "loadBestModelAtEnd", "end with the weights of the best evaluation"),
  progress: choice(["auto", "bar", "lines", "silent"], "how progress shows on standard error", { default: "auto" }),
  callbacks: {
    kind: textsKind("module"),
    description: "JavaScript file that exports callbacks, a function or a logger; repeatable",
  },
  signal: { absent: "Ctrl-C and SIGTERM end a run, --max-seconds does by the clock" },
} as const satisfies Readonly<Record<keyof TrainerOptions, Spec>>;

/** The keys of every member of a union. */
type KeysOfAll<T> = T extends unknown ? keyof T : never;
