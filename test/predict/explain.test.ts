import { join } from "node:path";
import { expect } from "chai";
import { inferenceMode, noGrad } from "../../lib/autograd/grad-mode";
import { BertForSequenceClassification } from "../../lib/models/bert-for-sequence-classification";
import type { Batch } from "../../lib/data/batch";
import { exclusive } from "../../lib/models/exclusive";
import type { TextClassifier } from "../../lib/models/model";
import { ModuleClassifier } from "../../lib/models/module-classifier";
import * as nn from "../../lib/nn/nn";
import { Classifier } from "../../lib/predict/classifier";
import { makeExplanation, type TellingEncoding } from "../../lib/predict/explanation";
import { gaussLegendre } from "../../lib/predict/gauss-legendre";
import { IntegratedGradients } from "../../lib/predict/integrated-gradients";
import { memory } from "../../lib/tensor/memory";
import type { Tensor } from "../../lib/tensor/tensor";
import type { Tokenizer } from "../../lib/text/tokenizer";
import { FakeClassifier } from "../support/fake-classifier";
import { FakeTokenizer } from "../support/fake-tokenizer";
import { GOLDEN, readGolden } from "../support/golden";
import { rejection, thrown } from "../support/rejection";
import { TINY_CONFIG, tinyBert, tinyTokenizer } from "../support/tiny-bert";

interface Golden {
  readonly quadratures: readonly { readonly points: readonly number[]; readonly weights: readonly number[] }[];
  readonly integratedGradients: {
    readonly ids: readonly number[];
    readonly typeIds: readonly number[];
    readonly specialTokensMask: readonly number[];
    readonly classId: number;
    readonly steps: number;
    readonly attributions: readonly number[];
    readonly baselineScore: number;
    readonly score: number;
  };
}

const golden = readGolden<Golden>("predict.json");

function expectClose(ours: ArrayLike<number>, theirs: readonly number[], tolerance: number): void {
  expect(ours.length).to.equal(theirs.length);
  theirs.forEach((value, i) => expect(ours[i]).to.be.closeTo(value, tolerance));
}

describe("gaussLegendre", () => {
  it("has NumPy's points and weights", () => {
    for (const { points, weights } of golden.quadratures) {
      const ours = gaussLegendre(points.length);
      expectClose(ours.points, points, 1e-14);
      expectClose(ours.weights, weights, 1e-14);
    }
  });

  it("integrates polynomials exactly, also with very many points", () => {
    const { points, weights } = gaussLegendre(1000);
    for (const power of [0, 1, 5, 40]) {
      expect(points.reduce((sum, point, i) => sum + (weights[i] as number) * point ** power, 0)).to.be.closeTo(
        1 / (power + 1),
        1e-12,
      );
    }
  });
});

describe("IntegratedGradients", () => {
  it("are those of PyTorch and Captum, in batches of any size", async () => {
    const model = await BertForSequenceClassification.fromPretrained(join(GOLDEN, "bert"), { device: "cpu" });
    model.eval();
    const { ids, typeIds, specialTokensMask, classId, steps, attributions, baselineScore, score } =
      golden.integratedGradients;
    const encoding = {
      ids: Int32Array.from(ids),
      typeIds: Uint8Array.from(typeIds),
      specialTokensMask: Uint8Array.from(specialTokensMask),
    };
    const gradients = new IntegratedGradients(model, 0);
    for (const rows of [1, 7, 32]) {
      expectClose(await gradients.attributions(encoding, classId, gaussLegendre(steps), rows), attributions, 1e-6);
    }
    const [baseline, text] = await gradients.scores(encoding);
    expect(baseline[classId]).to.be.closeTo(baselineScore, 1e-5);
    expect(text[classId]).to.be.closeTo(score, 1e-5);
    model.dispose();
  });
});

describe("Classifier.explain", () => {
  let tokenizer: Tokenizer;
  let model: BertForSequenceClassification;
  let classifier: Classifier;
  const text = "This film: it was VERY good, quite!";

  before(async () => {
    tokenizer = await tinyTokenizer();
    model = tinyBert(["a", "b", "c"]);
    classifier = new Classifier(model, tokenizer);
  });

  after(() => classifier.dispose());

  it("explains the predicted label, by attributions that add up to its logit over the baseline's", async () => {
    const { label, score, baselineScore, tokens, words, convergenceDelta, converged } = await classifier.explain(text);
    expect(label).to.equal((await classifier.predict(text)).label);
    const sum = tokens.reduce((total, { attribution }) => total + attribution, 0);
    expect(sum).to.be.closeTo(score - baselineScore, 1e-4);
    expect(convergenceDelta).to.be.closeTo(sum - (score - baselineScore), 1e-6);
    expect(converged).to.equal(true);
    expect(words.reduce((total, { attribution }) => total + attribution, 0)).to.be.closeTo(sum, 1e-6);
    expect(tokens.every(({ token }) => !["[CLS]", "[SEP]"].includes(token))).to.equal(true);
  });

  it("says where tokens and words stand in the text", async () => {
    const { tokens, words } = await classifier.explain(text, { steps: 2 });
    expect(words.map((word) => word.text)).to.deep.equal([
      "This",
      "film",
      ":",
      "it",
      "was",
      "VERY",
      "good",
      ",",
      "quite",
      "!",
    ]);
    for (const { start, end, text: word } of words) expect(text.slice(start, end)).to.equal(word);
    expect(tokens.find(({ token }) => token === "very")).to.include({ start: 18, end: 22 });
  });

  it("explains any label, and with few steps says that they were too few", async () => {
    const [first, second] = await Promise.all([
      classifier.explain(text, { label: "a" }),
      classifier.explain(text, { label: "b" }),
    ]);
    expect([first.label, second.label]).to.deep.equal(["a", "b"]);
    expect(first.tokens).to.not.deep.equal(second.tokens);
    // Weights far from initialisation: along the way the logits bend more than one point can follow.
    const wild = BertForSequenceClassification.fromConfig(
      { ...TINY_CONFIG, initializer_range: 2 },
      { labels: ["a", "b"], seed: 1, device: "cpu" },
    );
    using steep = new Classifier(wild, tokenizer);
    expect((await steep.explain(text, { steps: 1 })).converged).to.equal(false);
  });

  it("explains long texts by their windows: the mean score, and every token once", async () => {
    const long = "the film was good and the book was dull ".repeat(3).trim();
    const reader = new Classifier(model, tokenizer, { maxLength: 10, windows: { stride: 2 } });
    const { tokens, score, baselineScore, converged } = await reader.explain(long, { label: "a" });
    expect(tokens).to.have.length(27);
    expect(tokens.map(({ start }) => start)).to.deep.equal([...tokens.map(({ start }) => start)].sort((a, b) => a - b));
    expect(tokens.reduce((total, { attribution }) => total + attribution, 0)).to.be.closeTo(
      score - baselineScore,
      1e-4,
    );
    expect(converged).to.equal(true);
  });

  it("explains the empty text by nothing, the number of a regression, and a label of several", async () => {
    expect(await classifier.explain("")).to.deep.include({ tokens: [], words: [], converged: true });
    const number = BertForSequenceClassification.fromConfig(TINY_CONFIG, {
      labels: ["stars"],
      problemType: "regression",
      seed: 3,
      device: "cpu",
    });
    using regression = new Classifier(number, tokenizer);
    const { label, score } = await regression.explain(text);
    expect(label).to.equal("stars");
    expect(score).to.be.closeTo((await regression.predict(text)).value, 1e-5);
  });

  it("gives parameters no gradients, keeps no tensors, and restores the mode", async () => {
    model.train();
    const before = memory().liveTensors;
    const one = await noGrad(() => classifier.explain(text));
    expect(memory().liveTensors).to.equal(before);
    expect(model.parameters().every((parameter) => parameter.grad === undefined)).to.equal(true);
    expect(model.training).to.equal(true);
    model.eval();
    expectClose(
      one.tokens.map(({ attribution }) => attribution),
      (await classifier.explain(text)).tokens.map(({ attribution }) => attribution),
      1e-6,
    );
    await rejection(
      inferenceMode(() => classifier.explain(text)),
      "ERR_NO_GRAD_HISTORY",
    );
    await exclusive(
      model as TextClassifier,
      "fit",
      async () => void (await rejection(classifier.explain(text), "ERR_BUSY")),
    );
  });

  it("gives up with the signal's reason", async () => {
    const controller = new AbortController();
    const given = classifier.explain(text, { steps: 1000, signal: controller.signal }).catch((error: unknown) => error);
    setImmediate(() => controller.abort(new Error("enough")));
    expect(((await given) as Error).message).to.equal("enough");
  });

  it("refuses what is no text, label or option", async () => {
    for (const [given, options] of [
      [5],
      [["a", "b"]],
      [text, null],
      [text, { steps: 0 }],
      [text, { steps: 1001 }],
      [text, { label: 1 }],
      [text, { n_steps: 5 }],
    ] as never[][]) {
      await rejection(classifier.explain(given as never, options), "ERR_INVALID_ARG");
    }
    await rejection(classifier.explain(text, { label: "unheard" }), "ERR_UNKNOWN_LABEL");
  });

  it("refuses models without word embeddings, and tokenizers that do not tell where tokens stand", async () => {
    const without = new Classifier(new FakeClassifier(["a", "b"]), new FakeTokenizer());
    expect((await rejection(without.explain("1"), "ERR_INVALID_ARG")).message).to.contain("word_embeddings");
    const silent = Object.defineProperty(new FakeTokenizer(), "vocabSize", { value: 25 });
    expect((await rejection(new Classifier(model, silent).explain("1"), "ERR_INVALID_ARG")).message).to.contain(
      "offsets",
    );
    thrown(() => new IntegratedGradients(new FakeClassifier(), 0), "ERR_INVALID_ARG");
    class IdsOnly extends nn.Module {
      readonly word_embeddings = new nn.Embedding(25, 2);
      forward({ inputIds }: Batch): Tensor {
        return this.word_embeddings.forward(inputIds).mean([1]);
      }
    }
    using idsOnly = new Classifier(new ModuleClassifier(new IdsOnly(), ["a", "b"]), tokenizer);
    expect((await rejection(idsOnly.explain(text), "ERR_INVALID_ARG")).message).to.contain("inputsEmbeds");
  });
});

describe("makeExplanation", () => {
  it("joins the tokens of a word, and a token that two windows share", () => {
    const window = (ids: number[], offsets: [number, number][], wordIds: (number | null)[]): TellingEncoding => ({
      ids: Int32Array.from(ids),
      typeIds: new Uint8Array(ids.length),
      truncated: 0,
      offsets,
      wordIds,
      specialTokensMask: Uint8Array.from(wordIds, (word) => Number(word === null)),
      tokens: ids.map((id) => `t${id}`),
    });
    const { tokens, words, convergenceDelta } = makeExplanation({
      text: "print er down",
      label: "a",
      score: 3,
      baselineScore: 1,
      windows: [
        {
          encoding: window(
            [1, 5, 6, 2],
            [
              [0, 0],
              [0, 5],
              [6, 8],
              [0, 0],
            ],
            [null, 0, 0, null],
          ),
          attributions: Float32Array.of(0, 1, 0.5, 0),
        },
        {
          encoding: window(
            [1, 6, 7, 2],
            [
              [0, 0],
              [6, 8],
              [9, 13],
              [0, 0],
            ],
            [null, 0, 1, null],
          ),
          attributions: Float32Array.of(0, 0.25, -0.5, 0),
        },
      ],
    });
    expect(tokens.map(({ token, attribution }) => [token, attribution])).to.deep.equal([
      ["t5", 1],
      ["t6", 0.75],
      ["t7", -0.5],
    ]);
    expect(words).to.deep.equal([
      { text: "print er", start: 0, end: 8, attribution: 1.75 },
      { text: "down", start: 9, end: 13, attribution: -0.5 },
    ]);
    expect(convergenceDelta).to.be.closeTo(1.25 - 2, 1e-6);
  });
});
