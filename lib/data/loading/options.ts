/** The options of a `DataLoader`: what they mean, their defaults, and their checks. */
import { describe, TorchwrightError } from "../../errors";
import { cuda } from "../../tensor/cuda";
import type { EncodeOptions, Tokenizer } from "../../text/tokenizer";
import type { Batch } from "../batch";
import { checkProblemType, type ProblemType } from "../problem-type";
import { checkSeed } from "../random";
import { RandomSampler } from "../samplers/random-sampler";
import type { Sampler } from "../samplers/sampler";
import { SequentialSampler } from "../samplers/sequential-sampler";
import { checkDistributed, type Distributed } from "./plan";
import type { CollateInput } from "./prepare";
import { checkWhole, encodeOptionsFor, type WindowOptions } from "./windows";

/** Options of a `DataLoader`; `Item` is what an own `collate` makes of a batch. */
export interface DataLoaderOptions<Item = Batch> {
  /** Makes ids of the texts. */
  readonly tokenizer: Tokenizer;
  /** Examples per batch. Default: 8; with `maxTokens`, as many as fit. */
  readonly batchSize?: number;
  /**
   * Tokens per batch at most, padding included: short texts come many to a batch, long ones few. A document whose
   * windows alone are more is a batch of its own. For datasets in memory, which are tokenized once to learn their
   * lengths. Default: no limit.
   */
  readonly maxTokens?: number;
  /** A new random order each epoch, decided by `seed` and the epoch's number. Default: false. */
  readonly shuffle?: boolean;
  /** Decides the order with `shuffle`. Default: 42. */
  readonly seed?: number;
  /** Another order than `shuffle` gives: by weight, balanced by class, grouped by length, or an own one. */
  readonly sampler?: Sampler;
  /** Longest row in tokens, special tokens included. Default: the tokenizer's. */
  readonly maxLength?: number;
  /** Leave out a last batch that is not full. Default: false. */
  readonly dropLast?: boolean;
  /** Device of the batches. Default: "cpu"; a model moves what it is given to where it is. */
  readonly device?: string;
  /**
   * Class names by class id: `model.labels` where the model may have an order of its own, as one that was trained
   * before. Default: the dataset's own; a stream has none.
   */
  readonly labels?: readonly string[];
  /** What a stream's labels are, where they do not show it. A dataset in memory knows. */
  readonly problemType?: ProblemType;
  /** Batches that are tokenized while the loop's body works on one; 0 tokenizes on demand. Default: 4. */
  readonly prefetch?: number;
  /** Batches are padded to a multiple of this, as 8 suits a GPU's matrix units. Default: 1. */
  readonly padToMultipleOf?: number;
  /**
   * Long documents come whole, in windows of `maxLength` tokens that share `stride` tokens with the one before, each a
   * row of the batch. All windows of a document are in one batch, which `batch.documents` tells apart. Default: off,
   * long documents are cut.
   */
  readonly windows?: WindowOptions;
  /** This process's part of the data, where several train together. Default: all. */
  readonly distributed?: Distributed;
  /**
   * Batches go through page-locked memory, from which a GPU copies while the program goes on. Default: true where
   * `device` is a GPU. Throws ERR_DEVICE_UNAVAILABLE where there is no CUDA.
   */
  readonly pinMemory?: boolean;
  /** Makes what the loop gets of a batch, in place of a `Batch`; a `dispose()` that it has is called as a batch's. */
  readonly collate?: (input: CollateInput) => Item;
  /** Ends the loop with the signal's reason, once a source that is being asked for its next row has answered. */
  readonly signal?: AbortSignal;
}

/** Options with their defaults filled in. */
export interface ResolvedLoaderOptions {
  readonly tokenizer: Tokenizer;
  readonly encodeOptions: EncodeOptions;
  readonly batchSize: number | undefined;
  readonly maxTokens: number | undefined;
  readonly sampler: Sampler;
  readonly maxLength: number;
  readonly dropLast: boolean;
  readonly device: string | undefined;
  readonly labels: readonly string[] | undefined;
  readonly problemType: ProblemType | undefined;
  readonly prefetch: number;
  readonly padToMultipleOf: number;
  readonly distributed: Distributed | undefined;
  readonly pinMemory: boolean | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Checks every option and fills in defaults. Throws ERR_INVALID_ARG, ERR_DEVICE_UNAVAILABLE. */
export function resolveLoaderOptions(options: DataLoaderOptions<unknown>): ResolvedLoaderOptions {
  const {
    tokenizer,
    shuffle = false,
    seed = 42,
    sampler,
    dropLast = false,
    device,
    labels,
    windows,
    pinMemory,
    signal,
    collate,
  } = options ?? {};
  if (typeof tokenizer?.encodeBatch !== "function") {
    throw invalid("the option tokenizer, from AutoTokenizer.fromPretrained(folder)", tokenizer);
  }
  const unknown = Object.keys(options).find((name) => !OPTIONS.has(name));
  if (unknown !== undefined) throw invalid(`options among ${[...OPTIONS].join(", ")}`, unknown);
  const { maxTokens, batchSize = maxTokens === undefined ? 8 : undefined, prefetch = 4, padToMultipleOf = 1 } = options;
  if (batchSize !== undefined) checkWhole("DataLoader", "batchSize", batchSize, 1);
  const encodeOptions = encodeOptionsFor("DataLoader", options.maxLength ?? tokenizer.maxLength, windows);
  const { maxLength } = encodeOptions;
  checkWhole("DataLoader", "prefetch", prefetch, 0);
  checkWhole("DataLoader", "padToMultipleOf", padToMultipleOf, 1);
  if (maxTokens !== undefined) {
    const widest = Math.ceil(maxLength / padToMultipleOf) * padToMultipleOf;
    if (!Number.isSafeInteger(maxTokens) || maxTokens < widest) {
      throw invalid(`maxTokens of at least ${widest}, the longest row`, maxTokens);
    }
  }
  for (const [name, flag] of Object.entries({ shuffle, dropLast, pinMemory })) {
    if (flag !== undefined && typeof flag !== "boolean") throw invalid(`${name} to be true or false`, flag);
  }
  if (device !== undefined && typeof device !== "string") throw invalid("device to be text", device);
  checkSeed("DataLoader", seed);
  if (sampler !== undefined && typeof sampler?.order !== "function") {
    throw invalid("sampler to have the method order", sampler);
  }
  if (sampler !== undefined && options.shuffle !== undefined) throw invalid("either shuffle or a sampler", "both");
  if (collate !== undefined && typeof collate !== "function") throw invalid("collate to be a function", collate);
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw invalid("signal to be an AbortSignal", signal);
  if (pinMemory === true && !cuda.isAvailable()) {
    throw new TorchwrightError(
      "ERR_DEVICE_UNAVAILABLE",
      "DataLoader: expected a CUDA device for pinMemory, got none; leave the option out",
    );
  }
  return {
    tokenizer,
    encodeOptions,
    batchSize,
    maxTokens,
    sampler: sampler ?? (shuffle ? new RandomSampler({ seed }) : new SequentialSampler()),
    maxLength,
    dropLast,
    device,
    labels: labels === undefined ? undefined : checkLabels(labels),
    problemType: checkProblemType("DataLoader", options.problemType),
    prefetch,
    padToMultipleOf,
    distributed: checkDistributed(options.distributed),
    pinMemory,
    signal,
  };
}

const OPTIONS: ReadonlySet<string> = new Set<keyof DataLoaderOptions>([
  "tokenizer",
  "batchSize",
  "maxTokens",
  "shuffle",
  "seed",
  "sampler",
  "maxLength",
  "dropLast",
  "device",
  "labels",
  "problemType",
  "prefetch",
  "padToMultipleOf",
  "windows",
  "distributed",
  "pinMemory",
  "collate",
  "signal",
]);

/** Throws ERR_INVALID_ARG unless the value is an array of different names. */
export function checkLabels(labels: unknown): readonly string[] {
  const names: readonly unknown[] | undefined = Array.isArray(labels) ? (labels as unknown[]) : undefined;
  if (!names?.every((name) => typeof name === "string")) throw invalid("labels to be an array of names", labels);
  if (new Set(names).size < names.length) throw invalid("labels to be different names", names);
  return names;
}

/** The error for an option or argument. */
export function invalid(expected: string, got: unknown): TorchwrightError {
  return new TorchwrightError("ERR_INVALID_ARG", `DataLoader: expected ${expected}, got ${describe(got)}`);
}
