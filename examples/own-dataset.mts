/** Your own dataset: rows of a table, from a database for example, cleaned, inspected and split before training. */
import { AutoTokenizer, BertForSequenceClassification, DataLoader, Dataset, inspect, TextDataset, Trainer } from "torchwright";

// Any iterable of objects will do: `Dataset.from(await database.query("select body, queue from tickets"))`.
const table = await Dataset.fromCsv("tickets.csv");

const rows = table
  .filter(({ body, queue }) => body?.trim() !== "" && queue !== undefined)
  .map(({ body, queue }) => ({ text: body?.trim() ?? "", label: queue === "security" ? "urgent" : "other" }));
const { train, validation, test } = TextDataset.from(rows).dedupe().split({ validation: 0.2, test: 0.2, stratify: true, seed: 42 });

const tokenizer = await AutoTokenizer.fromPretrained("./minilm");
console.log(String(await inspect({ train, validation, test }, { tokenizer, maxLengths: [32] }))); // balance, lengths, leakage

const model = await BertForSequenceClassification.fromPretrained("./minilm", { labels: train.labels });
const trainer = new Trainer(model, { epochs: 2, learningRate: 5e-5 });
await trainer.fit(new DataLoader(train, { tokenizer, batchSize: 16, shuffle: true }), { evalLoader: new DataLoader(validation, { tokenizer }) });
const { accuracy, macroF1 } = await trainer.evaluate(new DataLoader(test, { tokenizer }));
console.log(`accuracy ${accuracy.toFixed(3)}, macro-F1 ${macroF1.toFixed(3)}`);
