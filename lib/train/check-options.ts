/** Looks at the Trainer's options, each by itself and those that need one another. */
import { describe, TorchwrightError } from "../errors";
import type { ModelProblem } from "../models/model";
import { SCHEDULER_TYPES } from "../optim/schedules/by-name";
import { BEST_METRICS } from "./best-metric";
import type { TrainerLogger } from "./logs/trainer-logger";
import { REPORTS, type ResolvedTrainerOptions, TRAINER_DEFAULTS, type TrainerOptions } from "./options";
import { isNamePattern } from "./parameters/name-pattern";
import { OPTIMIZER_NAMES } from "./parameters/optimizer-by-name";
import type { GroupRule } from "./parameters/parameter-groups";
import { checkWeightAverage } from "./weight-average";

const finite = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const atLeast0 = (value: unknown): boolean => finite(value) && value >= 0;
const positive = (value: unknown): boolean => finite(value) && value > 0;
const count = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const positiveCount = (value: unknown): boolean => count(value) && value !== 0;
const text = (value: unknown): boolean => typeof value === "string" && value !== "";
const share = (value: unknown): boolean => finite(value) && value >= 0 && value <= 1;
const decayRate = (value: unknown): boolean => finite(value) && value >= 0 && value < 1;

/** Array.from fills the holes of a sparse array, which `every` would pass over. */
const arrayOf =
  (holds: (item: unknown) => boolean) =>
  (value: unknown): boolean =>
    Array.isArray(value) && Array.from(value).every(holds);

type Check = readonly [expected: string, holds: (value: unknown) => boolean];

/** A check for one of several words. */
function oneOf(words: readonly string[]): Check {
  const quoted = words.map((word) => JSON.stringify(word));
  return [
    `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`,
    (value) => (words as readonly unknown[]).includes(value),
  ];
}

const options: Check = [
  "an object of options",
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
];

function isGroupRule(value: unknown): boolean {
  const { match, learningRate = 0, weightDecay = 0, ...others } = (value ?? {}) as Partial<GroupRule>;
  return isNamePattern(match) && atLeast0(learningRate) && atLeast0(weightDecay) && Object.keys(others).length === 0;
}

const flag: Check = ["true or false", (value) => typeof value === "boolean"];

const CHECKS: { readonly [Name in keyof Required<TrainerOptions>]: Check } = {
  epochs: ["a number above 0", positive],
  maxSeconds: ["a number above 0", positive],
  maxSteps: ["a whole number above 0", positiveCount],
  gradientAccumulationSteps: ["a whole number above 0", positiveCount],
  precision: oneOf(["fp32", "bf16", "fp16", "auto"]),
  learningRate: ["a number of 0 or more", atLeast0],
  weightDecay: ["a number of 0 or more", atLeast0],
  adamBeta1: ["a number in [0, 1)", decayRate],
  adamBeta2: ["a number in [0, 1)", decayRate],
  adamEpsilon: ["a number above 0", positive],
  optim: [
    `${oneOf(OPTIMIZER_NAMES)[0]}, or a function that makes one`,
    (value) => typeof value === "function" || oneOf(OPTIMIZER_NAMES)[1](value),
  ],
  optimArgs: options,
  layerwiseLrDecay: ["a number above 0 and at most 1", (value) => positive(value) && share(value)],
  paramGroups: ["an array of { match, learningRate, weightDecay }", arrayOf(isGroupRule)],
  freeze: ["an array of names or regular expressions", arrayOf(isNamePattern)],
  gradualUnfreezing: flag,
  warmupSteps: ["a whole number of 0 or more", count],
  warmupRatio: ["a number in [0, 1]", share],
  lrSchedulerType: oneOf([...SCHEDULER_TYPES, "reduce_lr_on_plateau"]),
  lrSchedulerKwargs: options,
  maxGradNorm: ["a number of 0 or more", atLeast0],
  nonFinite: oneOf(["stop", "skip"]),
  seed: ["a whole number of 0 or more", count],
  device: ['a device such as "cpu" or "cuda"', text],
  logEvery: ["a whole number above 0", positiveCount],
  outputDir: ["a folder's path", text],
  reportTo: [
    'an array of "jsonl", "csv" and "tensorboard"',
    arrayOf((item) => (REPORTS as readonly unknown[]).includes(item)),
  ],
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
  progress: oneOf(["auto", "bar", "lines", "notebook", "silent"]),
  callbacks: [
    "an array of functions, or of objects with a function onEvent",
    arrayOf(
      (item) => typeof item === "function" || typeof (item as Partial<TrainerLogger> | null)?.onEvent === "function",
    ),
  ],
  signal: ["an AbortSignal", (value) => value instanceof AbortSignal],
  labels: ["an array of strings", (value) => Array.isArray(value) && value.every((item) => typeof item === "string")],
  problemType: oneOf(["single-label", "multi-label", "regression"]),
  labelSmoothingFactor: ["a number in [0, 1]", share],
  classWeights: [
    '"balanced", an array of numbers or numbers by label',
    (value) => value === "balanced" || (typeof value === "object" && value !== null),
  ],
  focalGamma: ["a number of 0 or more", atLeast0],
  computeLoss: ["a function", (value) => typeof value === "function"],
  averageWeights: ['an object with a type, "ema" or "swa"', (value) => typeof value === "object" && value !== null],
  gradientCheckpointing: flag,
  autoFindBatchSize: flag,
  distillation: ["an object with a teacher", (value) => typeof value === "object" && value !== null],
};

/** Names of all options. */
export const TRAINER_OPTIONS: readonly string[] = Object.keys(CHECKS);

/**
 * Checks options and fills in the defaults.
 * @throws ERR_INVALID_ARG for an option that does not exist or has a value that is not allowed
 */
export function resolveOptions(options: TrainerOptions<ModelProblem>): ResolvedTrainerOptions {
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
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `Trainer: expected ${name} to be ${expected}, got ${describe(value)}`,
      );
    }
    given[name] = value;
  }
  const resolved = { ...TRAINER_DEFAULTS, ...given } as ResolvedTrainerOptions;
  if (resolved.averageWeights) checkWeightAverage(resolved.averageWeights);
  const asked = resolved.reportTo !== TRAINER_DEFAULTS.reportTo; // which another trainer's options have, too
  if (asked && resolved.reportTo.length > 0 && resolved.outputDir === undefined) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `Trainer: expected outputDir, where logs go, with reportTo ${JSON.stringify(resolved.reportTo)}, got none`,
    );
  }
  if (resolved.saveStrategy !== "no" && resolved.outputDir === undefined) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `Trainer: expected outputDir, where checkpoints go, with saveStrategy "${resolved.saveStrategy}", got none`,
    );
  }
  if (resolved.loadBestModelAtEnd && resolved.saveStrategy === "no") {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      'Trainer: expected a saveStrategy with loadBestModelAtEnd, as the best weights are kept in a checkpoint, got "no"',
    );
  }
  return resolved;
}
