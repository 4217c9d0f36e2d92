/** The same training as `fine-tune.mts`, its loop written by hand. */
import {
  AdamW, AutoTokenizer, BertForSequenceClassification, clipGradNorm, DataLoader, decayGroups, LinearSchedule, manualSeed, TextDataset,
} from "torchwright";

const dataset = await TextDataset.fromCsv("tickets.csv", { text: "body", label: "queue" });
const { train } = dataset.split({ test: 0.1, stratify: true, seed: 42 });
const tokenizer = await AutoTokenizer.fromPretrained("./minilm");
const model = await BertForSequenceClassification.fromPretrained("./minilm", { labels: train.labels });
const loader = new DataLoader(train, { tokenizer, batchSize: 32, shuffle: true, labels: model.labels });

const epochs = 3;
const optimizer = new AdamW(decayGroups(model, 0.01), { lr: 2e-5 });
const scheduler = new LinearSchedule(optimizer, { warmupSteps: 0, totalSteps: epochs * loader.length });

manualSeed(42); // dropout
model.train();
for (let epoch = 0; epoch < epochs; epoch++) {
  let total = 0;
  for await (const batch of loader) {
    const { loss } = await model.forward(batch);
    await loss.backward();
    await clipGradNorm(model.parameters(), 1);
    await optimizer.step();
    scheduler.step();
    optimizer.zeroGrad();
    total += Number(loss.item());
  }
  console.log(`epoch ${epoch + 1}: mean loss ${(total / loader.length).toFixed(4)}`);
}
await model.save("runs/tickets/model", { tokenizer });
