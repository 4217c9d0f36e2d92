/** Trains a head of one's own on BERT's frozen encoder, saves it, and classifies with what was saved. */
import {
  AutoTokenizer, BertForSequenceClassification, Classifier, DataLoader, defaultDevice, ModuleClassifier, nn, TextDataset, Trainer,
} from "torchwright";
import type { Batch, ScriptModule, Tensor } from "torchwright";

/** Mean over the tokens, two layers, logits. */
class CustomHead extends nn.Module {
  readonly encoder: ScriptModule;
  readonly dense: nn.Linear;
  readonly norm: nn.LayerNorm;
  readonly dropout = new nn.Dropout(0.1);
  readonly out: nn.Linear;

  constructor(encoder: ScriptModule, hidden: number, classes: number) {
    super();
    this.encoder = encoder;
    this.dense = new nn.Linear(hidden, 64);
    this.norm = new nn.LayerNorm(64);
    this.out = new nn.Linear(64, classes);
  }

  async forward({ inputIds, attentionMask, tokenTypeIds }: Batch): Promise<Tensor> {
    const tokens = (await this.encoder.forward([inputIds, attentionMask, tokenTypeIds])) as Tensor; // [B, T, H]
    const mask = attentionMask.unsqueeze(-1);                                                     // [B, T, 1]
    const mean = tokens.mul(mask).sum([1]).div(mask.sum([1]));                                    // [B, H]
    const hidden = this.norm.forward(this.dense.forward(mean).tanh());                            // [B, 64]
    return this.out.forward(this.dropout.forward(hidden));                                        // [B, classes]
  }
}

async function makeModel(classes: number): Promise<CustomHead> {
  const bert = await BertForSequenceClassification.fromPretrained("./minilm", { labels: ["any", "two"] });
  const model = new CustomHead(bert.part("bert"), bert.config.hidden_size, classes);
  bert.dispose(); // the encoder has become the model's
  for (const parameter of model.encoder.parameters()) parameter.requiresGrad = false;
  return model.to(defaultDevice());
}

const dataset = await TextDataset.fromCsv("tickets.csv", { text: "body", label: "queue" });
const { train, test } = dataset.split({ test: 0.1, stratify: true, seed: 42 });
const tokenizer = await AutoTokenizer.fromPretrained("./minilm");

const trainer = new Trainer(await makeModel(train.labels.length), { labels: train.labels, epochs: 3, learningRate: 1e-3 });
await trainer.fit(new DataLoader(train, { tokenizer, batchSize: 32, shuffle: true }));
console.log(`accuracy ${(await trainer.evaluate(new DataLoader(test, { tokenizer }))).accuracy.toFixed(2)}`);
await trainer.save("runs/custom-head"); // weights and label names; opening needs the class

const saved = await ModuleClassifier.load("runs/custom-head", await makeModel(train.labels.length));
const { label, probability } = await new Classifier(saved, tokenizer).predict("the printer is on fire");
console.log(`${label}, with a probability of ${probability.toFixed(2)}`);
