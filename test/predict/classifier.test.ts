import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { DataLoader } from "../../lib/data/data-loader";
import { BertForSequenceClassification } from "../../lib/models/bert-for-sequence-classification";
import { Classifier } from "../../lib/predict/classifier";
import type { Prediction } from "../../lib/predict/prediction";
import { memory } from "../../lib/tensor/memory";
import type { Tokenizer } from "../../lib/text/tokenizer";
import { Trainer } from "../../lib/train/trainer";
import { rejection, thrown } from "../support/rejection";
import { inFolder, TINY_CONFIG, tinyBert, tinyData, tinyTokenizer } from "../support/tiny-bert";

/** Rows are padded as their batches need, so probabilities may differ in the last digits. */
function expectAlike(ours: readonly Prediction[], theirs: readonly Prediction[]): void {
  expect(ours.map(({ label }) => label)).to.deep.equal(theirs.map(({ label }) => label));
  ours.forEach(({ probability }, i) => expect(probability).to.be.closeTo(theirs[i]?.probability ?? NaN, 1e-6));
}

describe("Classifier", () => {
  let tokenizer: Tokenizer;
  let classifier: Classifier;
  const texts = [
    "this film was very good",
    "dull",
    "the meal of the day was a very very fine meal",
    "",
    "this book was poor",
  ];
  const reason = (error: unknown): unknown => error;

  before(async () => {
    tokenizer = await tinyTokenizer();
    classifier = new Classifier(tinyBert(["a", "b", "c"]), tokenizer, { batchSize: 2 });
  });

  after(() => classifier.dispose());

  it("gives one result for one text, with the most probable label", async () => {
    const { label, probability, top } = await classifier.predict("this film was very good");
    expect(["a", "b", "c"]).to.include(label);
    expect(probability).to.be.within(1 / 3, 1);
    expect(top).to.deep.equal([{ label, probability }]);
  });

  it("keeps the order of many texts of any length, whatever the batches", async () => {
    const together = await classifier.predict(texts, { topK: 3 });
    expect(together).to.have.length(texts.length);
    for (const [i, text] of texts.entries()) {
      const alone = await classifier.predict(text, { topK: 3 });
      expect(together[i]?.top.map(({ label }) => label)).to.deep.equal(alone.top.map(({ label }) => label));
      alone.top.forEach(({ probability }, k) =>
        expect(together[i]?.top[k]?.probability).to.be.closeTo(probability, 1e-6),
      );
    }
  });

  it("sorts by probability, and all labels together have probability 1", async () => {
    for (const { top } of await classifier.predict(texts, { topK: 9 })) {
      expect(top).to.have.length(3);
      expect(top.map(({ probability }) => -probability)).to.deep.equal(
        top.map(({ probability }) => -probability).sort((a, b) => a - b),
      );
      expect(top.reduce((sum, { probability }) => sum + probability, 0)).to.be.closeTo(1, 1e-6);
    }
  });

  it("is without dropout: the same text twice gives the same", async () => {
    expect(await classifier.predict("dull")).to.deep.equal(await classifier.predict("dull"));
  });

  it("takes pairs and an empty list", async () => {
    const [pair] = await classifier.predict([["this film was good", "that book was dull"]], { topK: 3 });
    const [flat] = await classifier.predict(["this film was good that book was dull"], { topK: 3 });
    expect(pair?.top).to.not.deep.equal(flat?.top);
    expect(await classifier.predict([])).to.deep.equal([]);
  });

  it("cuts texts that are too long", async () => {
    expect((await classifier.predict("very ".repeat(10_000))).probability).to.be.within(0, 1);
  });

  it("serves calls that overlap, to rounding as they would be alone", async () => {
    const alone = await classifier.predict(texts);
    for (const together of await Promise.all([classifier.predict(texts), classifier.predict(texts)])) {
      expectAlike(together, alone);
    }
  });

  it("fails for the caller whose text is none, and for no other at the same time", async () => {
    const calls = await Promise.all([
      classifier.predict("dull"),
      classifier.predict(["dull", 5] as never).catch(reason),
      classifier.predict("good"),
    ]);
    expect(calls[1]).to.include({ code: "ERR_INVALID_ARG" });
    expect((calls[1] as Error).message).to.contain("at index 1");
    expectAlike([calls[0], calls[2]], [await classifier.predict("dull"), await classifier.predict("good")]);
  });

  it("frees all that it makes", async () => {
    const before = memory().liveTensors;
    await classifier.predict(texts);
    expect(memory().liveTensors).to.equal(before);
  });

  it("refuses what is no text, topK or option of its", async () => {
    const call = (...args: unknown[]): Promise<unknown> =>
      (classifier.predict as (...args: unknown[]) => Promise<unknown>).apply(classifier, args).catch(reason);
    for (const args of [[1], [undefined], [["a", 1]], ["a", { topK: 0 }], ["a", { topK: 1.5 }]]) {
      expect(await call(...args), JSON.stringify(args)).to.include({ code: "ERR_INVALID_ARG" });
    }
    expect(() => new Classifier(classifier.model, tokenizer, { batchSize: 0 }))
      .to.throw()
      .with.property("code", "ERR_INVALID_ARG");
  });

  it("refuses lengths beyond the position table and a foreign tokenizer when it is made", () => {
    const { message } = thrown(() => new Classifier(classifier.model, tokenizer, { maxLength: 65 }), "ERR_MAX_LENGTH");
    expect(message).to.equal(
      "Classifier: expected the option maxLength to be at most 64, the rows of the model's position table, got 65",
    );
    const small = tinyBert(["a", "b"], { vocab_size: 20 });
    thrown(() => new Classifier(small, tokenizer), "ERR_TOKENIZER_INVALID");
    small.dispose();
  });

  it("during a fit leaves its dropout on and is busy; after it, predicts without and restores the mode", async () => {
    const model = tinyBert();
    const config = { maxSteps: 6, logEvery: 1, progress: "silent" } as const;
    const loader = (): DataLoader => new DataLoader(tinyData(32), { tokenizer, batchSize: 8 });
    const alone = await new Trainer(model, config).fit(loader());
    model.dispose();
    const same = tinyBert();
    let during: unknown;
    const callback = async ({ type }: { readonly type: string }): Promise<void> => {
      if (type === "log") during ??= await new Classifier(same, tokenizer).predict("dull").catch(reason);
    };
    const { log } = await new Trainer(same, { ...config, callbacks: [callback] }).fit(loader());
    expect(during).to.include({ code: "ERR_BUSY" });
    expect((during as Error).message).to.match(/^predict: .*fit is using/);
    expect(log.map(({ loss }) => loss)).to.deep.equal(alone.log.map(({ loss }) => loss));

    const after = new Classifier(same, tokenizer);
    expect(same.training).to.equal(true);
    const [one, two] = await Promise.all([after.predict(texts), after.predict(texts), after.predict("dull")]);
    expectAlike(one, two);
    expect(same.training, "restored by the last of them").to.equal(true);
    const prediction = after.predict("dull");
    expect(await new Trainer(same, config).fit(loader()).catch(reason)).to.include({ code: "ERR_BUSY" });
    await prediction;
    same.dispose();
  });

  it("says which folder is missing, or which file of it", async () => {
    await inFolder(async (folder) => {
      const error = await Classifier.load(`${folder}/nowhere`).catch(reason);
      expect(error)
        .to.include({ code: "ERR_FILE_NOT_FOUND" })
        .and.to.have.property("message")
        .that.matches(/^Classifier\.load: expected a folder, got ".*nowhere", which does not exist/);
      expect(await Classifier.load(folder).catch(reason))
        .to.have.property("code")
        .that.is.oneOf(["ERR_FILE_NOT_FOUND", "ERR_TOKENIZER_INVALID"]);
    });
  });

  it("opens a model of another problem where its name is said, as the folder says it", async () => {
    const tagger = BertForSequenceClassification.fromConfig(TINY_CONFIG, {
      labels: ["a", "b"],
      problemType: "multi-label",
      seed: 3,
      device: "cpu",
    });
    await inFolder(async (folder) => {
      const saved = join(folder, "model");
      await tagger.save(saved, { tokenizer });
      const { message } = await rejection(Classifier.load(saved), "ERR_CONFIG_INVALID");
      expect(message).to.contain('give { problemType: "multi-label" }');
      await rejection(Classifier.load(saved, { problemType: "regression" }), "ERR_CONFIG_INVALID");
      await rejection(Classifier.load(saved, { problemType: "tags" as never }), "ERR_INVALID_ARG");
      using loaded = await Classifier.load(saved, { problemType: "multi-label", device: "cpu" });
      expect((await loaded.predict("dull")).top).to.have.length(2);

      // Python's transformers writes null where nobody set it: then the caller knows.
      const config = join(saved, "config.json");
      await writeFile(config, (await readFile(config, "utf8")).replace('"multi_label_classification"', "null"));
      using told = await Classifier.load(saved, { problemType: "multi-label", device: "cpu" });
      expect(await told.predict("dull")).to.deep.equal(await loaded.predict("dull"));
    });
    tagger.dispose();
  });

  it("is of no use after dispose, and says so", async () => {
    const short = new Classifier(tinyBert(), tokenizer);
    short.dispose();
    short.dispose();
    expect(await short.predict("dull").catch(reason)).to.include({ code: "ERR_MODULE_DISPOSED" });
  });
});
