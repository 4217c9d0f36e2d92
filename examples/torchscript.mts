/** Fine-tunes a TorchScript module that Python exported (see export.py), saves it, and classifies with what was saved. */
import { AutoTokenizer, Classifier, DataLoader, jit, TextDataset, Trainer } from "torchwright";

const module = await jit.load("model.pt"); // a TorchScript file is code: load only what you trust
console.log(`forward(${module.schema().map(({ name, type }) => `${name}: ${type}`).join(", ")}), ${module.parameters().length} parameters`);

const tickets = await TextDataset.fromCsv("tickets.csv", { text: "body", label: "queue" });
const { train, test } = tickets.split({ test: 0.2, stratify: true, seed: 42 });
const tokenizer = await AutoTokenizer.fromPretrained("./minilm");

const trainer = new Trainer(module, { labels: train.labels, epochs: 2, learningRate: 5e-5 });
await trainer.fit(new DataLoader(train, { tokenizer, batchSize: 16, maxLength: 40, shuffle: true }));
console.log(`accuracy ${(await trainer.evaluate(new DataLoader(test, { tokenizer, maxLength: 40 }))).accuracy.toFixed(3)}`);
await trainer.save("runs/torchscript/model"); // model.pt in it opens with torch.jit.load again

using classifier = await Classifier.load("runs/torchscript/model", { maxLength: 40 });
const { label, probability } = await classifier.predict("the printer is on fire");
console.log(`${label}, with a probability of ${probability.toFixed(2)}`);
