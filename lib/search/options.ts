/** The options of `search`: what they mean, their defaults, and their checks. */
import { checkSeed } from "../data/random";
import { describe, TorchwrightError } from "../errors";
import { halvingRungs, type Rung } from "./rungs";
import { checkSpace, Sampler, type SearchSpace, spaceSettings } from "./space";
import type { SearchDirection, Trial } from "./trial";

/** What both strategies share. */
interface CommonOptions<V> {
  /** Trials in all. A random search can go on with more of them in the same folder. */
  readonly trials: number;
  /** Whether a higher or a lower score is better. */
  readonly direction: SearchDirection;
  /** Decides the values and seeds of all trials, by their numbers alone. Default: 42. */
  readonly seed?: number;
  /**
   * Every result is written there at once (`trials.jsonl`), and a search with the same settings goes on after the last
   * one; each trial gets a folder of its own there. Default: nothing is written.
   */
  readonly folder?: string;
  /**
   * Whose checkpoints (`checkpoint-<step>` in their folders) stay: those that may still be the best, or all. Default
   * "best".
   */
  readonly keepCheckpoints?: "best" | "all";
  /**
   * Seconds until the search is ended, with the trial that is running; counted anew each time that it goes on. Default:
   * no limit.
   */
  readonly maxSeconds?: number;
  /** Aborting ends the search, which resolves with what was done. Default: none. */
  readonly signal?: AbortSignal;
  /** "lines" prints one for each result on standard error. Default "lines". */
  readonly progress?: "lines" | "silent";
  /** Called with a trial after each of its rungs and awaited; what one throws ends the search. Default: none. */
  readonly callbacks?: readonly ((trial: Trial<V>) => void | Promise<void>)[];
}

/** Every trial runs once. */
export interface RandomSearchOptions<V> extends CommonOptions<V> {
  /** Default "random". */
  readonly strategy?: "random";
  /** Budget of every trial, a whole number; default: Infinity, which says nothing. */
  readonly maxBudget?: number;
  /** Only of "halving". */
  readonly minBudget?: never;
  /** Only of "halving". */
  readonly factor?: never;
}

/**
 * Successive halving: all trials run with a small budget, and the best of them with more, as scikit-learn's
 * `HalvingRandomSearchCV`.
 */
export interface HalvingSearchOptions<V> extends CommonOptions<V> {
  readonly strategy: "halving";
  /** The largest budget of a trial, a whole number of whatever the objective counts. */
  readonly maxBudget: number;
  /** Budget of the first rung. Default: the largest with which the last rung has as much of `maxBudget` as it can. */
  readonly minBudget?: number;
  /** Of the trials of a rung, 1/factor go on, with factor times the budget. Default 3. */
  readonly factor?: number;
}

/** Options of `search`, for either strategy. */
export type SearchOptions<V> = RandomSearchOptions<V> | HalvingSearchOptions<V>;

/** What every search starts from. */
const DEFAULTS = { strategy: "random", seed: 42, factor: 3, keepCheckpoints: "best", progress: "lines" } as const;

/** A search that is ready to run. */
export interface SearchPlan {
  readonly strategy: "random" | "halving";
  readonly direction: SearchDirection;
  readonly rungs: readonly [Rung, ...Rung[]];
  readonly sampler: Sampler;
  /** What makes it this search and no other; plain data. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly keepCheckpoints: "best" | "all";
  readonly progress: "lines" | "silent";
}

type Check = readonly [expected: string, holds: (value: unknown) => boolean];

const whole: Check = ["a whole number above 0", (value) => Number.isSafeInteger(value) && (value as number) > 0];

const CHECKS: Readonly<Record<string, Check>> = {
  strategy: ['"random" or "halving"', (value) => value === "random" || value === "halving"],
  trials: whole,
  direction: ['"maximize" or "minimize"', (value) => value === "maximize" || value === "minimize"],
  maxBudget: whole,
  minBudget: whole,
  factor: ["a whole number of at least 2", (value) => Number.isSafeInteger(value) && (value as number) >= 2],
  folder: ["a folder's path", (value) => typeof value === "string" && value !== ""],
  keepCheckpoints: ['"best" or "all"', (value) => value === "best" || value === "all"],
  maxSeconds: ["a number above 0", (value) => typeof value === "number" && value > 0],
  signal: ["an AbortSignal", (value) => value instanceof AbortSignal],
  progress: ['"lines" or "silent"', (value) => value === "lines" || value === "silent"],
  callbacks: [
    "an array of functions",
    (value) => Array.isArray(value) && Array.from<unknown>(value).every((item) => typeof item === "function"),
  ],
};
const NAMES = [...Object.keys(CHECKS), "seed"];

/**
 * Checks a space and options, fills in the defaults and plans the rungs.
 * @throws ERR_INVALID_ARG
 */
export function planSearch<V>(space: SearchSpace, options: SearchOptions<V>): SearchPlan {
  checkSpace(space);
  if (typeof options !== "object" || options === null) {
    throw invalid("options, { trials, direction } at least", options);
  }
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    if (!NAMES.includes(name)) throw invalid(`options among ${NAMES.join(", ")}`, name);
    const [expected, holds] = (Object.hasOwn(CHECKS, name) ? CHECKS[name] : undefined) ?? [];
    if (value !== undefined && holds && !holds(value)) throw invalid(`${name} to be ${expected}`, value);
  }
  const {
    seed = DEFAULTS.seed,
    strategy = DEFAULTS.strategy,
    trials,
    direction,
    keepCheckpoints = DEFAULTS.keepCheckpoints,
    progress = DEFAULTS.progress,
  } = options;
  checkSeed("search", seed);
  for (const [name, value] of Object.entries({ trials, direction })) {
    if (value === undefined) throw invalid(`the option ${name}`, value);
  }
  const sampler = new Sampler(space, seed);
  if (trials > sampler.size) {
    throw invalid(`at most ${sampler.size} trials, as many as the space has combinations`, trials);
  }
  const rungs = options.strategy === "halving" ? halving(options) : random(options);
  return {
    strategy,
    direction,
    rungs,
    sampler,
    keepCheckpoints,
    progress,
    settings: {
      strategy,
      direction,
      seed,
      space: spaceSettings(space),
      ...(strategy === "halving" ? { rungs } : { budget: options.maxBudget ?? null }),
    },
  };
}

function halving<V>({
  trials,
  factor = DEFAULTS.factor,
  minBudget,
  maxBudget,
}: HalvingSearchOptions<V>): SearchPlan["rungs"] {
  if (maxBudget === undefined) throw invalid("the option maxBudget with successive halving", maxBudget);
  if (minBudget !== undefined && minBudget > maxBudget) {
    throw invalid(`minBudget of at most maxBudget, ${maxBudget}`, minBudget);
  }
  return halvingRungs({ trials, factor, minBudget, maxBudget }) as [Rung, ...Rung[]];
}

function random<V>(options: RandomSearchOptions<V>): SearchPlan["rungs"] {
  for (const name of ["minBudget", "factor"] as const) {
    if (options[name] !== undefined) throw invalid('strategy: "halving" with', name);
  }
  return [{ trials: options.trials, budget: options.maxBudget ?? Infinity }];
}

function invalid(expected: string, got: unknown): TorchwrightError {
  return new TorchwrightError("ERR_INVALID_ARG", `search: expected ${expected}, got ${describe(got)}`);
}
