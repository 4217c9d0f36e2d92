/** The books of a search: what each trial came to, which go on, and which is the best. */
import { join } from "node:path";
import type { Rung } from "./rungs";
import type { Draw } from "./space";
import type { SearchDirection, RungResult, Trial, TrialFailure, TrialStatus } from "./trial";
import type { Outcome } from "./trial-log";

interface Runner extends Draw {
  readonly trial: number;
  readonly rungs: RungResult[];
  seconds: number;
  error?: TrialFailure;
  interrupted?: true;
}

export class Race<V> {
  readonly #rungs: readonly Rung[];
  readonly #direction: SearchDirection;
  readonly #folder: string | undefined;
  readonly #runners = new Map<number, Runner>();
  /** Numbers of the trials that each rung has begun with; undefined for rungs that were not reached. */
  readonly #fields: (readonly number[])[] = [];

  constructor(rungs: readonly Rung[], direction: SearchDirection, folder: string | undefined) {
    this.#rungs = rungs;
    this.#direction = direction;
    this.#folder = folder;
  }

  /** Begins a rung: the numbers of the trials that run on it, ascending. */
  begin(rung: number): readonly number[] {
    const { trials } = this.#rungs[rung] as Rung;
    const field =
      rung === 0
        ? Array.from({ length: trials }, (_, trial) => trial)
        : this.#ranked(rung - 1)
            .slice(0, trials)
            .sort((a, b) => a - b);
    this.#fields.push(field);
    return field;
  }

  /** Notes that a trial runs. What it drew when it did so first stays; that is returned. */
  enter(trial: number, { seed, values }: Draw): Draw {
    const runner = this.#runners.get(trial) ?? { trial, seed, values, rungs: [], seconds: 0 };
    this.#runners.set(trial, runner);
    return runner;
  }

  /** Books what a trial came to on the rung that was begun last. */
  book(trial: number, { score, metrics = {}, seconds, error }: Outcome): void {
    const runner = this.#runners.get(trial) as Runner;
    const { budget } = this.#rungs[this.#fields.length - 1] as Rung;
    runner.seconds += seconds;
    if (score !== undefined) runner.rungs.push({ budget, score, metrics, seconds });
    if (error) runner.error = error;
  }

  /** Books that the search ended while a trial was running. */
  interrupt(trial: number): void {
    (this.#runners.get(trial) as Runner).interrupted = true;
  }

  /**
   * Trials of the rung that was begun last that others have overtaken or that failed: none of them can be the best any
   * more, or go on.
   */
  losers(): readonly number[] {
    const rung = this.#fields.length - 1;
    const places = this.#rungs[rung + 1]?.trials ?? 1;
    const failed = (this.#fields[rung] ?? []).filter((trial) => this.#runners.get(trial)?.error);
    return [...this.#ranked(rung).slice(places), ...failed];
  }

  /** The best trial on the last rung that any has a score on; undefined where none has one. */
  get best(): number | undefined {
    for (let rung = this.#fields.length - 1; rung >= 0; rung--) {
      const [best] = this.#ranked(rung);
      if (best !== undefined) return best;
    }
    return undefined;
  }

  /** A trial as it stands. */
  trial(number: number): Trial<V> {
    const { trial, values, seed, rungs, seconds, error } = this.#runners.get(number) as Runner;
    return {
      trial,
      values: values as V,
      seed,
      status: this.#status(number),
      score: rungs.at(-1)?.score,
      rungs: [...rungs],
      seconds,
      ...(error && { error }),
      folder: folderOf(this.#folder, trial),
    };
  }

  /** All that ran, by their numbers. */
  trials(): Trial<V>[] {
    return [...this.#runners.keys()].sort((a, b) => a - b).map((number) => this.trial(number));
  }

  #status(trial: number): TrialStatus {
    const { rungs, error, interrupted } = this.#runners.get(trial) as Runner;
    if (error) return "failed";
    if (interrupted) return "interrupted";
    if (rungs.length === this.#rungs.length) return "done";
    return this.#fields[rungs.length]?.includes(trial) === false ? "pruned" : "waiting";
  }

  /** Trials with a score on a rung that did not fail later, best first; of equal ones the one with the lower number. */
  #ranked(rung: number): number[] {
    const sign = this.#direction === "maximize" ? -1 : 1;
    const scoreOf = (trial: number): number | undefined => {
      const runner = this.#runners.get(trial);
      return runner?.error ? undefined : runner?.rungs[rung]?.score;
    };
    return (this.#fields[rung] ?? [])
      .filter((trial) => scoreOf(trial) !== undefined)
      .sort((a, b) => sign * ((scoreOf(a) as number) - (scoreOf(b) as number)) || a - b);
  }
}

/** A trial's place in the search's folder. */
export function folderOf(folder: string | undefined, trial: number): string | undefined {
  return folder === undefined ? undefined : join(folder, `trial-${trial}`);
}
