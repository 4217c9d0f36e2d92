/**
 * The Trainer with a checkpoint and a tokenizer that come from elsewhere: what fits, what is refused, what is saved.
 */
import { join } from "node:path";
import { expect } from "chai";
import { DataLoader } from "../../lib/data/data-loader";
import { BertForSequenceClassification } from "../../lib/models/bert-for-sequence-classification";
import { Classifier } from "../../lib/predict/classifier";
import { scope } from "../../lib/tensor/scope";
import type { Tokenizer } from "../../lib/text/tokenizer";
import { Trainer } from "../../lib/train/trainer";
import { rejection } from "../support/rejection";
import { inFolder, LABELS, TINY_CONFIG, tinyBert, tinyData, tinyTokenizer } from "../support/tiny-bert";

let tokenizer: Tokenizer;

const loaderOf = (rows: number): DataLoader =>
  new DataLoader(tinyData(rows), { tokenizer, batchSize: 8, shuffle: true });

describe("Trainer and other people's checkpoints", () => {
  before(async () => {
    tokenizer = await tinyTokenizer();
  });

  it("refuses a tokenizer with ids that the model has no embedding for", async () => {
    const model = tinyBert(LABELS, { vocab_size: TINY_CONFIG.vocab_size - 1 });
    const trainer = new Trainer(model, { progress: "silent" });
    for (const operation of ["fit", "evaluate", "predict"] as const) {
      const { message } = await rejection(trainer[operation](loaderOf(8)), "ERR_TOKENIZER_INVALID");
      expect(message)
        .to.contain(`below ${TINY_CONFIG.vocab_size - 1}`)
        .and.to.contain(`up to ${TINY_CONFIG.vocab_size - 1}`);
    }
    model.dispose();
  });

  it("saves the tokenizer of an evaluation, too, where nothing was trained", () =>
    inFolder(async (folder) => {
      const model = tinyBert();
      const trainer = new Trainer(model, { progress: "silent" });
      await trainer.evaluate(loaderOf(8));
      await trainer.save(join(folder, "model"));
      using classifier = await Classifier.load(join(folder, "model"), { device: "cpu" });
      expect((await classifier.predict("good")).probability).to.be.within(0.5, 1);
      model.dispose();
    }));

  it("trains on the labels of a checkpoint with another order; by hand, a loader with the data's order is refused", () =>
    inFolder(async (folder) => {
      const pretrained = tinyBert(["zeta", "alpha"]);
      await pretrained.save(folder);
      pretrained.dispose();
      const data = tinyData(64, ["zeta", "alpha"]);
      expect(data.labels).to.deep.equal(["alpha", "zeta"]);
      const model = await BertForSequenceClassification.fromPretrained(folder, { labels: data.labels, device: "cpu" });
      expect(model.labels).to.deep.equal(["zeta", "alpha"]);
      const byHand = async (options: object): Promise<void> => {
        for await (const batch of new DataLoader(data, { tokenizer, ...options })) {
          await scope(() => model.forward(batch).then(({ loss }) => loss.read()));
        }
      };
      expect((await rejection(byHand({}), "ERR_LABEL_ORDER")).message).to.contain(
        "Give the DataLoader { labels: model.labels }",
      );
      await byHand({ labels: model.labels });
      const trainer = new Trainer(model, { epochs: 12, learningRate: 5e-3, progress: "silent" });
      await trainer.fit(new DataLoader(data, { tokenizer, batchSize: 8, shuffle: true }));
      expect((await trainer.predict(new DataLoader(data, { tokenizer }))).labels).to.deep.equal(
        Array.from(data, ({ label }) => label),
      );
      model.dispose();
    }));
});
