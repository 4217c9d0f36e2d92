/** Fine-tunes BERT on a CSV file with the Trainer, measures it on held-out rows and saves it. */
import { AutoTokenizer, BertForSequenceClassification, DataLoader, TextDataset, Trainer } from "torchwright";

const dataset   = await TextDataset.fromCsv("tickets.csv", { text: "body", label: "queue" });
const { train, test } = dataset.split({ test: 0.1, stratify: true, seed: 42 });
const tokenizer = await AutoTokenizer.fromPretrained("./minilm");
const model     = await BertForSequenceClassification.fromPretrained("./minilm", { labels: train.labels });

const trainer = new Trainer(model, { epochs: 3, learningRate: 2e-5, outputDir: "runs/tickets" });
await trainer.fit(new DataLoader(train, { tokenizer, batchSize: 32, shuffle: true }));
console.log(await trainer.evaluate(new DataLoader(test, { tokenizer })));   // accuracy, macro-F1, …
await trainer.save("runs/tickets/model");                                   // also opens in Hugging Face Python
