/** Texts that are longer than the model reads at once: learned and classified whole, in overlapping windows. */
import { AutoTokenizer, BertForSequenceClassification, Classifier, DataLoader, TextDataset, Trainer } from "torchwright";

const threads = await TextDataset.fromJsonLines("threads.jsonl", { text: "text", label: "queue" });
const { train, test } = threads.split({ test: 0.25, stratify: true, seed: 42 });
const tokenizer = await AutoTokenizer.fromPretrained("./minilm");
const model = await BertForSequenceClassification.fromPretrained("./minilm", { labels: train.labels });

// Windows of 48 tokens, each of which begins with the last 16 of the one before. A document's windows share a batch, and their logits are averaged.
const windows = { tokenizer, maxLength: 48, windows: { stride: 16 } };
const trainer = new Trainer(model, { epochs: 2, learningRate: 5e-5 });
await trainer.fit(new DataLoader(train, { ...windows, batchSize: 8, shuffle: true }));
console.log(`accuracy ${(await trainer.evaluate(new DataLoader(test, windows))).accuracy.toFixed(3)}`);
await trainer.save("runs/threads/model");

using classifier = await Classifier.load("runs/threads/model", { maxLength: 48, windows: { stride: 16 } });
const text = test.get(0).text as string;
const { label, probability } = await classifier.predict(text);
console.log(`${text.split(" ").length} words: ${label}, with a probability of ${probability.toFixed(2)}`);
