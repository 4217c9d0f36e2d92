/** From which confidence on a model may answer, so that it errs no more often than one accepts. */
import { describe, TorchwrightError } from "../../errors";
import { readOptions } from "../../metrics/metric-options";
import { errorRateBound } from "./binomial-bound";

/** How many of the given predictions may be wrong, and how surely. */
export interface AbstentionOptions {
  /** Most errors that are accepted, as a share of the predictions that are given; from 0, below 1. */
  readonly risk: number;
  /**
   * Asks for a guarantee: over drawings of the held-out data, the risk on new data from the same source is met with a
   * probability of at least 1 − delta. In (0, 1). Default: none, the risk is that of the held-out data itself.
   */
  readonly delta?: number;
}

/** A threshold, and what it means on the held-out data. */
export interface Abstention {
  /** Predictions with a probability below it abstain. */
  readonly threshold: number;
  /** Share of the rows that are answered. */
  readonly coverage: number;
  /** Share of errors among the answered rows. */
  readonly risk: number;
  /** With `delta`: what the risk on new data stays below, with confidence 1 − delta. */
  readonly bound?: number;
}

/**
 * The smallest confidence from which on predictions keep a risk, among the confidences of held-out rows.
 *
 * With `delta` as Geifman & El-Yaniv, *Selective Classification for Deep Neural Networks*, 2017 (algorithm SGR): a
 * binary search over the sorted rows with Clopper-Pearson bounds, each at delta over the number of bounds, so that all
 * of them hold at once.
 *
 * @param probabilities of the predicted classes, `[rows]`, in [0, 1]: calibrated where predictions will be
 * @param correct whether each prediction was right, `[rows]`
 * @throws TorchwrightError ERR_INVALID_ARG; also where no threshold keeps the risk, with the lowest that one keeps
 *
 * @example
 * ```ts
 * import { abstentionThreshold } from "torchwright";
 * const { threshold, coverage } = abstentionThreshold([0.95, 0.9, 0.7, 0.6], [true, true, true, false], { risk: 0.1 });
 * console.log(threshold, coverage); // 0.7 0.75
 * ```
 */
export function abstentionThreshold(
  probabilities: ArrayLike<number>,
  correct: ArrayLike<boolean>,
  options: AbstentionOptions,
): Abstention {
  const { risk, delta } = checkAbstentionOptions("abstentionThreshold", options);
  const { all, wrong } = sortRows(probabilities, correct);
  const rows = all.length;
  const share = delta && delta / (Math.floor(Math.log2(rows)) + 1);
  let lowest = 1;
  /** What it means to answer from a row's confidence on, where that keeps the risk. */
  const answeringFrom = (row: number): Abstention | undefined => {
    const threshold = all[row] as number;
    const answered = rows - firstFrom(all, threshold);
    const errors = wrong.length - firstFrom(wrong, threshold);
    const bound = share && errorRateBound(errors, answered, share);
    const reached = bound ?? errors / answered;
    lowest = Math.min(lowest, reached);
    return reached > risk
      ? undefined
      : { threshold, coverage: answered / rows, risk: errors / answered, ...(bound !== undefined && { bound }) };
  };
  let found: Abstention | undefined;
  if (share === undefined) {
    for (let row = 0; row < rows && !found; row++) found = answeringFrom(row);
  } else {
    for (let low = 0, high = rows - 1; low <= high;) {
      const middle = Math.ceil((low + high) / 2);
      const kept = answeringFrom(middle);
      if (kept) [found, high] = [kept, middle - 1];
      else low = middle + 1;
    }
  }
  if (found) return found;
  throw new TorchwrightError(
    "ERR_INVALID_ARG",
    `abstentionThreshold: expected a risk that some threshold keeps on ${rows} held-out rows, got ${risk}; the lowest is ${lowest.toPrecision(3)}` +
      (delta === undefined ? "" : `, as a bound with delta ${delta}, which more rows make tighter`),
  );
}

/** Throws ERR_INVALID_ARG. */
export function checkAbstentionOptions(
  operation: string,
  options: AbstentionOptions,
): { readonly risk: number; readonly delta: number | undefined } {
  const defaults: { readonly risk: number | undefined; readonly delta: number | undefined } = {
    risk: undefined,
    delta: undefined,
  };
  const { risk, delta } = readOptions(operation, options, defaults, {
    risk: ["a number from 0, below 1", (value) => typeof value === "number" && value >= 0 && value < 1],
    delta: ["a number between 0 and 1", (value) => typeof value === "number" && value > 0 && value < 1],
  });
  if (risk !== undefined) return { risk, delta };
  throw new TorchwrightError(
    "ERR_INVALID_ARG",
    `${operation}: expected risk, a number from 0, below 1, got ${describe(risk)}`,
  );
}

/** Confidences of all rows and of the wrong ones, ascending. Throws ERR_INVALID_ARG. */
function sortRows(
  probabilities: ArrayLike<number>,
  correct: ArrayLike<boolean>,
): { readonly all: Float64Array; readonly wrong: Float64Array } {
  const invalid = (expected: string, got: string): TorchwrightError =>
    new TorchwrightError("ERR_INVALID_ARG", `abstentionThreshold: expected ${expected}, got ${got}`);
  const rows: unknown = (probabilities as ArrayLike<number> | undefined)?.length;
  if (typeof probabilities !== "object" || !Number.isSafeInteger(rows) || rows === 0) {
    throw invalid("an array of at least one probability", describe(probabilities));
  }
  if (typeof correct !== "object" || (correct as ArrayLike<boolean> | null)?.length !== rows) {
    throw invalid(`an array of ${String(rows)} booleans, one for each probability`, describe(correct));
  }
  const all = new Float64Array(rows as number);
  const wrong: number[] = [];
  for (let row = 0; row < all.length; row++) {
    const [probability, right] = [probabilities[row] as unknown, correct[row] as unknown];
    if (typeof probability !== "number" || !(probability >= 0 && probability <= 1)) {
      throw invalid("probabilities in [0, 1]", `${describe(probability)} (row ${row})`);
    }
    if (typeof right !== "boolean") {
      throw invalid("true or false for each prediction", `${describe(right)} (row ${row})`);
    }
    all[row] = probability;
    if (!right) wrong.push(probability);
  }
  return { all: all.sort(), wrong: Float64Array.from(wrong).sort() };
}

/** Where the values of at least `least` begin in an ascending list. */
function firstFrom(sorted: Float64Array, least: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
