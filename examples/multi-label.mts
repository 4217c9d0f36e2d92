/** Any number of labels for each text: tags instead of one class. */
import { AutoTokenizer, BertForSequenceClassification, Classifier, DataLoader, TextDataset, Trainer } from "torchwright";

// The column holds "access;urgent".
const tickets = await TextDataset.fromCsv("tickets.csv", { text: "body", label: "tags", labelSeparator: ";", problemType: "multi-label" });
const { train, test } = tickets.split({ test: 0.2, seed: 42 });
const tokenizer = await AutoTokenizer.fromPretrained("./minilm");
const model = await BertForSequenceClassification.fromPretrained("./minilm", { labels: train.labels, problemType: "multi-label" });

const trainer = new Trainer(model, { epochs: 3, learningRate: 5e-5 });
await trainer.fit(new DataLoader(train, { tokenizer, batchSize: 16, shuffle: true }));
const { microF1, subsetAccuracy } = await trainer.evaluate(new DataLoader(test, { tokenizer }));
console.log(`micro-F1 ${microF1.toFixed(3)}, all tags right for ${(100 * subsetAccuracy).toFixed(0)} %`);
await trainer.save("runs/tags/model");

using classifier = await Classifier.load("runs/tags/model", { problemType: "multi-label" });
const { labels, top } = await classifier.predict("the printer is on fire", { threshold: 0.4 });
console.log(`tags: ${labels.join(", ") || "none"}`);
for (const { label, probability } of top) console.log(`  ${label} ${probability.toFixed(2)}`);
