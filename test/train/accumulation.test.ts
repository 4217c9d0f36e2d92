/** Batches that are accumulated against the large batch that they stand for. */
import { expect } from "chai";
import { DataLoader } from "../../lib/data/data-loader";
import { BertForSequenceClassification } from "../../lib/models/bert-for-sequence-classification";
import { memory } from "../../lib/tensor/memory";
import type { Tokenizer } from "../../lib/text/tokenizer";
import type { TrainerOptions } from "../../lib/train/options";
import { Trainer } from "../../lib/train/trainer";
import { LABELS, TINY_CONFIG, tinyBert, tinyData, tinyTokenizer } from "../support/tiny-bert";

describe("gradient accumulation", () => {
  let tokenizer: Tokenizer;
  before(async () => (tokenizer = await tinyTokenizer()));

  /** In float64, where Adam does not blow up the rounding of gradients that are zero; without dropout. */
  async function trained(rows: number, batchSize: number, options: TrainerOptions) {
    const config = { ...TINY_CONFIG, hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 };
    const model = BertForSequenceClassification.fromConfig(config, {
      labels: LABELS,
      seed: 7,
      device: "cpu",
      dtype: "float64",
    });
    try {
      const loader = new DataLoader(tinyData(rows), { tokenizer, batchSize, shuffle: true, device: "cpu" });
      const events: { examples: number; tokens: number }[] = [];
      const history = await new Trainer(model, {
        learningRate: 1e-3,
        logEvery: 1,
        progress: "silent",
        ...options,
        callbacks: [
          (event) => void (event.type === "step" && events.push({ examples: event.examples, tokens: event.tokens })),
        ],
      }).fit(loader);
      return {
        history,
        events,
        weights: model.parameters().flatMap((parameter) => Array.from(parameter.toTypedArray() as Float64Array)),
      };
    } finally {
      model.dispose();
    }
  }

  // 31 rows: three full updates and one of 7 examples, whose last batch is short.
  for (const [batchSize, gradientAccumulationSteps] of [
    [4, 2],
    [2, 4],
    [1, 8],
  ] as const) {
    for (const maxGradNorm of [1e-2, 0]) {
      it(`of ${gradientAccumulationSteps} × ${batchSize} is a batch of 8, short ends included; maxGradNorm ${maxGradNorm}`, async () => {
        const large = await trained(31, 8, { epochs: 2, maxGradNorm });
        const small = await trained(31, batchSize, { epochs: 2, maxGradNorm, gradientAccumulationSteps });
        expect(small.history).to.include({ steps: 8, totalSteps: 8, epochs: 2, examples: 62 });
        expect(small.events).to.deep.equal(large.events);
        expect(small.events.map(({ examples }) => examples)).to.deep.equal([8, 8, 8, 7, 8, 8, 8, 7]);
        small.weights.forEach((weight, i) => expect(weight).to.be.closeTo(large.weights[i] as number, 1e-6));
        const apart = Math.max(...small.weights.map((weight, i) => Math.abs(weight - (large.weights[i] as number))));
        expect(apart).to.be.lessThan(1e-9);
        small.history.log.forEach(({ loss, gradNorm }, i) => {
          expect(loss).to.be.closeTo(large.history.log[i]?.loss as number, 1e-6);
          expect(gradNorm).to.be.closeTo(large.history.log[i]?.gradNorm as number, 1e-5);
        });
      });
    }
  }

  it("is not what one gets of the mean of means", async () => {
    const [large, small] = [await trained(31, 8, { epochs: 1 }), await trained(31, 4, { epochs: 1 })];
    expect(small.history.steps).to.equal(8);
    expect(small.weights).to.not.deep.equal(large.weights);
  });

  it("stops in whole updates, at maxSteps and at a signal, and leaves nothing behind", async () => {
    const model = tinyBert();
    const loader = new DataLoader(tinyData(32), { tokenizer, batchSize: 2, device: "cpu" });
    const before = memory().liveTensors;
    const controller = new AbortController();
    const options: TrainerOptions = { gradientAccumulationSteps: 3, progress: "silent" };
    const history = await new Trainer(model, { ...options, maxSteps: 2 }).fit(loader);
    expect(history).to.include({ steps: 2, examples: 12, stoppedBy: "end" });
    const stopped = await new Trainer(model, {
      ...options,
      signal: controller.signal,
      callbacks: [
        (event) => {
          if (event.type === "step" && event.step === 2) controller.abort();
        },
      ],
    }).fit(loader);
    expect(stopped).to.include({ steps: 2, examples: 12, stoppedBy: "abort", totalSteps: 18 });
    expect(memory().liveTensors).to.equal(before);
    model.dispose();
  });
});
