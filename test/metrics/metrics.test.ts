/** Metrics against scikit-learn's; `scripts/golden/metrics.py` writes the expected numbers. */
import { expect } from "chai";
import { readFileSync } from "node:fs";
import path from "node:path";
import { accuracy, classificationReport, confusionMatrix, precisionRecallF1 } from "../../lib/metrics/classification";
import { ConfusionMatrix } from "../../lib/metrics/confusion-matrix";
import { thrown } from "../support/rejection";

interface Triple {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}
interface Case {
  readonly name: string;
  readonly true: number[];
  readonly predicted: number[];
  readonly expected: {
    readonly accuracy: number;
    readonly macro: Triple;
    readonly weighted: Triple;
    readonly classes: readonly (Triple & { readonly id: number; readonly support: number })[];
    readonly confusionMatrix: number[][];
  };
}

const GOLDEN = path.join(__dirname, "..", "golden", "metrics.json");
const golden = JSON.parse(readFileSync(GOLDEN, "utf8")) as { cases: Case[] };

/** Sums in another order may differ in the last digits. */
function close(actual: Triple, expected: Triple): void {
  for (const key of ["precision", "recall", "f1"] as const) {
    expect(actual[key], key).to.be.closeTo(expected[key], 1e-12);
  }
}

describe("metrics equal scikit-learn's", () => {
  for (const { name, true: actual, predicted, expected } of golden.cases) {
    it(`for ${name}`, () => {
      expect(accuracy(actual, predicted)).to.be.closeTo(expected.accuracy, 1e-12);
      close(precisionRecallF1(actual, predicted, "macro"), expected.macro);
      close(precisionRecallF1(actual, predicted, "weighted"), expected.weighted);
      expect(confusionMatrix(actual, predicted).counts).to.deep.equal(expected.confusionMatrix);
      const { classes } = classificationReport(actual, predicted);
      expect(classes.map(({ label, support }) => [Number(label), support])).to.deep.equal(
        expected.classes.map(({ id, support }) => [id, support]),
      );
      classes.forEach((scores, i) => close(scores, expected.classes[i] as Triple));
    });

    it(`for ${name}, counted row by row with classes to spare`, () => {
      const matrix = new ConfusionMatrix(50);
      actual.forEach((id, row) => matrix.add(id, predicted[row] as number));
      const summary = matrix.summary();
      expect(summary.accuracy).to.be.closeTo(expected.accuracy, 1e-12);
      close({ precision: summary.macroPrecision, recall: summary.macroRecall, f1: summary.macroF1 }, expected.macro);
      close(
        { precision: summary.weightedPrecision, recall: summary.weightedRecall, f1: summary.weightedF1 },
        expected.weighted,
      );
    });
  }
});

describe("ConfusionMatrix", () => {
  it("names the most confused pairs by count, then in the order of the classes", () => {
    const matrix = new ConfusionMatrix(["ant", "bee", "cat"]);
    matrix.addAll([0, 0, 0, 1, 1, 2, 2, 2], [1, 1, 0, 0, 1, 0, 0, 2]);
    expect(matrix.mostConfused(2)).to.deep.equal([
      { actual: "ant", predicted: "bee", count: 2, share: 2 / 3 },
      { actual: "cat", predicted: "ant", count: 2, share: 2 / 3 },
    ]);
    expect(matrix.mostConfused()).to.have.length(3);
    expect(matrix.total).to.equal(8);
    expect(matrix.at(0, 1)).to.equal(2);
    expect(JSON.parse(JSON.stringify(matrix))).to.deep.equal({
      labels: ["ant", "bee", "cat"],
      counts: [
        [1, 2, 0],
        [1, 1, 0],
        [2, 0, 1],
      ],
    });
  });

  it("takes ids as libtorch gives them, bigints in typed arrays", () => {
    expect(accuracy(BigInt64Array.of(0n, 1n), Int32Array.of(0, 0))).to.equal(0.5);
  });

  it("has no accuracy without rows, and zeros for averages", () => {
    expect(accuracy([], [])).to.be.NaN;
    expect(new ConfusionMatrix(2).summary()).to.include({ macroF1: 0, weightedF1: 0 });
  });

  it("refuses ids that are no classes, and lists of different length", () => {
    const matrix = new ConfusionMatrix(["a", "b"]);
    for (const id of [-1, 2, 0.5, NaN]) {
      expect(thrown(() => matrix.add(0, id), "ERR_INVALID_ARG").message).to.include("from 0 to 1");
    }
    expect(matrix.total).to.equal(0);
    thrown(() => matrix.addAll([0, 1], [0]), "ERR_INVALID_ARG");
    thrown(() => accuracy("ab" as unknown as number[], [1]), "ERR_INVALID_ARG");
    thrown(() => precisionRecallF1([0], [0], "median" as "macro"), "ERR_INVALID_ARG");
    for (const classes of [0, -1, 1.5, [], 1e9]) thrown(() => new ConfusionMatrix(classes), "ERR_INVALID_ARG");
  });
});
