/** The search: draws values, runs the objective on them one trial after the other, and lets the best go on. */
import { setImmediate as macrotask } from "node:timers/promises";
import { describe, TorchwrightError } from "../errors";
import { pruneCheckpoints } from "../train/checkpoints/checkpoint-folder";
import { StopRequest } from "../train/stop-request";
import { attempt } from "./attempt";
import { planSearch, type SearchOptions, type SearchPlan } from "./options";
import { folderOf, Race } from "./race";
import { SearchProgress } from "./search-progress";
import { SearchResult, type SearchStoppedBy } from "./search-result";
import type { SearchSpace, SpaceValues } from "./space";
import type { SearchObjective } from "./trial";
import { TrialLog } from "./trial-log";

/** The longest that a timer can wait, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Looks for good hyper-parameters: `objective` runs with values drawn at random from the space, and says how good they
 * were. `strategy: "halving"` runs all trials with a small budget and lets the best 1/factor go on with factor times as
 * much, and so on (Jamieson & Talwalkar 2016; budgets and numbers of trials as in scikit-learn's
 * `HalvingRandomSearchCV`). {@link trainerObjective} makes the objective of a model and its data.
 *
 * What a trial draws depends on the search's seed and the trial's number alone. With `folder` a search that was broken
 * off goes on to the result of an unbroken one: what has a result is not run again, the trial that was running is
 * repeated. Trials run one at a time: the operators of one process share one device and one executor, where two
 * trainings side by side take as long as one after the other, and twice the memory.
 *
 * A trial that throws, or whose score is not finite, is a failed one, and the search goes on. Ctrl-C, SIGTERM, `signal`
 * and `maxSeconds` end it with what was done; the trial that was running then does not count.
 *
 * @throws TorchwrightError ERR_INVALID_ARG for a bad space or option, or a folder that holds another search;
 *   ERR_NO_RESULT where all trials failed, with the first one's error as its cause; ERR_BAD_ROW for a damaged file of
 *   results; ERR_FILE_READ, ERR_FILE_WRITE
 *
 * @example
 * ```ts
 * import { hp, search } from "torchwright";
 * const space = { x: hp.uniform(-4, 4), shape: hp.choice(["bowl", "cup"]) };
 * const result = await search(space, ({ values: { x, shape } }) => (shape === "bowl" ? x ** 2 : x ** 4), {
 *   trials: 40,
 *   direction: "minimize",
 *   progress: "silent",
 * });
 * console.log(result.best.values); // { shape: "cup", x: -0.21… }
 * console.log(String(result)); // the table of all trials
 * ```
 */
export async function search<S extends SearchSpace>(
  space: S,
  objective: SearchObjective<SpaceValues<S>>,
  options: SearchOptions<SpaceValues<S>>,
): Promise<SearchResult<S>> {
  const plan = planSearch(space, options);
  if (typeof objective !== "function") {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `search: expected the objective to be a function, got ${describe(objective)}`,
    );
  }
  const { folder, signal, maxSeconds = Infinity, callbacks = [] } = options;
  const log = folder === undefined ? undefined : await TrialLog.open(folder, plan.settings);
  using stop = new StopRequest(signal);
  const timer =
    1000 * maxSeconds <= LONGEST_TIMER ? setTimeout(() => stop.request("maxSeconds"), 1000 * maxSeconds) : undefined;
  const race = new Race<SpaceValues<S>>(plan.rungs, plan.direction, folder);
  const progress = new SearchProgress(plan);
  try {
    if (log && log.length > 0) progress.resumed(log.length);
    const ended = await run({
      plan,
      race,
      log,
      stop,
      objective,
      folder,
      afterResult: async (trial) => {
        progress.result(race.trial(trial), race.best);
        for (const callback of callbacks) await callback(race.trial(trial));
      },
    });
    if (ended.stoppedBy === "end" && race.best === undefined) throw allFailed(race, ended.firstError);
    return new SearchResult({ space, plan, trials: race.trials(), best: race.best, stoppedBy: ended.stoppedBy });
  } finally {
    clearTimeout(timer);
    await log?.close();
  }
}

interface Search<V> {
  readonly plan: SearchPlan;
  readonly race: Race<V>;
  readonly log: TrialLog | undefined;
  readonly stop: StopRequest;
  readonly objective: SearchObjective<V>;
  readonly folder: string | undefined;
  /** Called when the result of a trial is safe. */
  readonly afterResult: (trial: number) => Promise<void>;
}

interface Ended {
  readonly stoppedBy: SearchStoppedBy;
  /** What the first trial that failed threw, where it failed now. */
  readonly firstError: unknown;
}

async function run<V>({ plan, race, log, stop, objective, folder, afterResult }: Search<V>): Promise<Ended> {
  const { direction, rungs, sampler, keepCheckpoints } = plan;
  const finalBudget = rungs.at(-1)?.budget as number;
  const removed = new Set<number>();
  let firstError: unknown;
  for (const [rung, { budget }] of rungs.entries()) {
    for (const trial of race.begin(rung)) {
      const found = log?.find(trial, rung);
      if (found) {
        // Not drawn again: another machine's logarithm may differ in its last digit.
        race.enter(trial, found);
        race.book(trial, found);
      } else {
        await macrotask(); // timers and signals come through, whatever the objective does
        if (stop.reason !== undefined) return { stoppedBy: stoppedBy(stop), firstError };
        const { seed, values } = race.enter(trial, sampler.draw(trial));
        const context = {
          trial,
          seed,
          values: structuredClone(values) as V,
          budget,
          finalBudget,
          direction,
          folder: folderOf(folder, trial),
          signal: stop.signal,
        };
        const { outcome, error } = await attempt(objective, context);
        if (stop.reason !== undefined) {
          race.interrupt(trial);
          return { stoppedBy: stoppedBy(stop), firstError };
        }
        firstError ??= error;
        await log?.append({ trial, rung, budget, seed, values, ...outcome });
        race.book(trial, outcome);
        await afterResult(trial);
      }
      if (folder !== undefined && keepCheckpoints === "best") await removeCheckpoints(folder, race.losers(), removed);
    }
  }
  return { stoppedBy: "end", firstError };
}

async function removeCheckpoints(folder: string, trials: readonly number[], removed: Set<number>): Promise<void> {
  for (const trial of trials) {
    if (!removed.has(trial)) await pruneCheckpoints(folderOf(folder, trial) as string, 0, new Set());
    removed.add(trial);
  }
}

function stoppedBy(stop: StopRequest): SearchStoppedBy {
  return stop.reason as SearchStoppedBy;
}

function allFailed(race: Race<unknown>, cause: unknown): TorchwrightError {
  const trials = race.trials();
  const first = trials.find(({ error }) => error)?.error;
  return new TorchwrightError(
    "ERR_NO_RESULT",
    `search: expected a trial with a score, but all ${trials.length} failed, the first with ${first?.code === undefined ? "" : `${first.code}: `}${first?.message ?? ""}`,
    { cause },
  );
}
