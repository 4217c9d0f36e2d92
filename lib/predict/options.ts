/** The options of a `Classifier` and its calls: what they mean, their defaults, and their checks. */
import type { HubOptions } from "../hub/options";
import type { WindowOptions } from "../data/loading/windows";
import { TorchwrightError } from "../errors";
import { type OptionCheck, readOptions, wholeNumber } from "../metrics/metric-options";
import type { Calibration } from "../models/calibration";
import type { ModelProblem } from "../models/model";

/** How texts are cut and batched, and how logits are read. */
export interface ClassifierOptions {
  /** Encodings that go through the model at once, at most. Default 32. */
  readonly batchSize?: number;
  /**
   * Tokens that go through the model at once, at most, padding included; a text that has more goes alone. Default: 1024
   * on the CPU, whose caches hold no more; no limit on a GPU.
   */
  readonly maxTokens?: number;
  /**
   * Longest encoding in tokens, special tokens included; longer texts are cut. Default: what tokenizer and model take.
   */
  readonly maxLength?: number;
  /**
   * Long texts are read whole, in windows of `maxLength` tokens that share `stride` tokens with the one before; the
   * logits of a text are the mean over its windows. Default: off, long texts are cut.
   */
  readonly windows?: WindowOptions;
  /**
   * How long a batch that is not full waits for further calls, in milliseconds; the model never waits for texts that
   * are there. Default 0.
   */
  readonly maxWaitMs?: number;
  /** A temperature, and maybe a threshold to abstain below. Default: none; of a folder the one that it holds. */
  readonly calibration?: Calibration;
}

/** Options of `Classifier.load`. */
export interface LoadOptions<P extends ModelProblem = "single-label"> extends ClassifierOptions, HubOptions {
  /** "cpu", "cuda", "cuda:1". Default: a GPU where there is one. */
  readonly device?: string;
  /**
   * What the folder's model decides, which is to be said of all but single-label models, as predictions are of another
   * type. Default "single-label".
   */
  readonly problemType?: P;
}

/** What a prediction has beside its label. */
export interface PredictOptions {
  /** How many of the most probable labels `top` lists. Default 1; of a multi-label model all. */
  readonly topK?: number;
  /** Of a multi-label model: what a label's probability must exceed, from 0 to 1. Default 0.5. */
  readonly threshold?: number;
  /** Gives the call up with the signal's reason; what waits for the model is dropped. */
  readonly signal?: AbortSignal;
}

/** As for `predict`, and how far ahead the source is read. */
export interface StreamOptions extends PredictOptions {
  /** Batches of texts that are read ahead of the consumer, at least 1. Default 2. */
  readonly prefetch?: number;
}

/** Which label is explained, and how exactly. */
export interface ExplainOptions {
  /** The label whose score is explained. Default: the one that is predicted. */
  readonly label?: string;
  /**
   * Points on the way from the baseline to the text, 1 to 1000: more make the sum of the attributions more exact.
   * Default 50.
   */
  readonly steps?: number;
  /** Gives up with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface ResolvedPredictOptions {
  readonly topK: number;
  readonly threshold: number;
  readonly signal: AbortSignal | undefined;
}

/** The longest that a timer takes. */
const MOST_MILLISECONDS = 2 ** 31 - 1;
const MOST_STEPS = 1000;

const count = wholeNumber(1, Number.MAX_SAFE_INTEGER);
const anything: OptionCheck = ["", () => true]; // checked where it is read
const signalCheck: OptionCheck = ["an AbortSignal", (value) => value instanceof AbortSignal];

/** Of a classifier's options those that shape its batches. */
export interface BatchOptions {
  readonly batchSize: number;
  readonly maxTokens: number | undefined;
  readonly maxWaitMs: number;
}

/**
 * Those options with their defaults; what `maxLength`, `windows` and `calibration` say is checked elsewhere. Throws
 * ERR_INVALID_ARG.
 */
export function resolveBatchOptions(given: ClassifierOptions): BatchOptions {
  const defaults = {
    batchSize: 32,
    maxTokens: undefined,
    maxWaitMs: 0,
    maxLength: undefined,
    windows: undefined,
    calibration: undefined,
  };
  return readOptions<BatchOptions & { readonly [name: string]: unknown }>("Classifier", given, defaults, {
    batchSize: count,
    maxTokens: count,
    maxWaitMs: [
      `a number of milliseconds from 0 to ${MOST_MILLISECONDS}`,
      (value) => typeof value === "number" && value >= 0 && value <= MOST_MILLISECONDS,
    ],
    maxLength: anything,
    windows: anything,
    calibration: anything,
  });
}

const PREDICT_CHECKS = {
  topK: count,
  threshold: ["a number from 0 to 1", (value: unknown) => typeof value === "number" && value >= 0 && value <= 1],
  signal: signalCheck,
  prefetch: count,
} as const satisfies Record<string, OptionCheck>;

interface Given {
  readonly topK: number | undefined;
  readonly threshold: number | undefined;
  readonly signal: AbortSignal | undefined;
}

const NONE: Given = { topK: undefined, threshold: undefined, signal: undefined };

/**
 * Options of a call with the defaults of the problem. Throws ERR_INVALID_ARG, also for an option that another problem
 * has.
 */
export function resolvePredictOptions(
  operation: string,
  given: PredictOptions,
  problem: ModelProblem,
): ResolvedPredictOptions {
  const { prefetch: _, ...checks } = PREDICT_CHECKS;
  return forProblem(operation, readOptions(operation, given, NONE, checks), problem);
}

/** The same for a stream. */
export function resolveStreamOptions(
  given: StreamOptions,
  problem: ModelProblem,
): ResolvedPredictOptions & { readonly prefetch: number } {
  const { prefetch, ...options } = readOptions("stream", given, { ...NONE, prefetch: 2 }, PREDICT_CHECKS);
  return { ...forProblem("stream", options, problem), prefetch };
}

function forProblem(
  operation: string,
  { topK, threshold, signal }: Given,
  problem: ModelProblem,
): ResolvedPredictOptions {
  const invalid = (name: string, got: number): TorchwrightError =>
    new TorchwrightError("ERR_INVALID_ARG", `${operation}: expected no ${name} for a ${problem} model, got ${got}`);
  if (threshold !== undefined && problem !== "multi-label") throw invalid("threshold", threshold);
  if (topK !== undefined && problem === "regression") throw invalid("topK", topK);
  return { topK: topK ?? (problem === "multi-label" ? Infinity : 1), threshold: threshold ?? 0.5, signal };
}

/** Options of `explain` with their defaults. Throws ERR_INVALID_ARG. */
export function resolveExplainOptions(given: ExplainOptions): {
  readonly label: string | undefined;
  readonly steps: number;
  readonly signal: AbortSignal | undefined;
} {
  const defaults: {
    readonly label: string | undefined;
    readonly steps: number;
    readonly signal: AbortSignal | undefined;
  } = { label: undefined, steps: 50, signal: undefined };
  return readOptions("explain", given, defaults, {
    label: ["the name of a label", (value) => typeof value === "string"],
    steps: wholeNumber(1, MOST_STEPS),
    signal: signalCheck,
  });
}
