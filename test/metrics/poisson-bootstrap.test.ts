/** Confidence intervals against ordinary bootstraps, which a Python script ran, and against known distributions. */
import { expect } from "chai";
import { randomBelow, randomUnit } from "../../lib/data/random";
import { MultiLabelMetrics } from "../../lib/metrics/multi-label-metrics";
import { type Interval, PoissonBootstrap } from "../../lib/metrics/poisson-bootstrap";
import { RegressionMetrics } from "../../lib/metrics/regression-metrics";
import { SingleLabelMetrics } from "../../lib/metrics/single-label-metrics";
import { golden, probabilitiesOf, type Resampled } from "../support/streaming-metrics";

/**
 * An end that is estimated from R replicates wanders by √(q(1 − q)/R) / density at the end, in units of the deviation:
 * at q = 0.025 of a normal distribution, where the density is 0.0584, by 2.67/√R. Four times that of both bootstraps is
 * 0.34 deviations at R = 2000; ends of small differences between Poisson and multinomial weights hide in it.
 */
const REPLICATES = 2000;
const TOLERANCE = 4 * 2.67 * Math.sqrt(1 / REPLICATES + 1 / REPLICATES);

function expectSame(intervals: object | undefined, expected: Resampled): void {
  for (const [name, { low, high, deviation }] of Object.entries(expected)) {
    const [ourLow, ourHigh] = (intervals as Readonly<Record<string, Interval>>)[name] as Interval;
    expect(ourLow, `low end of ${name}`).to.be.closeTo(low, TOLERANCE * deviation);
    expect(ourHigh, `high end of ${name}`).to.be.closeTo(high, TOLERANCE * deviation);
  }
}

describe("the Poisson bootstrap gives the intervals of an ordinary one", () => {
  const bootstrap = { replicates: REPLICATES, seed: 7 };

  it("for one class per example", () => {
    const { truth, expected } = golden.bootstrap.single;
    const metrics = new SingleLabelMetrics(3, { bootstrap });
    metrics.addAll(probabilitiesOf("bootstrap", "single"), truth);
    expectSame(metrics.summary().intervals, expected);
  });

  it("for many labels per example", () => {
    const { truth, expected } = golden.bootstrap.multi;
    const metrics = new MultiLabelMetrics(4, { bootstrap });
    metrics.addAll(probabilitiesOf("bootstrap", "multi"), truth);
    expectSame(metrics.summary().intervals, expected);
  });

  it("for numbers", () => {
    const { predictions, targets, expected } = golden.bootstrap.regression;
    const metrics = new RegressionMetrics({ bootstrap });
    metrics.addAll(predictions, targets);
    expectSame(metrics.summary().intervals, expected);
  });
});

/** Of so many examples, the first ones right. */
function accuracyInterval(right: number, examples: number, bootstrap: object): Interval {
  const metrics = new SingleLabelMetrics(2, { thresholds: 2, bootstrap });
  metrics.addAll(
    Float32Array.from({ length: 2 * examples }, (_, i) => 1 - (i % 2)),
    Uint8Array.from({ length: examples }, (_, row) => (row < right ? 0 : 1)),
  );
  return metrics.summary().intervals?.accuracy as Interval;
}

describe("confidence intervals", () => {
  it("of an accuracy are those of the normal approximation where there are many examples", () => {
    const [examples, accuracy, replicates] = [2000, 0.9, 4000];
    const deviation = Math.sqrt((accuracy * (1 - accuracy)) / examples);
    // 4 × 2.67 / √4000 deviations: a twelfth of the half width
    for (const [confidence, z] of [
      [0.95, 1.95996],
      [0.8, 1.28155],
    ] as const) {
      const [low, high] = accuracyInterval(accuracy * examples, examples, { replicates, confidence });
      expect((accuracy - low) / deviation).to.be.closeTo(z, 0.17);
      expect((high - accuracy) / deviation).to.be.closeTo(z, 0.17);
    }
  });

  it("hold the truth about as often as they say", () => {
    const unit = randomUnit(randomBelow(11));
    const [runs, examples] = [250, 100];
    let held = 0;
    for (let seed = 0; seed < runs; seed++) {
      const right = Array.from({ length: examples }, unit).filter((draw) => draw < 0.8).length;
      const [low, high] = accuracyInterval(right, examples, { seed, replicates: 100 });
      if (low <= 0.8 && 0.8 <= high) held++;
    }
    // Percentiles of 100 examples hold a little less; then four standard deviations of a share of the runs.
    expect(held / runs).to.be.within(
      0.93 - 4 * Math.sqrt((0.95 * 0.05) / runs),
      0.93 + 4 * Math.sqrt((0.95 * 0.05) / runs),
    );
  });

  it("depend on the seed, and on nothing else that is random", () => {
    const first = accuracyInterval(150, 200, { seed: 1 });
    expect(accuracyInterval(150, 200, { seed: 1 })).to.deep.equal(first);
    expect(accuracyInterval(150, 200, { seed: 2 })).to.not.deep.equal(first);
    expect(accuracyInterval(150, 200, {})).to.deep.equal(
      accuracyInterval(150, 200, { replicates: 200, confidence: 0.95, seed: 42 }),
    );
  });

  it("are absent where none were asked for, and a point where nothing varies", () => {
    expect(new SingleLabelMetrics(2).summary()).to.not.have.property("intervals");
    expect(new RegressionMetrics({}).summary()).to.not.have.property("intervals");
    expect(accuracyInterval(200, 200, {})).to.deep.equal([1, 1]);
  });

  it("leave out replicates that drew no example", () => {
    const metrics = new SingleLabelMetrics(2, { bootstrap: {} });
    metrics.addAll([1, 0], [0]); // which a third of the replicates did not draw
    const { accuracy, macroF1 } = metrics.summary().intervals ?? {};
    expect([accuracy, macroF1]).to.deep.equal([
      [1, 1],
      [1, 1],
    ]);
  });
});

describe("PoissonBootstrap", () => {
  it("draws counts with the Poisson distribution's frequencies, and each lane by itself", () => {
    const bootstrap = new PoissonBootstrap("test", { replicates: 400, seed: 3 });
    const draws = 2500;
    const counts = new Float64Array(256);
    let product = 0;
    for (let i = 0; i < draws; i++) {
      bootstrap.draw();
      expect(bootstrap.weights[0]).to.equal(1);
      for (let lane = 1; lane <= 400; lane++) counts[bootstrap.weights[lane] as number]!++;
      for (let lane = 2; lane <= 400; lane++) {
        product += ((bootstrap.weights[lane] as number) - 1) * ((bootstrap.weights[lane - 1] as number) - 1);
      }
    }
    const total = 400 * draws;
    let probability = Math.exp(-1);
    for (let count = 0; count < 8; probability /= ++count) {
      const deviation = Math.sqrt(probability * (1 - probability) * total);
      expect(counts[count], `how often ${count}`).to.be.closeTo(probability * total, 4 * deviation);
    }
    // Neighbours' deviations multiply to a mean of 0 with variance 1.
    expect(product / Math.sqrt(399 * draws)).to.be.within(-4, 4);
  });
});
