import { expect } from "chai";
import fc from "fast-check";
import { type HalvingPlan, halvingRungs } from "../../lib/search/rungs";
import { readGolden } from "../support/golden";

interface Case extends Omit<HalvingPlan, "minBudget"> {
  readonly minBudget?: number;
  readonly nCandidates: readonly number[];
  readonly nResources: readonly number[];
}

describe("successive halving's rungs", () => {
  for (const { nCandidates, nResources, minBudget, ...plan } of readGolden<{ halving: readonly Case[] }>("search.json")
    .halving) {
    it(`are scikit-learn's: ${plan.trials} trials, factor ${plan.factor}, budget ${minBudget ?? "exhaust"} to ${plan.maxBudget}`, () => {
      const rungs = halvingRungs({ ...plan, minBudget });
      expect(rungs.map(({ trials }) => trials)).to.deep.equal(nCandidates);
      expect(rungs.map(({ budget }) => budget)).to.deep.equal(nResources);
    });
  }

  it("count powers exactly, where scikit-learn's logarithm is one too low", () => {
    expect(
      halvingRungs({ trials: 243, factor: 3, minBudget: 1, maxBudget: 243 }).map(({ trials }) => trials),
    ).to.deep.equal([243, 81, 27, 9, 3, 1]);
    expect(
      halvingRungs({ trials: 1000, factor: 10, minBudget: undefined, maxBudget: 1000 }).map(({ budget }) => budget),
    ).to.deep.equal([1, 10, 100, 1000]);
  });

  it("never exceed the largest budget, and begin with all trials", () => {
    const count = fc.integer({ min: 1, max: 2000 });
    fc.assert(
      fc.property(
        count,
        fc.integer({ min: 2, max: 12 }),
        count,
        fc.option(count, { nil: undefined }),
        (trials, factor, maxBudget, least) => {
          const minBudget = least === undefined ? undefined : Math.min(least, maxBudget);
          const rungs = halvingRungs({ trials, factor, minBudget, maxBudget });
          expect(rungs[0]?.trials).to.equal(trials);
          if (minBudget !== undefined) expect(rungs[0]?.budget).to.equal(minBudget);
          for (const [i, rung] of rungs.entries()) {
            expect(rung.budget).to.be.within(1, maxBudget);
            const next = rungs[i + 1];
            if (next) {
              expect(next).to.deep.equal({ trials: Math.ceil(rung.trials / factor), budget: rung.budget * factor });
            }
          }
        },
      ),
      { seed: 1, numRuns: 500 },
    );
  });
});
