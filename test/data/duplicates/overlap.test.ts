import { expect } from "chai";
import fc from "fast-check";
import { Breather } from "../../../lib/data/duplicates/breather";
import { Overlap } from "../../../lib/data/duplicates/overlap";

describe("Overlap", () => {
  it("says of any two sets whether their similarity reaches a threshold", async () => {
    const set = fc.uniqueArray(fc.oneof(fc.nat(12), fc.nat(0xffffffff)), { minLength: 1, maxLength: 14 });
    const threshold = fc.oneof(fc.constantFrom(0.2, 0.5, 0.8, 1), fc.double({ min: 0.01, max: 1, noNaN: true }));
    await fc.assert(
      fc.asyncProperty(fc.array(set, { minLength: 2, maxLength: 6 }), threshold, async (sets, t) => {
        const overlap = await Overlap.of(
          sets.map((own) => Uint32Array.from(own).sort()),
          new Breather(),
        );
        sets.forEach((a, i) =>
          sets.forEach((b, j) => {
            const common = a.filter((hash) => b.includes(hash)).length;
            const similarity = common / (a.length + b.length - common);
            // At the very threshold rounding may say either, and the exact comparison decides.
            if (Math.abs(similarity - t) > 1e-8) expect(overlap.reaches(t, i, j)).to.equal(similarity > t);
            else expect(overlap.reaches(similarity, i, j)).to.equal(true);
          }),
        );
      }),
      { seed: 1, numRuns: 1000 },
    );
  });
});
