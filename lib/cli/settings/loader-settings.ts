/** The DataLoader's options as settings, and those of other commands that read texts in batches. */
import type { DataLoaderOptions } from "../../data/loading/options";
import { SHARE, SWITCH, textKind, WHOLE, WHOLE_FROM_0, WHOLE_FROM_1 } from "./kind";
import { choice, type Spec } from "./setting";

export const SAMPLERS = ["random", "sequential", "length-grouped", "class-balanced"] as const;

/** Options that the Trainer's settings say, or that a command decides by itself. */
type Elsewhere = "device" | "labels" | "problemType" | "seed";

export const LOADER_SETTINGS = {
  batchSize: { kind: WHOLE_FROM_1, description: "texts per batch", default: 8 },
  maxTokens: { kind: WHOLE_FROM_1, description: "tokens per batch at most, padding included" },
  maxLength: { kind: WHOLE_FROM_1, description: "longest text in tokens; default: what model and tokenizer take" },
  windows: {
    on: "read long texts whole, in windows of max-length tokens",
    settings: {
      stride: { kind: WHOLE_FROM_0, description: "tokens that a window shares with the one before", default: 0 },
    },
  },
  sampler: choice(SAMPLERS, "order of the texts", { default: "random" }),
  shuffle: { kind: SWITCH, description: "a new random order each epoch; --no-shuffle keeps the order", default: true },
  dropLast: { kind: SWITCH, description: "leave out a last batch that is not full" },
  padToMultipleOf: { kind: WHOLE_FROM_1, description: "batches are padded to a multiple of this", default: 1 },
  prefetch: { kind: WHOLE_FROM_0, description: "batches that are tokenized ahead", default: 4 },
  pinMemory: { kind: SWITCH, description: "batches go through page-locked memory; default: for a GPU" },
  tokenizer: { kind: textKind("folder"), description: "folder of the tokenizer; default: the model's" },
  distributed: { absent: "one process trains" },
  collate: { absent: "the Trainer takes the library's own batches" },
  signal: { absent: "Ctrl-C and SIGTERM end the command" },
} as const satisfies Readonly<Record<Exclude<keyof DataLoaderOptions, Elsewhere>, Spec>>;

/** Of training alone. */
export const TRAIN_LOADER_SETTINGS = {
  ...LOADER_SETTINGS,
  dataSeed: { kind: WHOLE, description: "of the order of the texts", default: 42 },
  evalBatchSize: { kind: WHOLE_FROM_1, description: "texts per batch of an evaluation; default: batch-size" },
} as const satisfies Readonly<Record<string, Spec>>;

const { batchSize, maxTokens, maxLength, windows, padToMultipleOf, prefetch, pinMemory, tokenizer } = LOADER_SETTINGS;

/** Where texts are evaluated in their order. */
export const EVALUATION_LOADER_SETTINGS = {
  batchSize,
  maxTokens,
  maxLength,
  windows,
  padToMultipleOf,
  prefetch,
  pinMemory,
  tokenizer,
};

/** Of a classifier. */
export const CLASSIFIER_SETTINGS = {
  batchSize: { ...batchSize, default: 32 },
  maxTokens: {
    ...maxTokens,
    description: "tokens that go through the model at once, at most; default on the CPU: 1024",
  },
  maxLength,
  windows,
  prefetch: { ...prefetch, kind: WHOLE_FROM_1, description: "batches of texts that are read ahead", default: 2 },
  topK: { kind: WHOLE_FROM_1, description: "list so many of the most probable labels" },
  threshold: {
    kind: SHARE,
    description: "of a multi-label model: what a label's probability must exceed",
    default: 0.5,
  },
  abstainBelow: {
    kind: SHARE,
    description: "probability below which a prediction says that it abstains; default: the model's calibration",
  },
  device: { kind: textKind("device"), description: "cpu, cuda, cuda:1; default: a GPU where there is one" },
} as const satisfies Readonly<Record<string, Spec>>;
