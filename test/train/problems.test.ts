/** Multi-label, soft-label and regression data from rows to metrics, predictions and a saved folder. */
import { expect } from "chai";
import { DataLoader } from "../../lib/data/data-loader";
import { TextDataset } from "../../lib/data/text-dataset";
import { loadTextClassifier } from "../../lib/models/auto-classifier";
import { BertForSequenceClassification } from "../../lib/models/bert-for-sequence-classification";
import type { ModelProblem } from "../../lib/models/model";
import { memory } from "../../lib/tensor/memory";
import type { Tokenizer } from "../../lib/text/tokenizer";
import { Trainer } from "../../lib/train/trainer";
import { rejection, thrown } from "../support/rejection";
import { inFolder, TINY_CONFIG, tinyBert, tinyData, tinyTokenizer } from "../support/tiny-bert";

const NOUNS = ["film", "book", "meal"] as const;

describe("problems of the Trainer", () => {
  let tokenizer: Tokenizer;
  before(async () => (tokenizer = await tinyTokenizer()));

  const bert = <P extends ModelProblem>(problemType: P, labels: readonly string[]): BertForSequenceClassification<P> =>
    BertForSequenceClassification.fromConfig(TINY_CONFIG, { labels, problemType, seed: 7, device: "cpu" });
  const loaderOf = (dataset: TextDataset, shuffle = false): DataLoader =>
    new DataLoader(dataset, { tokenizer, batchSize: 8, shuffle, device: "cpu" });
  const trainerOf = <P extends ModelProblem>(model: BertForSequenceClassification<P>): Trainer<P> =>
    new Trainer(model, { epochs: 20, learningRate: 5e-3, progress: "silent", metricForBestModel: "loss" });

  /** Each text names the things that it is about: any number of three. */
  const multi = (rows: number): TextDataset =>
    TextDataset.from(
      Array.from({ length: rows }, (_, i) => {
        const label = NOUNS.filter((_noun, bit) => (i >> bit) & 1);
        return { text: `the ${label.join(" the ")} was good`, label };
      }),
    );

  it("multi-label: a class for each thing that a text is about", async () => {
    const model = bert("multi-label", NOUNS);
    const trainer = trainerOf(model);
    await trainer.fit(loaderOf(multi(64), true));
    const { problemType, subsetAccuracy, microF1, macroRocAuc, loss, logLoss, perClass, examples } =
      await trainer.evaluate(loaderOf(multi(16)));
    expect({ problemType, subsetAccuracy, microF1, macroRocAuc, examples }).to.deep.equal({
      problemType: "multi-label",
      subsetAccuracy: 1,
      microF1: 1,
      macroRocAuc: 1,
      examples: 16,
    });
    expect(loss).to.be.closeTo(logLoss, 1e-6); // binary cross-entropy both
    expect(perClass.map(({ label, support }) => [label, support])).to.deep.equal(NOUNS.map((noun) => [noun, 8]));

    const { labels, probabilities } = await trainer.predict(loaderOf(multi(8)));
    expect(labels).to.deep.equal(Array.from(multi(8), ({ label }) => label));
    expect(probabilities.map((row) => NOUNS.filter((_, id) => (row[id] as number) > 0.5))).to.deep.equal(labels);
    expect((await trainer.predict(loaderOf(multi(8)), { threshold: 1 })).labels.flat()).to.deep.equal([]);

    await inFolder(async (folder) => {
      await trainer.save(folder);
      const loaded = await loadTextClassifier(folder);
      expect([loaded.problemType, loaded.labels]).to.deep.equal(["multi-label", [...NOUNS]]);
      loaded.dispose();
      const error = await rejection(BertForSequenceClassification.fromPretrained(folder), "ERR_CONFIG_INVALID");
      expect(error.message).to.match(/expected \{ problemType: "multi-label" \}/);
      using again = await BertForSequenceClassification.fromPretrained(folder, { problemType: "multi-label" });
      expect((await new Trainer(again, { progress: "silent" }).evaluate(loaderOf(multi(16)))).loss).to.be.closeTo(
        loss,
        1e-6,
      );
    });
    model.dispose();
    expect(memory().liveTensors).to.equal(0);
  });

  it("regression: a number for each text", async () => {
    const words = ["bad", "nice", "great"];
    const data = (rows: number): TextDataset =>
      TextDataset.from(
        Array.from({ length: rows }, (_, i) => ({
          text: `the ${NOUNS[i % 2]} was ${words[i % 3]}`,
          label: (i % 3) - 1,
        })),
        { problemType: "regression" },
      );
    using model = bert("regression", ["stars"]);
    const trainer = trainerOf(model);
    await trainer.fit(loaderOf(data(60), true));
    const { problemType, r2, mse, loss, rmse, examples } = await trainer.evaluate(loaderOf(data(24)));
    expect([problemType, examples]).to.deep.equal(["regression", 24]);
    expect(r2).to.be.greaterThan(0.95);
    expect(loss).to.be.closeTo(mse, 1e-6);
    expect(rmse).to.be.closeTo(Math.sqrt(mse), 1e-12);
    const { values } = await trainer.predict(loaderOf(data(6)));
    expect(Array.from(values, (value) => Math.round(value) + 0)).to.deep.equal([-1, 0, 1, -1, 0, 1]);

    await inFolder(async (folder) => {
      await trainer.save(folder);
      using again = await BertForSequenceClassification.fromPretrained(folder, { problemType: "regression" });
      expect(again.labels).to.deep.equal(["stars"]);
      expect((await new Trainer(again, { progress: "silent" }).predict(loaderOf(data(6)))).values).to.deep.equal(
        values,
      );
    });
  });

  it("soft labels are learned by a single-label model", async () => {
    const soft = (rows: number, sure: number): TextDataset =>
      TextDataset.from(
        Array.from(tinyData(rows), ({ text, label }) => ({
          text,
          label: label === "good" ? { good: sure, bad: 1 - sure } : { good: 1 - sure, bad: sure },
        })),
        { labels: ["good", "bad"] },
      );
    using model = tinyBert();
    const trainer = trainerOf(model);
    await trainer.fit(loaderOf(soft(64, 0.8), true));
    const { accuracy, loss } = await trainer.evaluate(loaderOf(soft(16, 0.8)));
    const entropy = -0.8 * Math.log(0.8) - 0.2 * Math.log(0.2); // the least loss that there is
    expect(accuracy).to.equal(1);
    expect(loss).to.be.within(entropy, entropy + 0.05);
    const { probabilities } = await trainer.predict(loaderOf(soft(16, 0.8)));
    for (const row of probabilities) expect(Math.max(...row)).to.be.closeTo(0.8, 0.15);
  });

  it("long documents are learned from all of their windows, which truncation would lose", async () => {
    const long = TextDataset.from(
      Array.from(tinyData(48), ({ text, label }) => ({
        text: `${"the day ".repeat(12)}${String(text)}`,
        label: label as string,
      })),
    );
    const accuracyOf = async (options: object): Promise<number> => {
      using model = tinyBert();
      const loader = (shuffle: boolean): DataLoader =>
        new DataLoader(long, { tokenizer, batchSize: 8, maxLength: 12, shuffle, device: "cpu", ...options });
      const trainer = new Trainer(model, { epochs: 15, learningRate: 5e-3, progress: "silent" });
      const { examples } = await trainer.fit(loader(true));
      expect(examples).to.be.at.least(48);
      return (await trainer.evaluate(loader(false))).accuracy;
    };
    expect(await accuracyOf({ windows: { stride: 2 } })).to.be.greaterThan(0.9);
    expect(await accuracyOf({})).to.be.lessThan(0.75);
  });

  it("data of another problem is refused before anything is trained", async () => {
    using single = tinyBert(NOUNS);
    using regression = bert("regression", ["stars"]);
    const fit = (model: BertForSequenceClassification<ModelProblem>, data: TextDataset) =>
      rejection(new Trainer(model, { progress: "silent", maxSteps: 1 }).fit(loaderOf(data)), "ERR_INVALID_ARG");
    expect((await fit(single, multi(8))).message).to.equal(
      'fit: expected single-label data, as the model is for that, got multi-label data; make the model with { problemType: "multi-label" }',
    );
    expect((await fit(regression, tinyData(8))).message).to.match(/expected regression data, .* got single-label data/);
  });

  it("a hand-written loop cannot mix them up either", async () => {
    using single = tinyBert(NOUNS);
    for await (const batch of loaderOf(multi(8))) {
      expect((await rejection(single.forward(batch), "ERR_INVALID_ARG")).message).to.match(
        /forward: expected single-label labels/,
      );
    }
  });

  it("models have the labels that their problem needs", () => {
    for (const [problemType, labels, message] of [
      ["regression", ["a", "b"], /expected one label name/],
      ["multi-label", [], /at least one label name/],
      ["single-label", ["a"], /at least two label names/],
      ["ranking", ["a", "b"], /problemType to be one of/],
    ] as const) {
      expect(thrown(() => bert(problemType as ModelProblem, labels), "ERR_INVALID_ARG")).to.match(message);
    }
  });

  it("metrics of another problem are refused before anything is trained, its options too", async () => {
    using model = bert("regression", ["stars"]);
    expect(thrown(() => new Trainer(model, { metricForBestModel: "accuracy" }), "ERR_INVALID_ARG")).to.match(
      /metricForBestModel of a regression model to be one of loss, mse/,
    );
    const trainer = new Trainer(model, { progress: "silent", metricForBestModel: "pearson" });
    const data = TextDataset.from([{ text: "good", label: 1 }], { problemType: "regression" });
    await rejection(trainer.evaluate(loaderOf(data), { topK: 2 } as object), "ERR_INVALID_ARG");
    await rejection(trainer.predict(loaderOf(data), { threshold: 0.5 }), "ERR_INVALID_ARG");
  });
});
