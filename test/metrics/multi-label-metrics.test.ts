/**
 * Streaming metrics of many labels per example against scikit-learn's and torchmetrics';
 * `scripts/golden/metrics_streaming.py` writes them.
 */
import { expect } from "chai";
import { MultiLabelMetrics, type MultiLabelOptions } from "../../lib/metrics/multi-label-metrics";
import { thrown } from "../support/rejection";
import {
  expectAreas,
  expectClose,
  golden,
  macroOf,
  type MultiCase,
  precision,
  probabilitiesOf,
  thresholdsOf,
  withoutMissing,
} from "../support/streaming-metrics";

function measured({ name, classes, truth }: MultiCase, options: MultiLabelOptions = {}): MultiLabelMetrics {
  const metrics = new MultiLabelMetrics(classes, options);
  metrics.addAll(probabilitiesOf("multi", name), truth);
  return metrics;
}

describe("MultiLabelMetrics equals its references", () => {
  for (const example of golden.multi) {
    const { name, truth, classes, expected } = example;
    it(`for ${name}: scikit-learn's scores`, () => {
      for (const [threshold, scores] of Object.entries(expected.scores)) {
        expectClose(
          measured(example, { threshold: Number(threshold) }).summary(),
          { ...scores, examples: truth.length / classes },
          precision,
        );
      }
    });

    it(`for ${name}: scikit-learn's and torchmetrics' areas under binned curves`, () => {
      for (const grid of ["fine", "even", "chosen"] as const) {
        const summary = measured(example, thresholdsOf(grid)).summary();
        const pooled = [{ rocAuc: summary.microRocAuc, prAuc: summary.microPrAuc }];
        const references = [
          ["scikit-learn", 1e-12],
          ["torchmetrics", 1e-6],
        ] as const;
        for (const [reference, tolerance] of references) {
          expectAreas(summary.perClass, expected.areas.binned[grid][reference], tolerance);
          expectAreas(pooled, expected.pooled.binned[grid][reference], tolerance);
        }
        expectClose(summary, macroOf(expected.areas.binned[grid]["scikit-learn"]), precision);
      }
      const { perClass } = measured(example, thresholdsOf("even")).summary();
      expectAreas(withoutMissing(perClass, expected.areas.asCalled), expected.areas.asCalled, 1e-6);
    });

    it(`for ${name}: scikit-learn's exact areas as closely as is stated`, () => {
      const { perClass, macroRocAuc, macroPrAuc, microRocAuc, microPrAuc } = measured(example).summary();
      const { exact } = expected.areas;
      perClass.forEach(({ rocAuc, rocAucError }, id) => {
        const area = exact.rocAuc[id] as number | null;
        if (area !== null) expect(Math.abs(rocAuc - area)).to.be.at.most(rocAucError + 1e-12);
      });
      const micro = macroOf(expected.pooled.exact);
      expectClose({ macroRocAuc, macroPrAuc }, macroOf(exact), (area) => (area === "macroRocAuc" ? 0.001 : 0.005));
      expectClose({ macroRocAuc: microRocAuc, macroPrAuc: microPrAuc }, micro, (area) =>
        area === "macroRocAuc" ? 0.001 : 0.005,
      );
    });
  }
});

describe("MultiLabelMetrics", () => {
  const [first] = golden.multi as [MultiCase];
  const probabilities = probabilitiesOf("multi", first.name);

  it("gives the same however the examples are batched, and takes what libtorch gives", () => {
    const options = { bootstrap: { replicates: 20 } };
    const whole = new MultiLabelMetrics(first.classes, options);
    const parts = new MultiLabelMetrics(first.classes, options);
    whole.addAll(Array.from(probabilities), first.truth);
    const size = 7 * first.classes;
    for (let from = 0; from < first.truth.length; from += size) {
      parts.addAll(
        probabilities.subarray(from, from + size),
        BigInt64Array.from(first.truth.slice(from, from + size), BigInt),
      );
    }
    parts.addAll([], []);
    expect(parts.summary()).to.deep.equal(whole.summary());
    expect(JSON.parse(JSON.stringify(parts))).to.deep.equal(JSON.parse(JSON.stringify(whole.summary())));
  });

  it("is NaN without examples, but for the averages, which are 0", () => {
    const summary = new MultiLabelMetrics(["urgent"]).summary();
    expect(summary).to.include({ examples: 0, microF1: 0, macroF1: 0, weightedF1: 0 });
    for (const name of [
      "subsetAccuracy",
      "hammingLoss",
      "samplesF1",
      "logLoss",
      "brier",
      "macroRocAuc",
      "microPrAuc",
    ] as const) {
      expect(summary[name], name).to.be.NaN;
    }
    expect(summary.perClass.map(({ label }) => label)).to.deep.equal(["urgent"]);
  });

  it("refuses a wrong batch and counts none of it", () => {
    const metrics = new MultiLabelMetrics(["a", "b"]);
    const wrong: readonly [unknown, unknown, string][] = [
      [[0.5, 0.5], [2, 0], "targets from 0 to 1, got 2"],
      [[0.5, 0.5], [0.3, 0], "got 0.3"],
      [[0.5, 0.5], [-100, 0], "got -100"],
      [[0.5, 0.5], [true, false], "got true"],
      [[0.5, 0.5], [1], "whole rows of 2 targets, got 1"],
      [[0.5, 0.5, 0.5, 0.5], [1, 0, 1], "whole rows"],
      [[0.5, 0.5, 0.5, 0.5], [1, 0], "1 × 2 probabilities"],
      [[0.5, 3], [1, 0], "got 3 (row 0, class 1)"],
      [[0.5, NaN], [1, 0], "got NaN (row 0, class 1)"],
      [undefined, [1, 0], "as an array"],
      [[0.5, 0.5], undefined, "as an array"],
    ];
    for (const [probabilities, targets, message] of wrong) {
      expect(
        thrown(() => metrics.addAll(probabilities as number[], targets as number[]), "ERR_INVALID_ARG").message,
      ).to.include(message);
    }
    expect(metrics.summary().examples).to.equal(0);
  });

  it("refuses options that do not exist or make no sense", () => {
    for (const options of [
      { topK: 1 },
      { threshold: 1.5 },
      { threshold: NaN },
      { threshold: "0.5" },
      { thresholds: 0 },
      { bootstrap: 3 },
      null,
    ]) {
      thrown(() => new MultiLabelMetrics(2, options as MultiLabelOptions), "ERR_INVALID_ARG");
    }
  });
});
