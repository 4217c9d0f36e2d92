/** Types of hyper-parameter search: checked by `tsc --noEmit`. */
/* eslint-disable @typescript-eslint/no-unsafe-return -- what must not compile is not typed either */
import { expectTypeOf } from "expect-type";
import type {
  DataLoader,
  RungResult,
  SearchObjective,
  SearchOptions,
  SearchResult,
  SearchSpace,
  TextClassifier,
  Trial,
  TrialContext,
  TrialStatus,
  SpaceValues,
} from "../../lib/index";
import { hp, search, trainerObjective } from "../../lib/index";

declare const model: TextClassifier;
declare const loader: DataLoader;
declare const signal: AbortSignal;
declare const parts: {
  readonly model: () => TextClassifier;
  readonly loader: () => DataLoader;
  readonly evalLoader: DataLoader;
};

/** The body is compiled, never run. */
function typesOnly(_body: () => unknown): void {}

const space = {
  learningRate: hp.logUniform(1e-5, 1e-3),
  batchSize: hp.choice([16, 32]),
  lrSchedulerType: hp.choice(["linear", "cosine"]),
};
type Given = {
  readonly learningRate: number;
  readonly batchSize: 16 | 32;
  readonly lrSchedulerType: "linear" | "cosine";
};
const own = { ...space, pooling: hp.choice(["mean", null]) };

describe("types of a search", () => {
  it("a distribution knows its values", () => {
    typesOnly(() => {
      expectTypeOf(hp.uniform(0, 1, { step: 0.1 })).toEqualTypeOf<hp.Distribution<number>>();
      expectTypeOf(hp.integer(1, 9, { log: true })).toEqualTypeOf<hp.Distribution<number>>();
      expectTypeOf(hp.choice(["a", 1, null, true])).toEqualTypeOf<hp.Distribution<"a" | 1 | null | true>>();
      expectTypeOf(hp.choice([{ power: 2 }]).quantile(0).power).toEqualTypeOf<2>();
    });
    typesOnly((): unknown[] => [
      // @ts-expect-error options come as an array
      hp.choice(16, 32),
      // @ts-expect-error JSON has no dates
      hp.choice([new Date()]),
      // @ts-expect-error JSON has no functions
      hp.choice([() => 1]),
      // @ts-expect-error both bounds are needed
      hp.uniform(1),
      // @ts-expect-error bounds are numbers
      hp.logUniform("1e-5", "1e-3"),
      // @ts-expect-error every float has a logarithm of its own
      hp.logUniform(1e-5, 1e-3, { step: 1e-5 }),
    ]);
  });

  it("a space knows the values of its trials", () => {
    expectTypeOf<SpaceValues<typeof space>>().toEqualTypeOf<Given>();
    typesOnly(async () => {
      const result = await search(
        space,
        ({ values, budget, seed, folder, trial, signal: end }) => {
          expectTypeOf(values).toEqualTypeOf<Given>();
          expectTypeOf(end).toEqualTypeOf<AbortSignal>();
          expectTypeOf(folder).toEqualTypeOf<string | undefined>();
          return values.learningRate * budget * seed * trial;
        },
        {
          trials: 3,
          direction: "minimize",
          signal,
          callbacks: [(trial) => void expectTypeOf(trial).toEqualTypeOf<Trial<Given>>()],
        },
      );
      expectTypeOf(result).toEqualTypeOf<SearchResult<typeof space>>();
      expectTypeOf(result.best).toEqualTypeOf<Trial<Given>>();
      expectTypeOf(result.trials).toEqualTypeOf<readonly Trial<Given>[]>();
    });
    expectTypeOf<Trial<Given>["rungs"]>().toEqualTypeOf<readonly RungResult[]>();
    expectTypeOf<Trial<Given>["score"]>().toEqualTypeOf<number | undefined>();
    expectTypeOf<Trial<Given>["status"]>().toEqualTypeOf<TrialStatus>();
    expectTypeOf<typeof space>().toExtend<SearchSpace>();
    expectTypeOf<SearchObjective<Given>>().parameter(0).toEqualTypeOf<TrialContext<Given>>();
    const options = { trials: 3, direction: "minimize" } as const;
    const lookalike = { settings: { kind: "uniform", low: 0, high: 1 }, count: 1, quantile: () => 1 } as const;
    typesOnly((): unknown[] => [
      search(space, async ({ values }) => ({ score: values.batchSize, metrics: { accuracy: 1 } }), options),
      // @ts-expect-error a number is no distribution
      search({ learningRate: 1e-3 }, () => 1, options),
      // @ts-expect-error an array is no distribution
      search({ learningRate: [1e-3, 1e-4] }, () => 1, options),
      // @ts-expect-error what looks like a distribution is none
      search({ learningRate: lookalike }, () => 1, options),
      // @ts-expect-error the space has no such name
      search(space, ({ values }) => values.weightDecay, options),
      // @ts-expect-error values are what the space says
      search(space, ({ values }) => (values.batchSize === 64 ? 1 : 0), options),
      // @ts-expect-error values stay as they are
      search(space, ({ values }) => (values.batchSize = 16), options),
      // @ts-expect-error a score is a number
      search(space, () => "good", options),
      // @ts-expect-error a score may not be left out
      search(space, () => ({ metrics: { accuracy: 1 } }), options),
    ]);
  });

  it("options go with the strategy", () => {
    type Options = SearchOptions<Given>;
    expectTypeOf<{ trials: 3; direction: "maximize" }>().toExtend<Options>();
    expectTypeOf<{
      trials: 3;
      direction: "maximize";
      strategy: "halving";
      maxBudget: 9;
      factor: 2;
      minBudget: 1;
    }>().toExtend<Options>();
    const options = { trials: 3, direction: "minimize" } as const;
    typesOnly((): unknown[] => [
      search(space, () => 1, { ...options, maxBudget: 3 }),
      // @ts-expect-error the direction is needed
      search(space, () => 1, { trials: 3 }),
      // @ts-expect-error Optuna's word
      search(space, () => 1, { trials: 3, direction: "max" }),
      // @ts-expect-error a factor is for successive halving
      search(space, () => 1, { ...options, factor: 3 }),
      // @ts-expect-error successive halving needs the largest budget
      search(space, () => 1, { ...options, strategy: "halving" }),
      // @ts-expect-error no such strategy
      search(space, () => 1, { ...options, strategy: "bayes" }),
      // @ts-expect-error Python's spelling
      search(space, () => 1, { ...options, n_trials: 3 }),
    ]);
  });

  it("the Trainer's objective takes a space's values by their names, and others where it is told how", () => {
    const options = { trials: 3, direction: "minimize" } as const;
    typesOnly(() => {
      void search(
        space,
        trainerObjective({
          ...parts,
          loader: ({ batchSize }) => (expectTypeOf(batchSize).toEqualTypeOf<16 | 32>(), loader),
        }),
        options,
      );
      void search(
        own,
        trainerObjective({
          ...parts,
          options: ({ pooling, batchSize: _, ...values }) => (
            expectTypeOf(pooling).toEqualTypeOf<"mean" | null>(),
            values
          ),
        }),
        options,
      );
      expectTypeOf(trainerObjective<typeof space>(parts)).toEqualTypeOf<SearchObjective<Given>>();
    });
    type Named = { readonly lrSchedulerType: hp.Distribution<"linear" | "cosines"> };
    typesOnly((): unknown[] => [
      trainerObjective<typeof space>({ ...parts, options: { weightDecay: 0.1 }, resource: "maxSteps" }),
      // @ts-expect-error pooling is no option of the Trainer
      trainerObjective<typeof own>(parts),
      // @ts-expect-error nor is it with options for all trials
      trainerObjective<typeof own>({ ...parts, options: { weightDecay: 0.1 } }),
      // @ts-expect-error no such schedule
      trainerObjective<Named>(parts),
      // @ts-expect-error no such option
      trainerObjective<typeof space>({ ...parts, options: { weight_decay: 0.1 } }),
      // @ts-expect-error an option that the function makes has a type
      trainerObjective<typeof own>({ ...parts, options: ({ pooling }) => ({ lrSchedulerType: pooling }) }),
      // @ts-expect-error a model for each trial
      trainerObjective<typeof space>({ ...parts, model }),
      // @ts-expect-error held-out data is needed
      trainerObjective<typeof space>({ model: () => model, loader: () => loader }),
      // @ts-expect-error an objective of another space
      search(space, trainerObjective<typeof own>({ ...parts, options: () => ({}) }), options),
    ]);
  });
});
