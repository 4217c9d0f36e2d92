/** What stands behind the name `hp`: distributions of hyper-parameters, as in hyperopt, Ray Tune and Optuna. */
import { isDeepStrictEqual } from "node:util";
import { describe, TorchwrightError } from "../errors";
import { Distribution, type Json } from "./distribution";

export type { Distribution } from "./distribution";

/** A grid for `uniform`. */
export interface StepOptions {
  /** Only `low`, `low + step`, `low + 2·step`, … up to `high`, all equally likely. Default: every number between. */
  readonly step?: number;
}

/** A grid for `int`, or a logarithmic scale. */
export interface IntegerOptions {
  /** Only `low`, `low + step`, … up to `high`. Default 1. */
  readonly step?: number;
  /** Every factor is as likely as any other, as in {@link logUniform}: 8 to 16 as 16 to 32. Default false. */
  readonly log?: boolean;
}

/** Numbers from `low` to `high`, all equally likely. Throws ERR_INVALID_ARG. */
export function uniform(low: number, high: number, { step }: StepOptions = {}): Distribution<number> {
  checkRange("uniform", low, high);
  if (step === undefined) {
    return new Distribution({ kind: "uniform", low, high }, (share) => within(low, high, low + share * (high - low)));
  }
  if (!(Number.isFinite(step) && step > 0)) throw invalid("uniform", "step to be a number above 0", step);
  // The last one counts where it is missed by rounding alone, as 0.3 by three steps of 0.1.
  const count = Math.floor((high - low) / step + 1e-9) + 1;
  checkCount("uniform", count);
  const at = (index: number): number => within(low, high, Number((low + index * step).toPrecision(14)));
  return new Distribution({ kind: "uniform", low, high, step }, (share) => at(Math.floor(share * count)), count);
}

/**
 * Numbers from `low` to `high` whose logarithms are equally likely: 1e-5 to 1e-4 as 1e-4 to 1e-3. Throws
 * ERR_INVALID_ARG.
 */
export function logUniform(low: number, high: number): Distribution<number> {
  checkRange("logUniform", low, high);
  if (low <= 0) throw invalid("logUniform", "low to be above 0", low);
  return new Distribution({ kind: "logUniform", low, high }, (share) =>
    within(low, high, logarithmic(low, high, share)),
  );
}

/** Whole numbers from `low` to `high`, both included. Throws ERR_INVALID_ARG. */
export function integer(
  low: number,
  high: number,
  { step = 1, log = false }: IntegerOptions = {},
): Distribution<number> {
  for (const [name, value] of Object.entries({ low, high, step })) {
    if (!Number.isSafeInteger(value)) throw invalid("integer", `${name} to be a whole number`, value);
  }
  checkRange("integer", low, high);
  if (step < 1) throw invalid("integer", "step to be a whole number above 0", step);
  if (typeof log !== "boolean") throw invalid("integer", "log to be true or false", log);
  if (!log) {
    const count = Math.floor((high - low) / step) + 1;
    checkCount("integer", count);
    return new Distribution(
      { kind: "integer", low, high, ...(step !== 1 && { step }) },
      (share) => low + step * Math.floor(share * count),
      count,
    );
  }
  if (step !== 1) throw invalid("integer", "either step or log, got both; step", step);
  if (low < 1) throw invalid("integer", "low to be 1 or more with log", low);
  // Each number has the room of one, as in Optuna: 1 is as 0.5 to 1.5.
  const quantile = (share: number): number => within(low, high, Math.round(logarithmic(low - 0.5, high + 0.5, share)));
  return new Distribution({ kind: "integer", low, high, log }, quantile);
}

/** One of a list, all equally likely: what JSON can hold. Throws ERR_INVALID_ARG. */
export function choice<const T extends Json>(options: readonly T[]): Distribution<T> {
  if (!Array.isArray(options) || options.length === 0) {
    throw invalid("choice", "an array of at least one option", options);
  }
  // As text, so that no trial can change what the next one gets.
  const texts = Array.from(options, asJson);
  const twice = texts.find((text, i) => texts.indexOf(text) < i);
  if (twice !== undefined) throw invalid("choice", "different options, got one twice:", twice);
  const at = (index: number): T => JSON.parse(texts[index] as string) as T;
  return new Distribution(
    { kind: "choice", options: texts.map((_, i) => at(i)) },
    (share) => at(Math.floor(share * texts.length)),
    texts.length,
  );
}

function asJson(option: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(option);
  } catch {
    // A bigint or a circle.
  }
  if (text === undefined || !isDeepStrictEqual(JSON.parse(text), option)) {
    throw invalid("choice", "options that JSON can hold", option);
  }
  return text;
}

function logarithmic(low: number, high: number, share: number): number {
  return Math.exp(Math.log(low) + share * (Math.log(high) - Math.log(low)));
}

/** Rounding leaves no range. */
function within(low: number, high: number, value: number): number {
  return Math.min(high, Math.max(low, value));
}

function checkRange(name: string, low: unknown, high: unknown): void {
  for (const [bound, value] of Object.entries({ low, high })) {
    if (!Number.isFinite(value)) throw invalid(name, `${bound} to be a finite number`, value);
  }
  if ((low as number) > (high as number)) throw invalid(name, `high to be at least low (${String(low)})`, high);
  if (!Number.isFinite((high as number) - (low as number))) {
    throw invalid(name, `a difference of high and low that is finite; low is ${String(low)}, high`, high);
  }
}

/** A share has 53 bits. */
function checkCount(name: string, count: number): void {
  if (!(count <= Number.MAX_SAFE_INTEGER)) throw invalid(name, "fewer steps between low and high", count);
}

function invalid(name: string, expected: string, got: unknown): TorchwrightError {
  return new TorchwrightError("ERR_INVALID_ARG", `hp.${name}: expected ${expected}, got ${describe(got)}`);
}
