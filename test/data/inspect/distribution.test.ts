import { expect } from "chai";
import fc from "fast-check";
import { distributionOf, truncations } from "../../../lib/data/inspect/distribution";

describe("distributionOf", () => {
  it("gives the percentiles and mean that numpy gives", () => {
    // np.percentile(a, [5, 25, 50, 75, 90, 95, 99]) and a.mean(), numpy 2.4.6
    const a = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4, 6, 2, 6, 120];
    const { min, max, mean, percentiles } = distributionOf(Uint32Array.from(a));
    const expected = { p5: 1.15, p25: 3, p50: 5, p75: 7.25, p90: 9, p95: 9, p99: 94.47 };
    for (const [name, value] of Object.entries(expected)) {
      expect(percentiles[name as keyof typeof percentiles]).to.be.closeTo(value, 1e-9);
    }
    expect({ min, max, mean }).to.deep.equal({ min: 1, max: 120, mean: 9.625 });
    expect(Object.values(distributionOf(Uint32Array.of(7)).percentiles)).to.deep.equal([7, 7, 7, 7, 7, 7, 7]);
  });

  it("puts every row in the one bin of its length, of few bins that touch", () => {
    const lengths = fc.array(fc.oneof(fc.nat(30), fc.nat(5000)), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(lengths, (values) => {
        const { histogram, min, max } = distributionOf(Uint32Array.from(values));
        expect(histogram.length).to.be.at.most(21);
        expect(histogram[0]?.from).to.equal(min);
        expect(histogram.at(-1)?.to).to.be.at.least(max);
        histogram.forEach(({ from, to, rows }, at) => {
          if (at > 0) expect(from).to.equal((histogram[at - 1]?.to ?? 0) + 1);
          expect(rows).to.equal(values.filter((value) => value >= from && value <= to).length);
        });
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it("leaves the caller's lengths in their order", () => {
    const lengths = Uint32Array.of(3, 1, 2);
    distributionOf(lengths);
    expect([...lengths]).to.deep.equal([3, 1, 2]);
  });
});

describe("truncations", () => {
  it("counts rows that are longer than a limit, not those that just fit", () => {
    expect(truncations(Uint32Array.of(1, 2, 3, 4), [2, 4])).to.deep.equal([
      { maxLength: 2, rows: 2, share: 0.5 },
      { maxLength: 4, rows: 0, share: 0 },
    ]);
  });
});
