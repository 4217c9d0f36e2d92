/**
 * Streaming metrics of one class per example against scikit-learn's and torchmetrics';
 * `scripts/golden/metrics_streaming.py` writes them.
 */
import { expect } from "chai";
import { SingleLabelMetrics, type SingleLabelOptions } from "../../lib/metrics/single-label-metrics";
import { thrown } from "../support/rejection";
import {
  expectAreas,
  expectClose,
  golden,
  macroOf,
  precision,
  probabilitiesOf,
  type SingleCase,
  thresholdsOf,
  withoutMissing,
} from "../support/streaming-metrics";

function measured({ name, classes, truth }: SingleCase, options: SingleLabelOptions = {}): SingleLabelMetrics {
  const metrics = new SingleLabelMetrics(classes, options);
  metrics.addAll(probabilitiesOf("single", name), truth);
  return metrics;
}

describe("SingleLabelMetrics equals its references", () => {
  for (const example of golden.single) {
    const { name, truth, expected } = example;
    it(`for ${name}: scikit-learn's scores`, () => {
      const metrics = measured(example);
      const { accuracy = null, matthews = null } = expected.scores;
      expectClose(metrics.summary(), { ...expected.scores, examples: truth.length }, precision);
      expectClose(metrics.confusionMatrix.summary(), { accuracy, matthews }, precision);
      for (const [topK, topKAccuracy] of Object.entries(expected.topKAccuracy)) {
        expectClose(measured(example, { topK: Number(topK) }).summary(), { topKAccuracy }, precision);
      }
    });

    it(`for ${name}: torchmetrics' calibration error`, () => {
      for (const [bins, error] of Object.entries(expected.expectedCalibrationError)) {
        const { expectedCalibrationError, reliability } = measured(example, {
          calibrationBins: Number(bins),
        }).summary();
        expect(expectedCalibrationError, `${bins} bins`).to.be.closeTo(error, 1e-6);
        expect(reliability.reduce((sum, { count }) => sum + count, 0)).to.equal(truth.length);
        for (const { from, to, confidence } of reliability) expect(confidence).to.be.within(from, to);
      }
    });

    it(`for ${name}: scikit-learn's and torchmetrics' areas under binned curves`, () => {
      for (const grid of ["fine", "even", "chosen"] as const) {
        const summary = measured(example, thresholdsOf(grid)).summary();
        const binned = expected.areas.binned[grid];
        expectAreas(summary.perClass, binned["scikit-learn"], 1e-12);
        expectAreas(summary.perClass, binned.torchmetrics, 1e-6);
        expectClose(summary, macroOf(binned["scikit-learn"]), precision);
      }
      const { perClass } = measured(example, thresholdsOf("even")).summary();
      expectAreas(withoutMissing(perClass, expected.areas.asCalled), expected.areas.asCalled, 1e-6);
    });

    it(`for ${name}: scikit-learn's exact areas as closely as is stated`, () => {
      const { perClass, macroRocAuc, macroPrAuc } = measured(example).summary();
      const { exact } = expected.areas;
      perClass.forEach(({ rocAuc, rocAucError }, id) => {
        const area = exact.rocAuc[id] as number | null;
        if (area !== null) expect(Math.abs(rocAuc - area)).to.be.at.most(rocAucError + 1e-12);
      });
      expectClose({ macroRocAuc, macroPrAuc }, macroOf(exact), (area) => (area === "macroRocAuc" ? 0.001 : 0.005));
    });
  }
});

describe("SingleLabelMetrics", () => {
  const [first] = golden.single as [SingleCase];
  const probabilities = probabilitiesOf("single", first.name);

  it("gives the same however the examples are batched, and takes what libtorch gives", () => {
    const options = { bootstrap: { replicates: 20 } };
    const whole = new SingleLabelMetrics(first.classes, options);
    const parts = new SingleLabelMetrics(first.classes, options);
    whole.addAll(Array.from(probabilities), first.truth);
    for (let row = 0; row < first.truth.length; row += 7) {
      const ids = BigInt64Array.from(first.truth.slice(row, row + 7), BigInt);
      parts.addAll(probabilities.subarray(row * first.classes, (row + ids.length) * first.classes), ids);
    }
    parts.addAll([], []);
    expect(parts.summary()).to.deep.equal(whole.summary());
  });

  it("names its classes and describes its calibration curve", () => {
    const metrics = new SingleLabelMetrics(["cat", "dog"], { calibrationBins: 4 });
    metrics.addAll([0.875, 0.125, 0.125, 0.875, 1, 0, 0.625, 0.375], [0, 0, 0, 1]);
    const { perClass, reliability } = metrics.summary();
    expect(metrics.labels).to.deep.equal(["cat", "dog"]);
    expect(perClass[1]).to.include({ label: "dog", support: 1, precision: 0, rocAuc: 2 / 3, prAuc: 1 / 2 });
    expect(reliability).to.deep.equal([
      { from: 0.5, to: 0.75, count: 1, confidence: 0.625, accuracy: 0 },
      { from: 0.75, to: 1, count: 2, confidence: 0.875, accuracy: 0.5 },
      { from: 1, to: 1, count: 1, confidence: 1, accuracy: 1 },
    ]);
  });

  it("is NaN without examples, but for the averages, which are 0", () => {
    const { macroF1, matthews, examples, perClass, ...undefinedOnes } = new SingleLabelMetrics(2, {
      bootstrap: {},
    }).summary();
    expect({ macroF1, matthews, examples }).to.deep.equal({ macroF1: 0, matthews: 0, examples: 0 });
    for (const name of [
      "accuracy",
      "topKAccuracy",
      "logLoss",
      "brier",
      "expectedCalibrationError",
      "macroRocAuc",
      "macroPrAuc",
    ] as const) {
      expect(undefinedOnes[name], name).to.be.NaN;
    }
    expect(undefinedOnes.reliability).to.deep.equal([]);
    expect(perClass[0]).to.include({ support: 0, f1: 0 });
    expect(perClass[0]?.rocAuc).to.be.NaN;
    expect(undefinedOnes.intervals?.accuracy).to.deep.equal([NaN, NaN]);
  });

  it("writes its summary and the confusion matrix as JSON", () => {
    const metrics = measured(first);
    const written = JSON.parse(JSON.stringify(metrics)) as Record<string, unknown>;
    expect(written).to.include({ examples: 300, accuracy: 0.75 });
    expect(written["confusionMatrix"]).to.deep.equal(JSON.parse(JSON.stringify(metrics.confusionMatrix)));
  });

  it("refuses a wrong batch and counts none of it", () => {
    const metrics = new SingleLabelMetrics(["a", "b"]);
    const wrong: readonly [unknown, unknown, string][] = [
      [[0.5, 0.5], [2], "from 0 to 1, got 2"],
      [[0.5, 0.5], [-100], "got -100"],
      [[0.5, 0.5], [NaN], "got NaN"],
      [[0.5, 0.5], ["1"], 'got "1"'],
      [[0.5, 0.5], [0.5], "got 0.5"],
      [[0.5, 0.5], [true], "got true"],
      [[0.5, 0.5], new Array(1), "got undefined"],
      [[0.5, 0.5], undefined, "as an array, got undefined"],
      [[0.5, 0.5], 1, "as an array, got 1"],
      [[0.5, 0.5, 0.5], [0], "1 × 2 probabilities"],
      [[0.5, 0.5], [0, 1], "2 × 2 probabilities"],
      [[0.5, 0.5, 1.5, -0.5], [0, 0], "got 1.5 (row 1, class 0)"],
      [[0.5, 0.5, NaN, 1], [0, 0], "got NaN (row 1, class 0)"],
      [Float32Array.of(0.5, 0.5, 1, -1e-9), [0, 0], "(row 1, class 1)"],
      [["0.5", 0.5], [0], 'got "0.5"'],
      [BigInt64Array.of(1n, 0n), [0], "got 1n"],
      [new Array(2), [0], "got undefined"],
      ["ab", [0], "as an array"],
      [null, [0], "as an array, got null"],
      [[0.5, 0.5, 0.875, 0.875], [0, 0], "sum to 1 in each row, got a sum of 1.75 (row 1)"],
    ];
    for (const [probabilities, ids, message] of wrong) {
      expect(
        thrown(() => metrics.addAll(probabilities as number[], ids as number[]), "ERR_INVALID_ARG").message,
      ).to.include(message);
    }
    expect(metrics.summary().examples).to.equal(0);
    expect(metrics.confusionMatrix.total).to.equal(0);
  });

  it("refuses options that do not exist or make no sense", () => {
    const wrong: readonly unknown[] = [
      { topk: 1 },
      { topK: 0 },
      { topK: 1.5 },
      { calibrationBins: 0 },
      { thresholds: 1 },
      { thresholds: [] },
      { thresholds: [0.5, 0.5] },
      { thresholds: [0.5, 0.1] },
      { thresholds: [0, 1.5] },
      { thresholds: [NaN] },
      { thresholds: "fine" },
      { bootstrap: true },
      { bootstrap: null },
      { bootstrap: { replicates: 1 } },
      { bootstrap: { confidence: 95 } },
      { bootstrap: { seed: 0.5 } },
      { bootstrap: { seeds: 1 } },
      [],
      null,
      5,
    ];
    for (const options of wrong) {
      thrown(() => new SingleLabelMetrics(2, options as SingleLabelOptions), "ERR_INVALID_ARG");
    }
    for (const classes of [0, [], "ab", undefined, 1e9]) {
      thrown(() => new SingleLabelMetrics(classes as number), "ERR_INVALID_ARG");
    }
  });
});
