import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { DataLoader, type DataLoaderOptions } from "../../lib/data/data-loader";
import { TextDataset } from "../../lib/data/text-dataset";
import { classificationReport } from "../../lib/metrics/classification";
import type { BertForSequenceClassification } from "../../lib/models/bert-for-sequence-classification";
import { Classifier } from "../../lib/predict/classifier";
import { memory } from "../../lib/tensor/memory";
import type { Tokenizer } from "../../lib/text/tokenizer";
import { Trainer } from "../../lib/train/trainer";
import { inFolder, LABELS, tinyBert, tinyData, tinyTokenizer } from "../support/tiny-bert";

describe("Trainer.evaluate, predict and save", () => {
  let tokenizer: Tokenizer;
  let model: BertForSequenceClassification;
  let trainer: Trainer;
  const data = tinyData(29);
  const loaderOf = (options: Omit<DataLoaderOptions, "tokenizer"> = {}, dataset = data): DataLoader =>
    new DataLoader(dataset, { tokenizer, batchSize: 8, device: "cpu", ...options });
  const reason = (error: unknown): unknown => error;

  before(async () => {
    tokenizer = await tinyTokenizer();
    model = tinyBert();
    trainer = new Trainer(model, { maxSteps: 4, learningRate: 1e-3, progress: "silent" });
    await trainer.fit(loaderOf({ shuffle: true }));
  });

  after(() => model.dispose());

  it("gives the metrics that follow from the predictions", async () => {
    const { probabilities, labels } = await trainer.predict(loaderOf());
    const evaluation = await trainer.evaluate(loaderOf());
    const actual = Array.from(data, ({ label }) => LABELS.indexOf(label as "good"));
    const predicted = labels.map((label) => LABELS.indexOf(label as "good"));
    const report = classificationReport(actual, predicted, { labels: LABELS });
    expect(evaluation.examples).to.equal(29);
    expect(evaluation.accuracy).to.equal(report.accuracy);
    expect(evaluation.macroF1).to.equal(report.macro.f1);
    expect(evaluation.weightedPrecision).to.equal(report.weighted.precision);
    const wrong = actual.filter((id, i) => id === 0 && predicted[i] === 1).length;
    expect(evaluation.confusionMatrix.at(0, 1)).to.equal(wrong);
    // cross-entropy: the mean over examples of −log p(true class); the last batch is smaller
    const loss = actual.reduce((sum, id, row) => sum - Math.log(probabilities[row]?.[id] ?? NaN), 0) / actual.length;
    expect(evaluation.loss).to.be.closeTo(loss, 1e-6);
  });

  it("gives probabilities that sum to 1, in the dataset's order even where the loader shuffles", async () => {
    const inOrder = await trainer.predict(loaderOf({ batchSize: 1 }));
    const shuffled = await trainer.predict(loaderOf({ shuffle: true }));
    expect(inOrder.probabilities).to.have.length(29);
    inOrder.probabilities.forEach((row, i) => {
      expect(row.reduce((sum, p) => sum + p, 0)).to.be.closeTo(1, 1e-6);
      row.forEach((p, id) => expect(shuffled.probabilities[i]?.[id]).to.be.closeTo(p, 1e-6));
    });
    expect(shuffled.labels).to.deep.equal(inOrder.labels);
  });

  it("predicts without labels and with labels that it does not know, but evaluates neither", async () => {
    const plain = loaderOf({}, TextDataset.from(["this film was good", "this meal was awful"]));
    const foreign = loaderOf({}, TextDataset.from([{ text: "this film was good", label: "unheard" }]));
    expect((await trainer.predict(plain)).labels).to.have.length(2);
    expect((await trainer.predict(foreign)).labels).to.have.length(1);
    expect(await trainer.evaluate(plain).catch(reason)).to.include({ code: "ERR_INVALID_ARG" });
    expect(await trainer.evaluate(foreign).catch(reason)).to.include({ code: "ERR_UNKNOWN_LABEL" });
    expect(await trainer.fit(plain).catch(reason)).to.include({ code: "ERR_INVALID_ARG" });
  });

  it("refuses to predict with rows left out", async () => {
    expect(await trainer.predict(loaderOf({ dropLast: true })).catch(reason)).to.include({ code: "ERR_INVALID_ARG" });
  });

  it("frees all that it makes", async () => {
    const before = memory().liveTensors;
    await trainer.evaluate(loaderOf());
    await trainer.predict(loaderOf());
    expect(memory().liveTensors).to.equal(before);
  });

  it("saves a folder with weights, tokenizer, labels and settings, from which a Classifier predicts the same", async () => {
    await inFolder(async (folder) => {
      const saved = join(folder, "model");
      await trainer.save(saved);
      expect(await readdir(saved)).to.include.members([
        "config.json",
        "model.safetensors",
        "tokenizer_config.json",
        "training.json",
      ]);
      expect(JSON.parse(await readFile(join(saved, "training.json"), "utf8"))).to.have.nested.property(
        "outcome.steps",
        4,
      );
      expect(await readdir(folder)).to.deep.equal(["model"]); // nothing half-written beside it

      using classifier = await Classifier.load(saved, { device: "cpu" });
      const { probabilities, labels } = await trainer.predict(loaderOf());
      const again = await classifier.predict(
        Array.from(data, ({ text }) => text),
        { topK: 2 },
      );
      expect(again.map(({ label }) => label)).to.deep.equal(labels);
      again.forEach(({ probability }, i) =>
        expect(probability).to.be.closeTo(Math.max(...(probabilities[i] ?? [])), 1e-6),
      );
    });
  });
});
