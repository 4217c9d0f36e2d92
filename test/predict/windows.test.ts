import { expect } from "chai";
import { DataLoader } from "../../lib/data/data-loader";
import { TextDataset } from "../../lib/data/text-dataset";
import { Classifier } from "../../lib/predict/classifier";
import { meanOfWindows } from "../../lib/predict/windows";
import { Trainer } from "../../lib/train/trainer";
import { FakeClassifier } from "../support/fake-classifier";
import { FakeTokenizer } from "../support/fake-tokenizer";
import { tinyBert, tinyTokenizer } from "../support/tiny-bert";

describe("long texts", () => {
  it("are cut, or read in windows whose logits are averaged as the Trainer does", async () => {
    const tokenizer = await tinyTokenizer();
    const model = tinyBert();
    const texts = [
      "dull",
      "this film was good ".repeat(9),
      "a very fine meal ".repeat(3),
      "that book was quite awful ".repeat(20),
    ];
    const loader = (windows: boolean): DataLoader =>
      new DataLoader(TextDataset.from(texts), {
        tokenizer,
        batchSize: 2,
        maxLength: 12,
        device: "cpu",
        ...(windows && { windows: { stride: 3 } }),
      });
    const trainer = new Trainer(model, { progress: "silent" });
    const whole = await trainer.predict(loader(true));
    const cut = await trainer.predict(loader(false));

    const reader = new Classifier(model, tokenizer, { batchSize: 3, maxLength: 12, windows: { stride: 3 } });
    const cutter = new Classifier(model, tokenizer, { batchSize: 3, maxLength: 12 });
    for (const [classifier, { labels, probabilities }] of [
      [reader, whole],
      [cutter, cut],
    ] as const) {
      const predictions = await classifier.predict(texts);
      expect(predictions.map(({ label }) => label)).to.deep.equal(labels);
      predictions.forEach(({ probability }, row) =>
        expect(probability).to.be.closeTo(Math.max(...(probabilities[row] as Float32Array)), 1e-6),
      );
    }
    expect(whole.probabilities[3]?.[0]).to.not.be.closeTo(cut.probabilities[3]?.[0] ?? NaN, 1e-5);
    model.dispose();
  });

  it("do not make batches larger, however many windows they have", async () => {
    const model = new FakeClassifier(["n"], "regression");
    const classifier = new Classifier(model, new FakeTokenizer({ maxLength: 8, lengthOf: (text) => 20 * text }), {
      batchSize: 4,
      windows: { stride: 2 },
    });
    expect(await classifier.predict(["9", "1"])).to.deep.equal([{ value: 9 }, { value: 1 }]);
    for (const batch of model.batches) expect(batch.length).to.be.at.most(4);
  });

  it("have the mean of their windows", () => {
    expect([...meanOfWindows([Float32Array.of(1, 2), Float32Array.of(3, 4), Float32Array.of(5, 9)])]).to.deep.equal([
      3, 5,
    ]);
  });
});
