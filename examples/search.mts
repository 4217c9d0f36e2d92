/** Looks for a learning rate, a weight decay and a batch size by successive halving, and writes the report of all trials. */
import { writeFile } from "node:fs/promises";
import { AutoTokenizer, BertForSequenceClassification, DataLoader, hp, search, TextDataset, trainerObjective } from "torchwright";

const dataset   = await TextDataset.fromCsv("tickets.csv", { text: "body", label: "queue" });
const { train, test } = dataset.split({ test: 0.2, stratify: true, seed: 42 });
const tokenizer = await AutoTokenizer.fromPretrained("./minilm");

const space = { learningRate: hp.logUniform(1e-5, 1e-3), weightDecay: hp.uniform(0, 0.1), batchSize: hp.choice([16, 32]) };
const result = await search(space, trainerObjective({
  model: (_, { seed }) => BertForSequenceClassification.fromPretrained("./minilm", { labels: train.labels, seed }),
  loader: ({ batchSize }) => new DataLoader(train, { tokenizer, batchSize, shuffle: true }),
  evalLoader: new DataLoader(test, { tokenizer }),
  options: { metricForBestModel: "macroF1" },
}), {
  strategy: "halving",                          // 9 trials of one epoch, the best 3 of them go on to three
  trials: 9,
  maxBudget: 3,
  direction: "maximize",
  folder: "runs/search",                        // run again after a break, it goes on
});

console.log(result);                            // the table of all trials
console.log(result.best.values);                // the checkpoint is in result.best.folder
await writeFile("runs/search/report.html", result.toHtml());
