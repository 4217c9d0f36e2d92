import { expect } from "chai";
import { Classifier } from "../../lib/predict/classifier";
import type { ClassifierOptions } from "../../lib/predict/options";
import type { ModelProblem } from "../../lib/models/model";
import { FakeClassifier } from "../support/fake-classifier";
import { FakeTokenizer } from "../support/fake-tokenizer";
import { rejection, thrown } from "../support/rejection";

/** A classifier whose first logit is the text's number, and the others are 0. */
function classifierOf<P extends ModelProblem>(
  problem: P,
  labels: readonly string[],
  options: ClassifierOptions = {},
): Classifier<P> {
  return new Classifier(new FakeClassifier(labels, problem), new FakeTokenizer(), options);
}

const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit));

describe("predictions", () => {
  it("of a single-label model are its most probable labels, with the probabilities of a softmax", async () => {
    const classifier = classifierOf("single-label", ["a", "b", "c"]);
    const sum = Math.exp(2) + 2;
    const { label, probability, top, ...rest } = await classifier.predict("2", { topK: 2 });
    expect(label).to.equal("a");
    expect(probability).to.be.closeTo(Math.exp(2) / sum, 1e-12);
    expect(top.map((entry) => entry.label)).to.deep.equal(["a", "b"]);
    expect(top[1]?.probability).to.be.closeTo(1 / sum, 1e-12);
    expect(rest).to.deep.equal({});
  });

  it("of a multi-label model are the labels above a threshold, with the probability of each", async () => {
    const classifier = classifierOf("multi-label", ["a", "b"]);
    const { labels, top } = await classifier.predict("2");
    expect(labels).to.deep.equal(["a"]); // 0.5 does not exceed 0.5
    expect(top.map(({ label }) => label)).to.deep.equal(["a", "b"]);
    expect(top.map(({ probability }) => probability)).to.deep.equal([sigmoid(2), 0.5]);
    expect((await classifier.predict("2", { threshold: 0.4, topK: 1 })).labels).to.deep.equal(["a", "b"]);
    expect((await classifier.predict("2", { threshold: 0.4, topK: 1 })).top).to.have.length(1);
    expect((await classifier.predict("2", { threshold: 0.9 })).labels).to.deep.equal([]);
  });

  it("of a regression are its numbers", async () => {
    expect(await classifierOf("regression", ["stars"]).predict(["3", "1"])).to.deep.equal([{ value: 3 }, { value: 1 }]);
  });

  it("do not take options that their problem has not", async () => {
    await rejection(classifierOf("single-label", ["a", "b"]).predict("1", { threshold: 0.5 }), "ERR_INVALID_ARG");
    await rejection(classifierOf("regression", ["n"]).predict("1", { topK: 1 }), "ERR_INVALID_ARG");
    await rejection(classifierOf("regression", ["n"]).predict("1", { threshold: 0.5 }), "ERR_INVALID_ARG");
    for (const options of [{ threshold: NaN }, { threshold: 1.5 }, { threshold: "0.5" }, { topK: 0 }]) {
      await rejection(classifierOf("multi-label", ["a", "b"]).predict("1", options as never), "ERR_INVALID_ARG");
    }
  });

  it("are read at the temperature, before softmax or sigmoid", async () => {
    const calibration = { temperature: 4 };
    const single = await classifierOf("single-label", ["a", "b"], { calibration }).predict("2");
    expect(single.probability).to.be.closeTo(sigmoid(0.5), 1e-12);
    const multi = await classifierOf("multi-label", ["a", "b"], { calibration }).predict("2");
    expect(multi.top[0]?.probability).to.be.closeTo(sigmoid(0.5), 1e-12);
  });

  it("say that they abstain below the threshold, and keep their label", async () => {
    const classifier = classifierOf("single-label", ["a", "b"], {
      calibration: { temperature: 1, abstention: { threshold: sigmoid(2) } },
    });
    const [unsure, sure] = await classifier.predict(["1", "2"]);
    expect(unsure).to.include({ label: "a", abstained: true });
    expect(sure).to.include({ label: "a", abstained: false });
  });

  it("do not overflow", async () => {
    const [prediction] = await classifierOf("single-label", ["a", "b"], { calibration: { temperature: 1e-3 } }).predict(
      ["9000"],
    );
    expect(prediction).to.include({ label: "a", probability: 1 });
  });

  it("need a calibration that is one, and that their problem can have", () => {
    for (const calibration of [
      5,
      "1",
      {},
      { temperature: 0 },
      { temperature: NaN },
      { temperature: Infinity },
      { temperature: 1, abstention: null },
      { temperature: 1, abstention: { threshold: 2 } },
    ]) {
      thrown(() => classifierOf("single-label", ["a", "b"], { calibration: calibration as never }), "ERR_INVALID_ARG");
    }
    thrown(() => classifierOf("regression", ["n"], { calibration: { temperature: 1 } }), "ERR_INVALID_ARG");
    thrown(
      () => classifierOf("multi-label", ["a"], { calibration: { temperature: 1, abstention: { threshold: 0.5 } } }),
      "ERR_INVALID_ARG",
    );
  });
});
