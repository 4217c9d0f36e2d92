/** One call of an objective, whose every end is an outcome: a score or a failure. */
import { describe, TorchwrightError } from "../errors";
import type { SearchObjective, TrialContext, TrialFailure, TrialScore } from "./trial";
import type { Outcome } from "./trial-log";

/** What came of the call, and the error itself where it failed. */
export interface Attempt {
  readonly outcome: Outcome;
  readonly error?: unknown;
}

/** Calls the objective; never rejects. */
export async function attempt<V>(objective: SearchObjective<V>, context: TrialContext<V>): Promise<Attempt> {
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  try {
    const score = checkScore(await objective(context));
    return { outcome: { seconds: seconds(), ...score } };
  } catch (error) {
    return { outcome: { seconds: seconds(), error: failureOf(error) }, error };
  }
}

function checkScore(given: unknown): Required<TrialScore> {
  const { score, metrics = {} } = (typeof given === "object" && given !== null ? given : { score: given }) as {
    readonly score?: unknown;
    readonly metrics?: unknown;
  };
  if (typeof score !== "number") throw invalid("a number or { score, metrics } from the objective", given);
  if (!Number.isFinite(score)) {
    throw new TorchwrightError("ERR_NON_FINITE", `search: expected a finite score, got ${score}`);
  }
  if (typeof metrics !== "object" || metrics === null) throw invalid("metrics to be an object of numbers", metrics);
  const kept = Object.entries(metrics).map(([name, value]: [string, unknown]) => {
    if (typeof value !== "number") throw invalid(`metrics.${name} to be a number`, value);
    return [name, Number.isFinite(value) ? value : NaN] as const;
  });
  return { score, metrics: Object.fromEntries(kept) };
}

function failureOf(error: unknown): TrialFailure {
  if (!(error instanceof Error)) return { message: describe(error) };
  const { code } = error as { readonly code?: unknown };
  return { ...(typeof code === "string" && { code }), message: error.message };
}

function invalid(expected: string, got: unknown): TorchwrightError {
  return new TorchwrightError("ERR_INVALID_ARG", `search: expected ${expected}, got ${describe(got)}`);
}
