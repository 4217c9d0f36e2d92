import { expect } from "chai";
import { randomBelow, randomUnit } from "../../../lib/data/random";
import { type Abstention, abstentionThreshold } from "../../../lib/train/calibration/abstention";
import { errorRateBound } from "../../../lib/train/calibration/binomial-bound";
import { readGolden } from "../../support/golden";
import { thrown } from "../../support/rejection";

interface Golden {
  readonly bounds: readonly {
    readonly errors: number;
    readonly trials: number;
    readonly delta: number;
    readonly bound: number;
  }[];
  readonly abstentions: readonly {
    readonly confidences: readonly number[];
    readonly correct: readonly boolean[];
    readonly expected: readonly {
      readonly risk: number;
      readonly delta: number | null;
      readonly found: Abstention | null;
    }[];
  }[];
}

const golden = readGolden<Golden>("predict.json");

describe("errorRateBound", () => {
  it("is the quantile of SciPy's beta distribution", () => {
    for (const { errors, trials, delta, bound } of golden.bounds) {
      expect(errorRateBound(errors, trials, delta) / bound, `${errors} of ${trials} at ${delta}`).to.be.closeTo(
        1,
        1e-9,
      );
    }
  });
});

describe("abstentionThreshold", () => {
  golden.abstentions.forEach(({ confidences, correct, expected }, i) => {
    it(`answers as much as the risk allows, with ties as one and with bounds as in Geifman and El-Yaniv: data ${i}`, () => {
      for (const { risk, delta, found } of expected) {
        const call = (): Abstention =>
          abstentionThreshold(confidences, correct, delta === null ? { risk } : { risk, delta });
        if (!found) {
          expect(thrown(call, "ERR_INVALID_ARG").message).to.match(/got 0\.\d+; the lowest is 0\.\d+/);
          continue;
        }
        const { bound, ...rest } = call();
        const { bound: theirs, ...others } = found;
        expect(rest).to.deep.equal(others);
        if (theirs === undefined) expect(bound).to.equal(undefined);
        else expect(bound).to.be.closeTo(theirs, 1e-9);
      }
    });
  });

  it("keeps the guarantee: the true risk is above the wanted one in no more than delta of all drawings", () => {
    // A prediction of confidence c is right with probability c, so the risk of answering from t on is (1 − t) / 2.
    const random = randomUnit(randomBelow(1));
    const [risk, delta, drawings] = [0.25, 0.2, 200];
    let [answered, broken] = [0, 0];
    for (let i = 0; i < drawings; i++) {
      const confidences = Float64Array.from({ length: 2000 }, random);
      const correct = Array.from(confidences, (confidence) => random() < confidence);
      const { threshold } = abstentionThreshold(confidences, correct, { risk, delta });
      answered += 1 - threshold;
      if ((1 - threshold) / 2 > risk) broken++;
    }
    expect(broken / drawings).to.be.at.most(delta);
    expect(answered / drawings, "and is not had by silence").to.be.above(0.25);
  });

  it("refuses what is no risk, no delta and no list", () => {
    const call =
      (...args: unknown[]) =>
      () =>
        (abstentionThreshold as (...args: unknown[]) => unknown)(...args);
    const [probabilities, correct] = [
      [0.5, 0.9],
      [false, true],
    ];
    for (const options of [
      undefined,
      null,
      {},
      { risk: 1 },
      { risk: -0.1 },
      { risk: NaN },
      { risk: "0.1" },
      { risk: 0.1, delta: 0 },
      { risk: 0.1, delta: 1 },
      { risk: 0.1, beta: 1 },
    ]) {
      thrown(call(probabilities, correct, options), "ERR_INVALID_ARG");
    }
    const sparse = [0.5, , 0.9]; // eslint-disable-line no-sparse-arrays -- as plain JavaScript may have
    const wrong = [undefined, "text", [], [0.5], [0.5, 1.1], [0.5, NaN], [0.5, "0.9"], sparse, { length: 2 }];
    for (const bad of wrong) {
      thrown(call(bad, correct, { risk: 0.1 }), "ERR_INVALID_ARG");
    }
    for (const bad of [undefined, [true], [1, 0], [true, undefined]]) {
      thrown(call(probabilities, bad, { risk: 0.1 }), "ERR_INVALID_ARG");
    }
  });
});
