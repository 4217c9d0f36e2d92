import { expect } from "chai";
import fc from "fast-check";
import { Hardest } from "../../../lib/train/report/hardest";
import { PairCounts } from "../../../lib/train/report/pair-counts";

describe("Hardest", () => {
  it("keeps the highest losses of whatever passes, in whatever order, of equal ones the lower row first", () => {
    const losses = fc.array(fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constant(NaN), fc.constant(Infinity)), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(losses, fc.integer({ min: 0, max: 8 }), fc.boolean(), (all, size, backwards) => {
        const items = all.map((loss, row) => ({ row, loss }));
        const hardest = new Hardest(size);
        for (const item of backwards ? items.toReversed() : items) hardest.add(item);
        const rank = (loss: number): number => (Number.isNaN(loss) ? Infinity : loss);
        const sorted = items.toSorted((a, b) =>
          rank(a.loss) === rank(b.loss) ? a.row - b.row : rank(b.loss) > rank(a.loss) ? 1 : -1,
        );
        expect(hardest.items).to.deep.equal(sorted.slice(0, size));
      }),
    );
  });
});

describe("PairCounts", () => {
  it("counts each missed label with each that was given wrongly, the most frequent pairs first", () => {
    const pairs = new PairCounts();
    pairs.add([3], [1]);
    pairs.add([3, 0], [1, 2]);
    pairs.add([0], []);
    pairs.add([], [1]);
    const all = [
      { missed: 3, given: 1, count: 2 },
      { missed: 0, given: 1, count: 1 },
      { missed: 0, given: 2, count: 1 },
      { missed: 3, given: 2, count: 1 },
    ];
    expect(pairs.most(10)).to.deep.equal(all);
    expect(pairs.most(2)).to.deep.equal(all.slice(0, 2));
  });
});
