/**
 * Streaming metrics of numbers against scikit-learn's, and against exact arithmetic where floating point loses digits.
 */
import { expect } from "chai";
import { RegressionMetrics, type RegressionOptions } from "../../lib/metrics/regression-metrics";
import { thrown } from "../support/rejection";
import { expectClose, golden, type RegressionCase } from "../support/streaming-metrics";

describe("RegressionMetrics", () => {
  for (const { name, predictions, targets, expected } of golden.regression) {
    it(`equals its reference for ${name}`, () => {
      const metrics = new RegressionMetrics();
      metrics.addAll(predictions, Float64Array.from(targets));
      expectClose(
        metrics.summary(),
        { ...expected, examples: targets.length },
        (_, value) => 1e-12 * (1 + Math.abs(value)),
      );
    });
  }

  it("gives the same however the examples are batched", () => {
    const { predictions, targets } = golden.regression[0] as RegressionCase;
    const options = { bootstrap: { replicates: 20 } };
    const [whole, parts] = [new RegressionMetrics(options), new RegressionMetrics(options)];
    whole.addAll(predictions, targets);
    for (let row = 0; row < targets.length; row += 7) {
      parts.addAll(predictions.slice(row, row + 7), targets.slice(row, row + 7));
    }
    parts.addAll([], []);
    expect(parts.summary()).to.deep.equal(whole.summary());
    expect(JSON.parse(JSON.stringify(parts))).to.deep.equal(JSON.parse(JSON.stringify(whole.summary())));
  });

  it("is NaN without examples", () => {
    const { examples, ...scores } = new RegressionMetrics().summary();
    expect(examples).to.equal(0);
    for (const [name, value] of Object.entries(scores)) expect(value, name).to.be.NaN;
    expect(Object.keys(scores)).to.have.length(8);
  });

  it("refuses a wrong batch and counts none of it", () => {
    const metrics = new RegressionMetrics();
    const wrong: readonly [unknown, unknown, string][] = [
      [[1, 2], [1], "as many predictions as targets, got 2 and 1"],
      [[1, NaN], [1, 2], "got NaN (number 1)"],
      [[1, 2], [1, Infinity], "got Infinity (number 1)"],
      [["1"], [1], 'got "1"'],
      [[1n], [1], "got 1n"],
      [new Array(1), [1], "got undefined"],
      [undefined, [1], "as an array"],
      [[1], { length: -1 }, "as an array"],
    ];
    for (const [predictions, targets, message] of wrong) {
      expect(
        thrown(() => metrics.addAll(predictions as number[], targets as number[]), "ERR_INVALID_ARG").message,
      ).to.include(message);
    }
    expect(metrics.summary().examples).to.equal(0);
    for (const options of [{ replicates: 5 }, { bootstrap: 5 }, []]) {
      thrown(() => new RegressionMetrics(options as RegressionOptions), "ERR_INVALID_ARG");
    }
  });
});
