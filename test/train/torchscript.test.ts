import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { DataLoader } from "../../lib/data/data-loader";
import { jit } from "../../lib/jit/load";
import { ScriptModule } from "../../lib/jit/script-module";
import { ScriptClassifier } from "../../lib/models/script-classifier";
import { Classifier } from "../../lib/predict/classifier";
import type { Tokenizer } from "../../lib/text/tokenizer";
import { Trainer } from "../../lib/train/trainer";
import { rejection, thrown } from "../support/rejection";
import { inFolder, LABELS, TINY_CONFIG, tinyBert, tinyData, tinyTokenizer } from "../support/tiny-bert";

describe("Trainer on a TorchScript module", () => {
  let tokenizer: Tokenizer;
  const options = { maxSteps: 6, learningRate: 1e-3, logEvery: 1, progress: "silent" } as const;
  const loaderOf = (rows: number): DataLoader =>
    new DataLoader(tinyData(rows), { tokenizer, batchSize: 8, shuffle: true, device: "cpu" });

  before(async () => {
    tokenizer = await tinyTokenizer();
  });

  /** The tiny BERT as a file and back, which knows neither labels nor configuration. */
  async function withModule(work: (module: ScriptModule, folder: string) => Promise<void>): Promise<void> {
    await inFolder(async (folder) => {
      const model = tinyBert();
      await model.saveTorchScript(join(folder, "tiny.pt"));
      model.dispose();
      const module = await jit.load(join(folder, "tiny.pt"), { device: "cpu" });
      try {
        await work(module, folder);
      } finally {
        module.dispose();
      }
    });
  }

  it("takes the same steps as on the model that it was exported from, dropout included", async () => {
    const model = tinyBert();
    const expected = await new Trainer(model, options).fit(loaderOf(32));
    model.dispose();
    await withModule(async (module) => {
      const history = await new Trainer(module, { ...options, labels: LABELS }).fit(loaderOf(32));
      expect(history.log.map(({ loss }) => loss)).to.deep.equal(expected.log.map(({ loss }) => loss));
    });
  });

  it("saves a folder from which a Classifier predicts the same", async () => {
    await withModule(async (module, folder) => {
      const trainer = new Trainer(module, { ...options, labels: LABELS });
      await trainer.fit(loaderOf(32));
      const saved = join(folder, "model");
      await trainer.save(saved);
      expect(JSON.parse(await readFile(join(saved, "training.json"), "utf8"))).to.have.nested.property(
        "outcome.steps",
        6,
      );
      const data = tinyData(9);
      const { labels, probabilities } = await trainer.predict(new DataLoader(data, { tokenizer, device: "cpu" }));
      using classifier = await Classifier.load(saved, { device: "cpu" });
      const again = await classifier.predict(Array.from(data, ({ text }) => text));
      expect(again.map(({ label }) => label)).to.deep.equal(labels);
      again.forEach(({ probability }, i) =>
        expect(probability).to.be.closeTo(Math.max(...(probabilities[i] ?? [])), 1e-6),
      );
    });
  });

  it("refuses two fits at once on one module, whatever handles they have", async () => {
    await withModule(async (module) => {
      const train = (model: ScriptModule | ScriptClassifier): Promise<unknown> =>
        new Trainer(model, { ...options, ...(model === module && { labels: LABELS }) }).fit(loaderOf(32));
      const first = train(module);
      await rejection(train(new ScriptClassifier(module, LABELS)), "ERR_BUSY");
      await first;
      const second = train(new ScriptClassifier(module, LABELS));
      await rejection(train(module), "ERR_BUSY");
      await rejection(new Classifier(new ScriptClassifier(module, LABELS), tokenizer).predict("good"), "ERR_BUSY");
      await second;
    });
  });

  it("knows the module's longest text and its vocabulary by the names of its embeddings", async () => {
    await withModule(async (module) => {
      const model = new ScriptClassifier(module, LABELS);
      expect(model).to.include({ maxLength: TINY_CONFIG.max_position_embeddings, vocabSize: TINY_CONFIG.vocab_size });
      const long = new DataLoader(tinyData(8), { tokenizer, maxLength: 65 });
      await rejection(new Trainer(module, { ...options, labels: LABELS }).fit(long), "ERR_MAX_LENGTH");
      expect(
        (
          await rejection(
            Promise.resolve().then(() => new Classifier(model, tokenizer, { maxLength: 65 })),
            "ERR_MAX_LENGTH",
          )
        ).message,
      ).to.match(/^Classifier: .*option maxLength.* 64.* 65/);
      using bare = ScriptModule.compile({
        className: "Bare",
        source: "\ndef forward(self, input_ids: Tensor) -> Tensor:\n    return input_ids\n",
      });
      expect(new ScriptClassifier(bare, LABELS)).to.include({ maxLength: Infinity, vocabSize: undefined });
    });
  });

  it("leaves a module that was saved in eval mode in it, after evaluating and training", async () => {
    await inFolder(async (folder) => {
      for (const training of [false, true]) {
        const model = tinyBert();
        if (!training) model.eval();
        await model.saveTorchScript(join(folder, "tiny.pt"));
        model.dispose();
        using module = await jit.load(join(folder, "tiny.pt"), { device: "cpu" });
        using part = module.submodule("bert.encoder");
        expect([module.training, part.training], "as it was saved").to.deep.equal([training, training]);
        const trainer = new Trainer(module, { ...options, labels: LABELS });
        await trainer.evaluate(loaderOf(8));
        expect(module.training, "after evaluating").to.equal(training);
        await trainer.fit(loaderOf(8));
        expect([module.training, part.training], "after training").to.deep.equal([training, training]);
      }
    });
  });

  it("asks for labels, and for one per class", async () => {
    await withModule(async (module) => {
      thrown(() => new Trainer(module), "ERR_INVALID_ARG");
      await rejection(
        new Trainer(module, { ...options, labels: [...LABELS, "third"] }).fit(loaderOf(8)),
        "ERR_LABEL_COUNT",
      );
    });
  });
});
