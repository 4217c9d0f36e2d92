/** Tells on standard error what became of each trial, as it happens. */
import { printable } from "../data/inspect/excerpt";
import { formatDuration } from "../train/progress-format";
import type { SearchPlan } from "./options";
import type { Trial } from "./trial";

/** What of a stream is needed. */
interface Output {
  write(text: string): unknown;
}

export class SearchProgress {
  readonly #plan: Pick<SearchPlan, "rungs" | "progress">;
  readonly #output: Output;

  constructor(plan: Pick<SearchPlan, "rungs" | "progress">, output: Output = process.stderr) {
    this.#plan = plan;
    this.#output = output;
  }

  /** What an earlier part of the search has left. */
  resumed(results: number): void {
    this.#line(`going on after ${results} ${results === 1 ? "result" : "results"}`);
  }

  /** A result of a trial, and the number of the best so far. */
  result(
    { trial, rungs, score, error }: Pick<Trial<unknown>, "trial" | "rungs" | "score" | "error">,
    best: number | undefined,
  ): void {
    const [{ trials }] = this.#plan.rungs;
    const budget = this.#plan.rungs.length > 1 && !error ? ` with budget ${rungs.at(-1)?.budget}` : "";
    const outcome = error
      ? `failed: ${error.message}`
      : `score ${Number(score?.toPrecision(6))} in ${formatDuration(rungs.at(-1)?.seconds ?? 0)}`;
    this.#line(
      `trial ${trial} of ${trials}${budget}: ${outcome}${best === trial ? ", the best so far" : best === undefined ? "" : `; the best is trial ${best}`}`,
    );
  }

  #line(text: string): void {
    if (this.#plan.progress === "lines") this.#output.write(`${printable(text)}\n`);
  }
}
