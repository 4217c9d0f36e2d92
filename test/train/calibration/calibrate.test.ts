import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { DataLoader, type DataLoaderOptions } from "../../../lib/data/data-loader";
import { TextDataset } from "../../../lib/data/text-dataset";
import { BertForSequenceClassification } from "../../../lib/models/bert-for-sequence-classification";
import { exclusive } from "../../../lib/models/exclusive";
import type { ModelProblem, TextClassifier } from "../../../lib/models/model";
import { Classifier } from "../../../lib/predict/classifier";
import type { Tokenizer } from "../../../lib/text/tokenizer";
import { abstentionThreshold } from "../../../lib/train/calibration/abstention";
import { calibrate } from "../../../lib/train/calibration/calibrate";
import { Trainer } from "../../../lib/train/trainer";
import { rejection } from "../../support/rejection";
import { inFolder, TINY_CONFIG, tinyBert, tinyTokenizer } from "../../support/tiny-bert";

const WORDS = "the a is was very quite this that film book meal day good great fine nice bad awful poor dull".split(
  " ",
);
const TEXTS = Array.from({ length: 60 }, (_, i) =>
  Array.from({ length: 2 + (i % 9) }, (_, k) => WORDS[(7 * i + 3 * k * k + k) % WORDS.length]).join(" "),
);

describe("calibrate", () => {
  let tokenizer: Tokenizer;
  const loaderOf = (dataset: TextDataset, options: Omit<DataLoaderOptions, "tokenizer"> = {}): DataLoader =>
    new DataLoader(dataset, { tokenizer, batchSize: 8, device: "cpu", ...options });
  const bert = <P extends ModelProblem>(labels: readonly string[], problemType: P): BertForSequenceClassification<P> =>
    BertForSequenceClassification.fromConfig(TINY_CONFIG, { labels, problemType, seed: 7, device: "cpu" });

  /** Texts with the class that the model says, but for every fifth. */
  async function mostlyRight(
    model: BertForSequenceClassification,
    options: Omit<DataLoaderOptions, "tokenizer"> = {},
  ): Promise<TextDataset> {
    const { labels } = await new Trainer(model, { progress: "silent" }).predict(
      loaderOf(TextDataset.from(TEXTS), options),
    );
    const { labels: names } = model;
    return TextDataset.from(
      TEXTS.map((text, i) => ({
        text,
        label: names[(names.indexOf(labels[i] as string) + Number(i % 5 === 0)) % names.length] as string,
      })),
    );
  }

  before(async () => {
    tokenizer = await tinyTokenizer();
  });

  it("finds the temperature of least loss, leaves the ranking, and says what changed", async () => {
    const model = tinyBert(["a", "b", "c"]);
    const data = await mostlyRight(model);
    model.train();
    const { temperature, before, after, examples, abstention } = await calibrate(
      model,
      loaderOf(data, { shuffle: true }),
    );
    expect(model.training, "the mode is restored").to.equal(true);
    expect(examples).to.equal(60);
    expect(abstention).to.equal(undefined);
    expect(after.nll).to.be.below(before.nll);

    // What it says is what a classifier at that temperature, or beside it, then does.
    const nll = async (at: number): Promise<number> => {
      const classifier = new Classifier(model, tokenizer, { calibration: { temperature: at } });
      const predictions = await classifier.predict(
        Array.from(data, ({ text }) => text),
        { topK: 3 },
      );
      const losses = Array.from(
        data,
        ({ label }, i) => -Math.log(predictions[i]?.top.find((entry) => entry.label === label)?.probability ?? NaN),
      );
      return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    };
    expect(await nll(1)).to.be.closeTo(before.nll, 1e-5);
    expect(await nll(temperature)).to.be.closeTo(after.nll, 1e-5);
    for (const factor of [0.9, 1.1]) expect(await nll(factor * temperature)).to.be.above(after.nll);
    model.dispose();
  });

  it("of a Trainer goes into the folder that it saves, until the weights change", async () => {
    using model = tinyBert();
    const data = await mostlyRight(model);
    const trainer = new Trainer(model, { maxSteps: 1, progress: "silent" });
    const report = await trainer.calibrate(loaderOf(data), { risk: 0.1 });
    expect(report).to.deep.equal(await calibrate(model, loaderOf(data), { risk: 0.1 }));
    const stored = (): Promise<unknown> =>
      inFolder(async (folder) => {
        await trainer.save(join(folder, "model"));
        using classifier = await Classifier.load(join(folder, "model"), { device: "cpu" });
        return classifier.calibration;
      });
    expect(await stored()).to.deep.equal(report);
    await trainer.fit(loaderOf(data));
    expect(await stored()).to.equal(undefined);
  });

  it("is stored with the model: a classifier of the folder reads it, and damage shows", async () => {
    const model = tinyBert();
    const calibration = await calibrate(model, loaderOf(await mostlyRight(model)), { risk: 0.1 });
    expect(calibration.abstention?.risk).to.be.at.most(0.1);
    await inFolder(async (folder) => {
      const saved = join(folder, "model");
      await model.save(saved, { tokenizer, calibration });
      using classifier = await Classifier.load(saved, { device: "cpu" });
      expect(classifier.calibration).to.deep.equal(calibration);
      const [prediction] = await classifier.predict([TEXTS[1] as string]);
      const [raw] = await new Classifier(model, tokenizer).predict([TEXTS[1] as string]);
      const logit = Math.log(
        (raw as { probability: number }).probability / (1 - (raw as { probability: number }).probability),
      );
      expect(prediction?.probability).to.be.closeTo(1 / (1 + Math.exp(-logit / calibration.temperature)), 1e-6);
      expect(prediction?.abstained).to.equal((prediction?.probability ?? 0) < (calibration.abstention?.threshold ?? 0));
      using own = await Classifier.load(saved, { device: "cpu", calibration: { temperature: 1 } });
      expect((await own.predict(TEXTS[1] as string)).probability).to.be.closeTo(raw?.probability ?? 0, 1e-6);

      const file = join(saved, "calibration.json");
      await writeFile(file, (await readFile(file, "utf8")).replace("temperature", "Temperature"));
      await rejection(Classifier.load(saved, { device: "cpu" }), "ERR_CHECKSUM");
      await model.save(saved, { tokenizer }); // over the older one, whose calibration goes with its weights
      using plain = await Classifier.load(saved, { device: "cpu" });
      expect(plain.calibration).to.equal(undefined);
    });
    model.dispose();
  });

  it("chooses the threshold by the calibrated probabilities", async () => {
    const model = tinyBert();
    const data = await mostlyRight(model);
    const calibration = await calibrate(model, loaderOf(data), { risk: 0.15 });
    const predictions = await new Classifier(model, tokenizer, { calibration }).predict(
      Array.from(data, ({ text }) => text),
    );
    const correct = Array.from(data, ({ label }, i) => label === predictions[i]?.label);
    const expected = abstentionThreshold(
      predictions.map(({ probability }) => probability),
      correct,
      { risk: 0.15 },
    );
    expect(calibration.abstention?.threshold).to.be.closeTo(expected.threshold, 1e-6);
    expect(calibration.abstention?.coverage).to.be.closeTo(expected.coverage, 0.02);
    expect(predictions.filter(({ abstained }) => !abstained).length / 60).to.be.closeTo(expected.coverage, 0.02);
    model.dispose();
  });

  it("has one temperature for all classes of a multi-label model", async () => {
    const model = bert(["a", "b"], "multi-label");
    const predictions = await new Classifier(model, tokenizer).predict(TEXTS);
    const data = TextDataset.from(
      predictions.map(({ labels }, i) => ({
        text: TEXTS[i] as string,
        label: i % 5 === 0 ? ["a", "b"].filter((name) => !labels.includes(name)) : [...labels],
      })),
    );
    const { temperature, before, after, examples } = await calibrate(model, loaderOf(data));
    expect(examples).to.equal(60);
    expect(after.nll).to.be.below(before.nll);
    // binary cross-entropy over all classes, by its formula
    const calibrated = await new Classifier(model, tokenizer, { calibration: { temperature } }).predict(TEXTS);
    const losses = Array.from(data, ({ label }, i) =>
      calibrated[i]?.top.map(
        ({ label: name, probability }) =>
          -Math.log((label as readonly string[]).includes(name) ? probability : 1 - probability),
      ),
    ).flat();
    expect(losses.reduce<number>((sum, loss) => sum + (loss ?? NaN), 0) / losses.length).to.be.closeTo(after.nll, 1e-5);
    await rejection(calibrate(model, loaderOf(data), { risk: 0.1 }), "ERR_INVALID_ARG");
    model.dispose();
  });

  it("reads soft labels, and long documents in windows", async () => {
    const model = tinyBert();
    const windows = { maxLength: 6, windows: { stride: 1 } };
    const data = await mostlyRight(model, windows);
    const whole = await calibrate(model, loaderOf(data, windows));
    expect(whole.after.nll).to.be.below(whole.before.nll);
    expect(whole.examples).to.equal(60);
    const soft = TextDataset.from(
      Array.from(data, ({ text, label }) => ({
        text,
        label: { good: label === "good" ? 0.9 : 0.1, bad: label === "bad" ? 0.9 : 0.1 },
      })),
    );
    const softened = await calibrate(model, loaderOf(soft, windows));
    expect(softened.temperature, "less sure than the hard labels").to.be.above(whole.temperature);
    model.dispose();
  });

  it("refuses what has no probabilities, no labels or no free model, and options that are none", async () => {
    const model = tinyBert();
    const data = await mostlyRight(model);
    const number = bert(["stars"], "regression");
    await rejection(calibrate(number, loaderOf(data)), "ERR_INVALID_ARG");
    await rejection(calibrate(model, loaderOf(TextDataset.from(TEXTS))), "ERR_INVALID_ARG");
    await rejection(calibrate(model, undefined as never), "ERR_INVALID_ARG");
    for (const options of [null, 5, { risk: 2 }, { delta: 0.1 }, { risk: 0.1, delta: 2 }, { risk: 0.1, alpha: 1 }]) {
      await rejection(calibrate(model, loaderOf(data), options as never), "ERR_INVALID_ARG");
    }
    await exclusive(
      model as TextClassifier,
      "fit",
      async () => void (await rejection(calibrate(model, loaderOf(data)), "ERR_BUSY")),
    );
    number.dispose();
    model.dispose();
  });
});
