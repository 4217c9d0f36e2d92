/** Classes of very different size: seen as often as the others, or weighted in the loss, and measured one by one. */
import { AutoTokenizer, BertForSequenceClassification, ClassBalancedSampler, DataLoader, TextDataset, Trainer } from "torchwright";
import type { DataLoaderOptions, TrainerOptions } from "torchwright";

const tickets = await TextDataset.fromCsv("tickets.csv", { text: "body", label: "queue" });
const { train, test } = tickets.split({ test: 0.3, stratify: true, seed: 42 }); // a tenth of each is "security"
const tokenizer = await AutoTokenizer.fromPretrained("./minilm");

const ways: Record<string, { loader: Partial<DataLoaderOptions>; trainer: TrainerOptions }> = {
  "as it is": { loader: { shuffle: true }, trainer: {} },
  "balanced batches": { loader: { sampler: new ClassBalancedSampler({ seed: 42 }) }, trainer: {} },
  "weighted loss": { loader: { shuffle: true }, trainer: { classWeights: "balanced" } },
};
for (const [name, way] of Object.entries(ways)) {
  using model = await BertForSequenceClassification.fromPretrained("./minilm", { labels: train.labels, seed: 42 });
  const trainer = new Trainer(model, { epochs: 3, learningRate: 5e-5, progress: "silent", ...way.trainer });
  await trainer.fit(new DataLoader(train, { tokenizer, batchSize: 16, ...way.loader }));
  const { accuracy, macroF1, perClass } = await trainer.evaluate(new DataLoader(test, { tokenizer }));
  const rare = perClass.find(({ label }) => label === "security");
  console.log(`${name}: accuracy ${accuracy.toFixed(2)}, macro-F1 ${macroF1.toFixed(2)}, recall of "security" ${rare?.recall.toFixed(2)}`);
}
