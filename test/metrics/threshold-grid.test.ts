/** Bins against comparison with every threshold. */
import { expect } from "chai";
import { randomBelow, randomUnit } from "../../lib/data/random";
import { ThresholdGrid, type Thresholds, withBits } from "../../lib/metrics/threshold-grid";

const GRIDS: Readonly<Record<string, Thresholds | undefined>> = {
  "the default thresholds": undefined,
  "2 thresholds": 2,
  "11 thresholds": 11,
  "1000 thresholds": 1000,
  "thresholds without 0 and 1": [0.3, 0.301, 0.9],
  "thresholds near 0": [1e-40, 1e-30, 2e-30, 1e-7],
  "thresholds that float32 does not tell apart": [0.5, 0.5 + 1e-9, 0.6],
};

describe("ThresholdGrid", () => {
  for (const [name, given] of Object.entries(GRIDS)) {
    it(`puts scores under the last of ${name} that they reach`, () => {
      const grid = new ThresholdGrid(given);
      const unit = randomUnit(randomBelow(5));
      const bits = new Uint32Array(grid.thresholds.slice().buffer);
      const neighbours = new Float32Array(
        Uint32Array.from([...bits].flatMap((own) => [Math.max(0, own - 1), own, Math.min(own + 1, 0x3f80_0000)]))
          .buffer,
      );
      const random = Float32Array.from(
        { length: 300 },
        (_, i) => [unit(), unit() ** 20, 1 - unit() ** 20][i % 3] as number,
      );
      const scores = withBits(Float32Array.of(0, -0, 1, 1e-45, ...neighbours, ...random));
      scores.values.forEach((score, i) => {
        expect(grid.binOf(scores, i), `bin of ${score}`).to.equal(
          grid.thresholds.findLastIndex((threshold) => threshold <= score),
        );
      });
    });
  }

  it("has 898 thresholds unless told otherwise, at least 8 to each halving of the distance to 0 and 1", () => {
    const { thresholds } = new ThresholdGrid(undefined);
    expect(thresholds).to.have.length(898);
    expect([thresholds[0], thresholds.at(-1)]).to.deep.equal([0, 1]);
    for (let i = 2; i < thresholds.length; i++) {
      expect((thresholds[i] as number) / (thresholds[i - 1] as number)).to.be.within(1, 1.125);
    }
    for (let i = 1; (thresholds[i] as number) < 1 - 2 ** -21; i++) {
      expect((1 - (thresholds[i - 1] as number)) / (1 - (thresholds[i] as number))).to.be.within(1, 1.15);
    }
  });
});
