import { expect } from "chai";
import { inspect } from "node:util";
import * as hp from "../../lib/search/hp";
import type { HalvingSearchOptions, SearchOptions } from "../../lib/search/options";
import { search } from "../../lib/search/search";
import { Sampler, type SearchSpace, type SpaceValues } from "../../lib/search/space";
import type { SearchObjective, Trial, TrialContext } from "../../lib/search/trial";
import { rejection, thrown } from "../support/rejection";

const SPACE = { x: hp.uniform(-1, 1), kind: hp.choice(["a", "b"]) };
type Given = TrialContext<SpaceValues<typeof SPACE>>;

const QUIET = { seed: 1, direction: "minimize", progress: "silent" } as const;
const HALVING = {
  ...QUIET,
  strategy: "halving",
  trials: 9,
  factor: 3,
  maxBudget: 9,
} as const satisfies HalvingSearchOptions<unknown>;

/** A score by trial and budget; resolves with the result and the calls as "trial@budget". */
async function halved(
  score: (trial: number, budget: number) => number,
  options: Partial<HalvingSearchOptions<SpaceValues<typeof SPACE>>> = {},
) {
  const calls: string[] = [];
  const result = await search(
    SPACE,
    ({ trial, budget }) => {
      calls.push(`${trial}@${budget}`);
      return score(trial, budget);
    },
    { ...HALVING, ...options },
  );
  return { result, calls, statuses: result.trials.map(({ status }) => status) };
}

describe("a random search", () => {
  it("runs every trial once, in order, with what the sampler draws", async () => {
    const seen: Given[] = [];
    const result = await search(
      SPACE,
      (given) => {
        seen.push(given);
        return given.values.x ** 2;
      },
      { ...QUIET, trials: 20 },
    );
    const sampler = new Sampler(SPACE, 1);
    expect(seen.map(({ trial, seed, values }) => ({ trial, seed, values }))).to.deep.equal(
      Array.from({ length: 20 }, (_, trial) => ({ trial, ...sampler.draw(trial) })),
    );
    expect(seen[0]).to.include({ budget: Infinity, finalBudget: Infinity, direction: "minimize", folder: undefined });
    expect(result.trials.map(({ values, score }) => ({ values, score }))).to.deep.equal(
      seen.map(({ values }) => ({ values, score: values.x ** 2 })),
    );
    expect(result.trials.every(({ status, rungs }) => status === "done" && rungs.length === 1)).to.equal(true);
    expect(result.stoppedBy).to.equal("end");
  });

  it("finds the best in the direction that it is told, the first of equal ones", async () => {
    const scores = [3, 1, 5, 1, 5];
    const bestOf = async (direction: "minimize" | "maximize"): Promise<number> =>
      (await search(SPACE, ({ trial }) => scores[trial] as number, { ...QUIET, trials: 5, direction })).best.trial;
    expect(await bestOf("minimize")).to.equal(1);
    expect(await bestOf("maximize")).to.equal(2);
  });

  it("has seed 42 and a budget where it is told one", async () => {
    const { trials, rungs } = await search(SPACE, ({ budget }) => budget, {
      trials: 2,
      maxBudget: 7,
      direction: "maximize",
      progress: "silent",
    });
    expect(trials.map(({ seed }) => seed)).to.deep.equal(
      [0, 1].map((trial) => new Sampler(SPACE, 42).draw(trial).seed),
    );
    expect(trials.map(({ score }) => score)).to.deep.equal([7, 7]);
    expect(rungs).to.deep.equal([{ trials: 2, budget: 7 }]);
  });

  it("keeps metrics beside the score, and a copy of the values", async () => {
    const { best } = await search(
      { at: hp.choice([{ deep: [1] }]) },
      ({ values }) => {
        (values.at.deep as unknown as number[])[0] = 9;
        return { score: 1, metrics: { accuracy: 0.5, rate: NaN, far: -Infinity } };
      },
      { ...QUIET, trials: 1 },
    );
    expect(best.values).to.deep.equal({ at: { deep: [1] } });
    expect(best.rungs[0]?.metrics).to.deep.equal({ accuracy: 0.5, rate: NaN, far: NaN });
  });
});

describe("successive halving", () => {
  it("lets the best third go on with three times the budget", async () => {
    const { result, calls, statuses } = await halved((trial, budget) => Math.abs(trial - 6.1) / budget);
    expect(calls).to.deep.equal([..."012345678"].map((trial) => `${trial}@1`).concat(["5@3", "6@3", "7@3", "6@9"]));
    expect(statuses).to.deep.equal([
      "pruned",
      "pruned",
      "pruned",
      "pruned",
      "pruned",
      "pruned",
      "done",
      "pruned",
      "pruned",
    ]);
    expect(result.best).to.deep.include({ trial: 6, status: "done" });
    expect(result.best.rungs.map(({ budget }) => budget)).to.deep.equal([1, 3, 9]);
    expect(result.best.score).to.equal(result.best.rungs[2]?.score);
    expect(result.trials[0]?.rungs.map(({ budget }) => budget)).to.deep.equal([1]);
  });

  it("takes the best of the last rung, though a score of an earlier one may be better", async () => {
    const { result } = await halved((trial, budget) => (budget < 9 ? trial : 100));
    expect(result.best).to.include({ trial: 0, score: 100 });
    expect((await halved((trial, budget) => (trial === 0 && budget === 3 ? 50 : trial))).result.best.trial).to.equal(1);
  });

  it("tells the budget of the last rung, and gives the same seed and values on each", async () => {
    const seen: Given[] = [];
    await search(SPACE, (given) => (seen.push(given), given.trial), { ...HALVING, maxBudget: 20 });
    expect(seen.every(({ finalBudget }) => finalBudget === 18)).to.equal(true);
    const [first, ...later] = seen.filter(({ trial }) => trial === 0);
    expect(later).to.have.length(2);
    for (const { values, seed } of later) {
      expect({ values, seed }).to.deep.equal({ values: first?.values, seed: first?.seed });
    }
  });

  it("lets no failed trial go on, also where fewer are left than there are places", async () => {
    const { result, calls, statuses } = await halved((trial) => {
      if (trial < 7) throw new Error("no");
      return trial;
    });
    expect(calls.slice(9)).to.deep.equal(["7@3", "8@3", "7@9"]);
    expect(statuses.slice(6)).to.deep.equal(["failed", "done", "pruned"]);
    expect(result.best.trial).to.equal(7);
  });

  it("falls back on the rung before where all fail on one, without those that failed", async () => {
    const { result, statuses } = await halved((trial, budget) => (budget === 3 ? NaN : trial));
    expect(statuses).to.deep.equal([
      "failed",
      "failed",
      "failed",
      "pruned",
      "pruned",
      "pruned",
      "pruned",
      "pruned",
      "pruned",
    ]);
    expect(result.best).to.include({ trial: 3, score: 3 });
    expect(result.trials[0]).to.deep.include({
      score: 0,
      error: { code: "ERR_NON_FINITE", message: "search: expected a finite score, got NaN" },
    });
  });
});

describe("a trial that fails", () => {
  const failing = (fail: () => unknown) =>
    search(SPACE, ({ trial }) => (trial === 1 ? (fail() as number) : trial), { ...QUIET, trials: 3 });

  it("is recorded with the code and message of its error, and the search goes on", async () => {
    const { trials, best } = await failing(() => hp.choice([]));
    expect(trials.map(({ status }) => status)).to.deep.equal(["done", "failed", "done"]);
    expect(trials[1]).to.deep.include({
      score: undefined,
      rungs: [],
      error: {
        code: "ERR_INVALID_ARG",
        message: "hp.choice: expected an array of at least one option, got array of 0",
      },
    });
    expect(best.trial).to.equal(0);
  });

  it("may reject, throw what is no error, or give what is no finite score", async () => {
    const throwing = (what: unknown) => (): never => {
      throw what;
    };
    const cases: [() => unknown, string, string?][] = [
      [() => Promise.reject(new RangeError("far")), "far"],
      [throwing("text"), '"text"'],
      [throwing(undefined), "undefined"],
      [() => NaN, "search: expected a finite score, got NaN", "ERR_NON_FINITE"],
      [() => ({ score: -Infinity }), "search: expected a finite score, got -Infinity", "ERR_NON_FINITE"],
      [
        () => undefined,
        "search: expected a number or { score, metrics } from the objective, got undefined",
        "ERR_INVALID_ARG",
      ],
      [
        () => ({ metrics: {} }),
        "search: expected a number or { score, metrics } from the objective, got an object",
        "ERR_INVALID_ARG",
      ],
      [
        () => ({ score: 1, metrics: { f1: "high" } }),
        'search: expected metrics.f1 to be a number, got "high"',
        "ERR_INVALID_ARG",
      ],
      [
        () => ({ score: 1, metrics: null }),
        "search: expected metrics to be an object of numbers, got null",
        "ERR_INVALID_ARG",
      ],
    ];
    for (const [fail, message, code] of cases) {
      expect((await failing(fail)).trials[1]?.error).to.deep.equal({ ...(code && { code }), message });
    }
  });

  it("is an error where all do, with the first one's as its cause", async () => {
    const first = new RangeError("far");
    const error = await rejection(
      search(
        SPACE,
        ({ trial }) => {
          throw trial === 0 ? first : new Error("later");
        },
        { ...QUIET, trials: 3 },
      ),
      "ERR_NO_RESULT",
    );
    expect(error.message).to.equal("search: expected a trial with a score, but all 3 failed, the first with far");
    expect(error.cause).to.equal(first);
  });
});

describe("a search that is ended", () => {
  it("by a signal resolves with what was done; the trial that was running does not count", async () => {
    const controller = new AbortController();
    const result = await search(
      SPACE,
      ({ trial, signal }) => {
        if (trial === 2) controller.abort(new Error("enough"));
        expect(signal.aborted).to.equal(trial === 2);
        if (signal.aborted) expect(signal.reason).to.have.property("message", "enough");
        return trial;
      },
      { ...QUIET, trials: 5, signal: controller.signal },
    );
    expect(result.stoppedBy).to.equal("abort");
    expect(result.trials.map(({ status, score }) => [status, score])).to.deep.equal([
      ["done", 0],
      ["done", 1],
      ["interrupted", undefined],
    ]);
    expect(result.best.trial).to.equal(0);
  });

  it("by a signal between two rungs knows who would have gone on", async () => {
    const controller = new AbortController();
    const { result, statuses } = await halved((trial) => trial, {
      signal: controller.signal,
      callbacks: [({ trial }) => void (trial === 8 && controller.abort())],
    });
    expect(statuses).to.deep.equal([
      "waiting",
      "waiting",
      "waiting",
      "pruned",
      "pruned",
      "pruned",
      "pruned",
      "pruned",
      "pruned",
    ]);
    expect(result.best).to.include({ trial: 0, score: 0 });
  });

  it("before it began has no best", async () => {
    const result = await search(SPACE, () => 1, { ...QUIET, trials: 5, signal: AbortSignal.abort() });
    expect(result.trials).to.deep.equal([]);
    expect(thrown(() => result.best, "ERR_NO_RESULT").message).to.contain("ended by abort");
    expect(String(result)).to.match(/^Search of 0 trials to minimize the score, ended by abort/);
    expect(JSON.parse(JSON.stringify(result))).to.deep.include({ best: null, stoppedBy: "abort" });
  });

  it("by maxSeconds, also in the middle of a trial", async () => {
    const untilEnded = (signal: AbortSignal): Promise<number> =>
      new Promise((resolve) => signal.addEventListener("abort", () => resolve(-1)));
    const result = await search(SPACE, ({ trial, signal }) => (trial < 2 ? trial : untilEnded(signal)), {
      ...QUIET,
      trials: 5,
      maxSeconds: 0.3,
    });
    expect(result.stoppedBy).to.equal("maxSeconds");
    expect(result.trials.at(-1)?.status).to.equal("interrupted");
    expect(result.best.trial).to.equal(0);
    // Longer than a timer can wait.
    expect((await search(SPACE, ({ trial }) => trial, { ...QUIET, trials: 2, maxSeconds: 1e9 })).stoppedBy).to.equal(
      "end",
    );
  });

  it("by Ctrl-C, and leaves no listener behind", async () => {
    const listeners = (): number => process.listenerCount("SIGINT") + process.listenerCount("SIGTERM");
    const before = listeners();
    const result = await search(
      SPACE,
      ({ trial }) => {
        if (trial === 1) process.emit("SIGINT");
        return trial;
      },
      { ...QUIET, trials: 3 },
    );
    expect(result.stoppedBy).to.equal("SIGINT");
    expect(result.trials.map(({ status }) => status)).to.deep.equal(["done", "interrupted"]);
    expect(listeners()).to.equal(before);
  });

  it("by a callback's error, which is the search's", async () => {
    const error = await search(SPACE, () => 1, {
      ...QUIET,
      trials: 2,
      callbacks: [() => Promise.reject(new RangeError("from a callback"))],
    }).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(RangeError);
  });

  it("lets timers through, whatever the objective does", async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await search(
      SPACE,
      () => {
        for (const end = performance.now() + 3; performance.now() < end;);
        return 1;
      },
      { ...QUIET, trials: 5 },
    );
    clearInterval(timer);
    expect(ticks).to.be.at.least(3);
  });
});

describe("callbacks of a search", () => {
  it("are called after each rung of each trial, in order, with the trial as it stands", async () => {
    const seen: Trial<SpaceValues<typeof SPACE>>[] = [];
    await halved((trial) => (trial === 3 ? NaN : trial), { callbacks: [async (trial) => void seen.push(trial)] });
    expect(seen.map(({ trial, status, rungs }) => `${trial} ${status} ${rungs.length}`)).to.deep.equal([
      "0 waiting 1",
      "1 waiting 1",
      "2 waiting 1",
      "3 failed 0",
      "4 waiting 1",
      "5 waiting 1",
      "6 waiting 1",
      "7 waiting 1",
      "8 waiting 1",
      "0 waiting 2",
      "1 waiting 2",
      "2 waiting 2",
      "0 done 3",
    ]);
  });
});

describe("search refuses", () => {
  const refused = async (options: object, space: SearchSpace = SPACE): Promise<string> =>
    (
      await rejection(
        search(space, () => 1, options as SearchOptions<unknown>),
        "ERR_INVALID_ARG",
      )
    ).message;

  it("options that do not exist or have values that are not allowed", async () => {
    const good = { ...QUIET, trials: 3 };
    const bad: Record<string, unknown[]> = {
      trials: [0, -1, 1.5, NaN, "3", null],
      direction: ["max", null],
      seed: [0.5, "1", null],
      strategy: ["grid", null],
      folder: ["", 5],
      keepCheckpoints: ["none"],
      maxSeconds: [0, -1, NaN, "1"],
      signal: [{}],
      progress: ["bar"],
      callbacks: [[1], () => 1, new Array(1)],
      maxBudget: [0, 1.5],
      minBudget: [1],
      factor: [3],
      n_trials: [3],
    };
    for (const [name, values] of Object.entries(bad)) {
      for (const value of values) {
        expect(await refused({ ...good, [name]: value }), `${name} ${inspect(value)}`).to.contain(name);
      }
    }
    expect(await refused({ direction: "minimize" })).to.contain("trials");
    expect(await refused({ trials: 3 })).to.contain("direction");
    for (const none of [undefined, null, 5]) {
      await rejection(
        search(SPACE, () => 1, none as never),
        "ERR_INVALID_ARG",
      );
    }
  });

  it("budgets that do not fit", async () => {
    expect(await refused({ ...HALVING, maxBudget: undefined })).to.contain("maxBudget");
    expect(await refused({ ...HALVING, minBudget: 10 })).to.contain("minBudget of at most maxBudget, 9,");
    for (const factor of [1, 1.5, 0, NaN]) expect(await refused({ ...HALVING, factor })).to.contain("factor");
  });

  it("more trials than a finite space has combinations", async () => {
    expect(await refused({ ...QUIET, trials: 5 }, { a: hp.choice([1, 2]), b: hp.choice([1, 2]) })).to.contain(
      "at most 4 trials",
    );
  });

  it("an objective that is no function", async () => {
    await rejection(
      search(SPACE, undefined as unknown as SearchObjective<unknown>, { ...QUIET, trials: 3 }),
      "ERR_INVALID_ARG",
    );
  });
});

describe("search", () => {
  it("takes an option that is undefined as if it were not there", async () => {
    const options = {
      ...QUIET,
      trials: 1,
      folder: undefined,
      signal: undefined,
      maxSeconds: undefined,
      factor: undefined,
      callbacks: undefined,
    } as unknown as SearchOptions<unknown>;
    expect((await search(SPACE, () => 1, options)).trials).to.have.length(1);
  });
});
