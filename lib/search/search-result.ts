/** What a search found: data, text for a terminal, HTML for a notebook. */
import { renderHtml } from "../data/inspect/render-html";
import { renderText } from "../data/inspect/render-text";
import { TorchwrightError } from "../errors";
import type { SearchPlan } from "./options";
import { heading, htmlSections, textSections } from "./report";
import type { Rung } from "./rungs";
import type { SearchSpace, SpaceValues } from "./space";
import type { SearchDirection, Trial } from "./trial";

/** Columns that every terminal has. */
const WIDTH = 80;

/** Why a search ended: all trials ran, time over, or interrupted. */
export type SearchStoppedBy = "end" | "maxSeconds" | "SIGINT" | "SIGTERM" | "abort";

/** @internal */
export interface Found<S extends SearchSpace> {
  readonly space: S;
  readonly plan: SearchPlan;
  readonly trials: readonly Trial<SpaceValues<S>>[];
  /** Number of the best trial. */
  readonly best: number | undefined;
  readonly stoppedBy: SearchStoppedBy;
}

/** The result of `search`. `JSON.stringify` writes its data, and `console.log` prints its text. */
export class SearchResult<S extends SearchSpace = SearchSpace> {
  /** All trials that ran, by their numbers. */
  readonly trials: readonly Trial<SpaceValues<S>>[];
  /** The space that values were drawn from. */
  readonly space: S;
  /** How trials were run. */
  readonly strategy: "random" | "halving";
  /** Whether high or low scores are good. */
  readonly direction: SearchDirection;
  /** How many trials were to run with which budget; one rung in a random search. */
  readonly rungs: readonly Rung[];
  /** Why the search ended. */
  readonly stoppedBy: SearchStoppedBy;
  readonly #best: Trial<SpaceValues<S>> | undefined;

  /** @internal */
  constructor({ space, plan, trials, best, stoppedBy }: Found<S>) {
    this.trials = trials;
    this.space = space;
    this.strategy = plan.strategy;
    this.direction = plan.direction;
    this.rungs = plan.rungs;
    this.stoppedBy = stoppedBy;
    this.#best = trials.find(({ trial }) => trial === best);
  }

  /**
   * The trial with the best score on the last rung that any has a score on, of those that did not fail; of equal ones
   * the one with the lower number.
   * @throws TorchwrightError ERR_NO_RESULT where the search ended before any trial had a score
   */
  get best(): Trial<SpaceValues<S>> {
    if (this.#best) return this.#best;
    throw new TorchwrightError(
      "ERR_NO_RESULT",
      `search: expected a trial with a score, got none before the search was ended by ${this.stoppedBy}`,
    );
  }

  /** Wall time of all trials in seconds, also of those before a break. */
  get seconds(): number {
    return this.trials.reduce((sum, { seconds }) => sum + seconds, 0);
  }

  /** The report as text: a table of all trials, the best first, at most 80 columns wide. */
  toString(): string {
    return renderText(heading(this), textSections(this, this.#best), WIDTH);
  }

  /**
   * The report as one HTML element, complete in itself and without scripts: all trials with their metrics, and a chart
   * of each hyper-parameter.
   */
  toHtml(): string {
    return renderHtml(heading(this), htmlSections(this, this.#best));
  }

  /** All of it as plain data. */
  toJSON(): object {
    const { strategy, direction, rungs, stoppedBy, seconds, trials } = this;
    return { strategy, direction, rungs, stoppedBy, seconds, best: this.#best?.trial ?? null, trials };
  }

  /** For `console.log`, which would print the data's outermost levels. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}
