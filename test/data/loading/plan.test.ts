import { expect } from "chai";
import fc from "fast-check";
import {
  checkDistributed,
  countBatches,
  planEpoch,
  type Distributed,
  type EpochPlan,
} from "../../../lib/data/loading/plan";
import { thrown } from "../../support/rejection";

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const batchesOf = ({ order, ends }: EpochPlan): number[][] =>
  [...ends].map((end, i) => [...order.subarray(i === 0 ? 0 : ends[i - 1], end)]);
const sorted = (rows: readonly number[]): number[] => [...rows].sort((a, b) => a - b);

describe("an epoch's plan", () => {
  it("cuts the order into batches, the last one smaller or left out", () => {
    const order = Uint32Array.from([4, 3, 2, 1, 0]);
    expect(batchesOf(planEpoch(order, { batchSize: 2, dropLast: false }))).to.deep.equal([[4, 3], [2, 1], [0]]);
    expect(batchesOf(planEpoch(order, { batchSize: 2, dropLast: true }))).to.deep.equal([
      [4, 3],
      [2, 1],
    ]);
  });

  it("gives every row exactly once over all processes, and every process as many steps, but for what it says it repeats or drops", () => {
    const property = fc.property(
      fc.integer({ min: 1, max: 120 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 7 }),
      fc.boolean(),
      fc.option(fc.integer({ min: 20, max: 200 }), { nil: undefined }),
      (rows, batchSize, world, dropLast, maxTokens) => {
        const order = Uint32Array.from(numbers(rows));
        const sizes = { lengths: order.map((row) => 1 + ((row * 7) % 20)), windows: order.map(() => 1) };
        const budget = maxTokens === undefined ? undefined : { maxTokens, multipleOf: 1, sizes };
        const plans = numbers(world).map((rank) =>
          planEpoch(order, { batchSize, dropLast, budget, distributed: { rank, world } }),
        );
        expect(new Set(plans.map(({ ends }) => ends.length)).size).to.equal(1);
        const seen = plans.flatMap((plan) => batchesOf(plan)).flat();
        const distinct = new Set(seen);
        if (dropLast) {
          expect(seen.length).to.equal(distinct.size);
          if (!budget) expect(rows - distinct.size).to.be.below(world * batchSize);
        } else {
          expect(sorted([...distinct])).to.deep.equal(numbers(rows));
          if (!budget) expect(seen.length - rows).to.be.below(world);
        }
        if (!budget) {
          const distributed: Distributed = { rank: 0, world };
          expect(countBatches(rows, { batchSize, dropLast, distributed })).to.equal(plans[0]?.ends.length);
        }
      },
    );
    fc.assert(property, { seed: 3, numRuns: 500 });
  });

  it("packs as many consecutive rows as fit a budget of tokens, padding and windows counted", () => {
    const property = fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 32 }), fc.integer({ min: 1, max: 3 })), {
        minLength: 1,
        maxLength: 80,
      }),
      fc.integer({ min: 96, max: 300 }),
      fc.constantFrom(1, 8),
      (given, maxTokens, multipleOf) => {
        const sizes = {
          lengths: Uint32Array.from(given, ([length]) => length),
          windows: Uint32Array.from(given, ([, windows]) => windows),
        };
        const cost = (rows: readonly number[]): number => {
          const width = Math.max(
            ...rows.map((row) => Math.ceil((sizes.lengths[row] as number) / multipleOf) * multipleOf),
          );
          return width * rows.reduce((sum, row) => sum + (sizes.windows[row] as number), 0);
        };
        const batches = batchesOf(
          planEpoch(Uint32Array.from(numbers(given.length)), {
            batchSize: Infinity,
            dropLast: false,
            budget: { maxTokens, multipleOf, sizes },
          }),
        );
        expect(batches.flat()).to.deep.equal(numbers(given.length));
        batches.forEach((batch, i) => {
          expect(batch.length === 1 || cost(batch) <= maxTokens).to.equal(true);
          const next = batches[i + 1]?.[0];
          if (next !== undefined) expect(cost([...batch, next])).to.be.above(maxTokens);
        });
      },
    );
    fc.assert(property, { seed: 4, numRuns: 300 });
  });

  it("refuses a place that is not among the processes", () => {
    for (const bad of [
      { rank: 2, world: 2 },
      { rank: -1, world: 2 },
      { rank: 0, world: 0 },
      { rank: 0.5, world: 2 },
      { rank: 0 },
      null,
    ]) {
      thrown(() => checkDistributed(bad as Distributed), "ERR_INVALID_ARG");
    }
  });
});
