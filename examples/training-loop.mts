/** Five classes with a training loop written by hand: what PyTorch's users write, line by line. */
import {
  accuracy, AdamW, AutoTokenizer, BertForSequenceClassification, clipGradNorm, DataLoader, decayGroups, LinearSchedule, manualSeed, noGrad, scope,
  TextDataset,
} from "torchwright";

const tickets = await TextDataset.fromCsv("tickets.csv", { text: "body", label: "queue" }); // account, billing, hardware, network, security
const { train, test } = tickets.split({ test: 0.2, stratify: true, seed: 42 });
const tokenizer = await AutoTokenizer.fromPretrained("./minilm");
const model = await BertForSequenceClassification.fromPretrained("./minilm", { labels: train.labels, seed: 42 });
const loader = new DataLoader(train, { tokenizer, batchSize: 16, shuffle: true, seed: 42, device: model.device });
const testLoader = new DataLoader(test, { tokenizer, device: model.device });

const epochs = 3;
const optimizer = new AdamW(decayGroups(model, 0.01), { lr: 5e-5 });
const scheduler = new LinearSchedule(optimizer, { warmupSteps: 0, totalSteps: epochs * loader.length });

manualSeed(42); // dropout
for (let epoch = 1; epoch <= epochs; epoch++) {
  model.train();
  let total = 0;
  for await (const batch of loader) {
    await scope(async () => {                          // frees what the step made
      const { loss } = await model.forward(batch);
      await loss.backward();
      await clipGradNorm(model.parameters(), 1);
      await optimizer.step();
      scheduler.step();
      optimizer.zeroGrad();
      total += loss.item() as number;
    });
  }

  model.eval();
  const actual: bigint[] = [];
  const predicted: bigint[] = [];
  for await (const batch of testLoader) {
    await scope(() => noGrad(async () => {
      const { logits } = await model.forward(batch);   // [B, 5]
      predicted.push(...(logits.argmax(-1).toArray() as bigint[]));
      actual.push(...(batch.labels?.toArray() as bigint[]));
    }));
  }
  console.log(`epoch ${epoch}: mean loss ${(total / loader.length).toFixed(4)}, accuracy ${accuracy(actual, predicted).toFixed(3)}`);
}
await model.save("runs/tickets/model", { tokenizer });
