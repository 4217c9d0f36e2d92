import { expect } from "chai";
import { nn } from "../../lib/index";
import { DataLoader } from "../../lib/data/data-loader";
import { BertForSequenceClassification } from "../../lib/models/bert-for-sequence-classification";
import { manualSeed } from "../../lib/tensor/device";
import { memory, resetPeakMemory } from "../../lib/tensor/memory";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import type { Tokenizer } from "../../lib/text/tokenizer";
import { Trainer } from "../../lib/train/trainer";
import { rejection } from "../support/rejection";
import { LABELS, TINY_CONFIG, tinyBert, tinyData, tinyTokenizer } from "../support/tiny-bert";

describe("gradient checkpointing", () => {
  let tokenizer: Tokenizer;
  before(async () => (tokenizer = await tinyTokenizer()));

  /** Loss, gradients and the most memory that a step took on top, with dropout on. */
  async function step(model: BertForSequenceClassification, length: number) {
    return scope(async () => {
      manualSeed(5);
      const inputIds = Tensor.from(
        Array.from({ length: 8 }, (_, row) => Array.from({ length }, (_, at) => BigInt(5 + ((row + 3 * at) % 20)))),
      );
      const attentionMask = Tensor.from(
        Array.from({ length: 8 }, (_, row) => Array.from({ length }, (_, at) => BigInt(at < length - row ? 1 : 0))),
      );
      const before = memory().cpuBytes;
      resetPeakMemory();
      const { loss, logits } = await model.forward({
        inputIds,
        attentionMask,
        labels: Tensor.from([0n, 1n, 0n, 1n, 0n, 1n, 1n, 0n]),
      });
      await loss.backward();
      const peak = memory().cpuPeakBytes - before;
      const gradients = model.parameters().map((parameter) => (parameter.grad as Tensor).toArray());
      for (const parameter of model.parameters()) parameter.grad = undefined;
      return { peak, loss: loss.item(), logits: logits.toArray(), gradients };
    });
  }

  it("gives the same logits, loss and gradients under one seed, for less memory", async () => {
    const model = BertForSequenceClassification.fromConfig(
      { ...TINY_CONFIG, num_hidden_layers: 6 },
      { labels: LABELS, seed: 7, device: "cpu" },
    );
    model.parameters();
    model.train();
    const { peak, ...plain } = await step(model, 48);
    model.gradientCheckpointingEnable();
    const { peak: less, ...again } = await step(model, 48);
    model.gradientCheckpointingDisable();
    const { peak: more } = await step(model, 48);
    model.dispose();
    expect(again).to.deep.equal(plain);
    expect(less).to.be.lessThan(0.6 * peak);
    expect(more).to.be.greaterThan(0.9 * peak);
  });

  it("of the Trainer leads to the same weights, and is off again at the end", async () => {
    const weightsOf = async (gradientCheckpointing: boolean) => {
      const model = tinyBert();
      const calls: string[] = [];
      const enable = model.gradientCheckpointingEnable.bind(model);
      model.gradientCheckpointingEnable = () => (calls.push("on"), enable());
      const disable = model.gradientCheckpointingDisable.bind(model);
      model.gradientCheckpointingDisable = () => (calls.push("off"), disable());
      await new Trainer(model, { gradientCheckpointing, maxSteps: 3, learningRate: 1e-2, progress: "silent" }).fit(
        new DataLoader(tinyData(16), { tokenizer, batchSize: 8, device: "cpu" }),
      );
      const weights = model.parameters().map((parameter) => parameter.toArray());
      model.dispose();
      return { weights, calls };
    };
    const [plain, checkpointed] = [await weightsOf(false), await weightsOf(true)];
    expect(checkpointed.weights).to.deep.equal(plain.weights);
    expect([plain.calls, checkpointed.calls]).to.deep.equal([[], ["on", "off"]]);
  });

  it("of a model that cannot is an error before anything is trained", async () => {
    using module = new (class extends nn.Module {
      readonly head = new nn.Linear(2, 2);
      forward(): Tensor {
        return this.head.forward(Tensor.from([[1, 2]]));
      }
    })();
    const trainer = new Trainer(module, { labels: LABELS, gradientCheckpointing: true, progress: "silent" });
    const error = await rejection(
      trainer.fit(new DataLoader(tinyData(8), { tokenizer, device: "cpu" })),
      "ERR_INVALID_ARG",
    );
    expect(error.message).to.match(/expected a model that has gradientCheckpointingEnable/);
  });
});
