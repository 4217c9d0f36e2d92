import { expect } from "chai";
import { DataLoader } from "../../lib/data/data-loader";
import type { Tokenizer } from "../../lib/text/tokenizer";
import type { Precision } from "../../lib/train/options";
import { Trainer } from "../../lib/train/trainer";
import { tinyBert, tinyData, tinyTokenizer } from "../support/tiny-bert";

describe("precision", () => {
  let tokenizer: Tokenizer;
  before(async () => (tokenizer = await tinyTokenizer()));

  async function trained(precision: Precision) {
    const model = tinyBert();
    try {
      const trainer = new Trainer(model, {
        precision,
        epochs: 12,
        learningRate: 5e-3,
        logEvery: 1,
        progress: "silent",
      });
      const loader = new DataLoader(tinyData(64), { tokenizer, batchSize: 8, shuffle: true, device: "cpu" });
      const { log } = await trainer.fit(loader);
      const held = new DataLoader(tinyData(37), { tokenizer, device: "cpu" });
      const { probabilities } = await trainer.predict(held);
      return {
        losses: log.map(({ loss }) => loss),
        evaluation: await trainer.evaluate(held),
        probabilities,
        dtypes: model.parameters().map(({ dtype }) => dtype),
      };
    } finally {
      model.dispose();
    }
  }

  it("bf16 learns as fp32 does, a little apart, with weights in float32", async () => {
    const [full, half] = [await trained("fp32"), await trained("bf16")];
    expect(new Set(half.dtypes)).to.deep.equal(new Set(["float32"]));
    expect(half.losses[0]).to.not.equal(full.losses[0]);
    // bfloat16 has 8 bits: 2^-8 of a logit or two
    expect(half.losses[0]).to.be.closeTo(full.losses[0] as number, 0.02);
    expect(half.losses.at(-1)).to.be.lessThan(0.2 * (half.losses[0] as number));
    expect(half.evaluation.accuracy).to.equal(1);
    const [first = new Float32Array()] = half.probabilities;
    expect(first).to.be.instanceOf(Float32Array);
    expect(first.reduce((sum, value) => sum + value)).to.be.closeTo(1, 1e-6);
  });

  it("auto is fp32 on a CPU, to the bit", async () => {
    const [full, auto] = [await trained("fp32"), await trained("auto")];
    expect(auto.losses).to.deep.equal(full.losses);
    expect(auto.evaluation.loss).to.equal(full.evaluation.loss);
  });
});
