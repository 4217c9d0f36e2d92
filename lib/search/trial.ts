/** What a trial is given, what it gives, and what is kept of it. */

/** What an objective is told of the trial that it is to run. */
export interface TrialContext<V> {
  /** Its number, from 0. */
  readonly trial: number;
  /** One value of each hyper-parameter; a copy of the trial's own. */
  readonly values: V;
  /** For whatever is random in the trial, as weights and dropout: its own, the same on every rung. */
  readonly seed: number;
  /**
   * What it may spend, in whatever the objective counts: epochs, steps, rows. Infinity in a random search without
   * `maxBudget`.
   */
  readonly budget: number;
  /** What the trials of the last rung may spend: the run that a learning-rate schedule is to be planned for. */
  readonly finalBudget: number;
  /** Whether high or low scores are good. */
  readonly direction: SearchDirection;
  /**
   * Its own place for files, the same on every rung and when it is repeated after a break; made by whoever writes
   * there. Undefined without the option `folder`.
   */
  readonly folder: string | undefined;
  /**
   * Aborted when the search is to end: by the caller's signal, Ctrl-C, SIGTERM, or `maxSeconds`. What the objective
   * gives then does not count.
   */
  readonly signal: AbortSignal;
}

/** A score with numbers that are kept beside it. */
export interface TrialScore {
  /** What trials are compared by. */
  readonly score: number;
  /** For the report. What is not finite is kept as NaN. */
  readonly metrics?: Readonly<Record<string, number>>;
}

/**
 * Runs a trial and says how good it was. What it throws, and a score that is not finite, count as a failure of this
 * trial alone. Tensors that it makes are its own to free.
 */
export type SearchObjective<V> = (trial: TrialContext<V>) => number | TrialScore | Promise<number | TrialScore>;

/** Whether high or low scores are good. */
export type SearchDirection = "maximize" | "minimize";

/** What a trial reached with a budget. */
export interface RungResult {
  /** What the trial had been given in all. */
  readonly budget: number;
  /** The score with it. */
  readonly score: number;
  /** What was measured beside the score. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Wall time of this rung. */
  readonly seconds: number;
}

/** Why a trial failed. */
export interface TrialFailure {
  /** Of an error with a code. */
  readonly code?: string;
  /** The error's message. */
  readonly message: string;
}

/**
 * "done": went as far as any; "pruned": others were better on its last rung; "failed": threw, or had no finite score;
 * "interrupted": the search ended while it was running; "waiting": its next rung has not begun, or the search ended
 * before.
 */
export type TrialStatus = "done" | "pruned" | "failed" | "interrupted" | "waiting";

/** A trial and all that became of it; plain data. */
export interface Trial<V> {
  /** Its number, from 0. */
  readonly trial: number;
  /** The drawn values. */
  readonly values: V;
  /** The trial's seed. */
  readonly seed: number;
  /** How it ended. */
  readonly status: TrialStatus;
  /** Of its last rung with a score; undefined where there is none. */
  readonly score: number | undefined;
  /** Its scores, budget by budget. */
  readonly rungs: readonly RungResult[];
  /** Wall time of all its rungs, failed ones included. */
  readonly seconds: number;
  /** Absent unless it failed. */
  readonly error?: TrialFailure;
  /** Where its files are; undefined without the option `folder`. */
  readonly folder: string | undefined;
}
