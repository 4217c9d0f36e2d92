import { expect } from "chai";
import { nn, ops } from "../../lib/index";
import type { Batch } from "../../lib/data/batch";
import { DataLoader } from "../../lib/data/data-loader";
import { TorchwrightError } from "../../lib/errors";
import { manualSeed } from "../../lib/tensor/device";
import { memory } from "../../lib/tensor/memory";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import type { Tokenizer } from "../../lib/text/tokenizer";
import { MicroBatches } from "../../lib/train/micro-batches";
import type { TrainerEvent } from "../../lib/train/events";
import type { TrainerOptions } from "../../lib/train/options";
import { Trainer } from "../../lib/train/trainer";
import { rejection } from "../support/rejection";
import { LABELS, TINY_CONFIG, tinyData, tinyTokenizer } from "../support/tiny-bert";

/** A bag of words in float64 that has memory for so many rows and no more, from some forward pass on. */
class Bag extends nn.Module {
  readonly words = new nn.Embedding(TINY_CONFIG.vocab_size, 8, { dtype: "float64" });
  readonly head = new nn.Linear(8, 2, { dtype: "float64" });
  passes = 0;

  constructor(
    readonly rows = Infinity,
    readonly from = 0,
  ) {
    super();
  }

  async forward({ inputIds }: Batch): Promise<Tensor> {
    this.passes += 1;
    if ((inputIds.shape[0] as number) > this.rows && this.passes > this.from) {
      throw new TorchwrightError("ERR_OUT_OF_MEMORY", "no memory");
    }
    return this.head.forward(ops.tanh(this.words.forward(inputIds).mean([1])));
  }
}

describe("autoFindBatchSize", () => {
  let tokenizer: Tokenizer;
  before(async () => (tokenizer = await tinyTokenizer()));

  async function trained(options: TrainerOptions, rows?: number, from?: number) {
    manualSeed(3);
    using module = new Bag(rows, from);
    const splits: TrainerEvent[] = [];
    const trainer = new Trainer(module, {
      labels: LABELS,
      learningRate: 1e-2,
      epochs: 2,
      logEvery: 1,
      progress: "silent",
      ...options,
      callbacks: [(event) => void (event.type === "split" && splits.push(event))],
    });
    // Batches of rows of one length, so that no padding tells parts from a whole.
    const loader = new DataLoader(tinyData(24), { tokenizer, batchSize: 8, maxLength: 5, device: "cpu" });
    const history = await trainer.fit(loader);
    return {
      history,
      splits,
      weights: module.parameters().flatMap((parameter) => Array.from(parameter.toTypedArray() as Float64Array)),
    };
  }

  const apart = (ours: readonly number[], theirs: readonly number[]): number =>
    Math.max(...ours.map((weight, i) => Math.abs(weight - (theirs[i] as number))));

  for (const options of [{}, { gradientAccumulationSteps: 2 }, { classWeights: [1, 3] }] satisfies TrainerOptions[]) {
    for (const from of [0, 4]) {
      it(`halves until it fits and gets the weights of whole batches; memory short from pass ${from} on, ${JSON.stringify(options)}`, async () => {
        const whole = await trained(options);
        const split = await trained({ ...options, autoFindBatchSize: true }, 3, from);
        expect(split.splits.map((event) => event.type === "split" && event.parts)).to.deep.equal([2, 4]);
        expect(whole.splits).to.deep.equal([]);
        expect(split.history).to.include({ steps: whole.history.steps, examples: 48 });
        expect(apart(split.weights, whole.weights)).to.be.lessThan(1e-9);
        split.history.log.forEach(({ loss }, i) =>
          expect(loss).to.be.closeTo(whole.history.log[i]?.loss as number, 1e-6),
        );
      });
    }
  }

  it("is off by default", async () => {
    await rejection(trained({}, 3), "ERR_OUT_OF_MEMORY");
  });

  it("gives up at single rows, and leaves nothing behind", async () => {
    await rejection(trained({ autoFindBatchSize: true }, 0), "ERR_OUT_OF_MEMORY");
    expect(memory().liveTensors).to.equal(0);
  });

  it("leaves other errors alone", () => {
    const micro = new MicroBatches(true);
    expect(micro.halves(new Error("out of memory"), { size: 8 } as Batch)).to.equal(false);
    expect(micro.parts).to.equal(1);
  });

  it("keeps the windows of a document together", () => {
    scope(() => {
      const micro = new MicroBatches(true);
      const ids = Tensor.from([[1n], [2n], [3n], [4n], [5n], [6n]]);
      const labels = Tensor.from([0n, 1n, 1n, 1n, 0n, 0n]);
      const documents = Uint32Array.from([0, 1, 1, 1, 2, 2]);
      const batch = {
        inputIds: ids,
        attentionMask: ids,
        tokenTypeIds: ids,
        labels,
        documents,
        indices: Uint32Array.from([9, 4, 4, 4, 7, 7]),
        size: 6,
      } as unknown as Batch;
      const shortage = new TorchwrightError("ERR_OUT_OF_MEMORY", "no memory");
      expect(micro.halves(shortage, batch)).to.equal(true);
      const seen = micro
        .cut(batch)
        .map((part) => [
          part.inputIds.toArray(),
          part.labels?.toArray(),
          [...(part.documents ?? [])],
          [...part.indices],
          part.size,
        ]);
      expect(seen).to.deep.equal([
        [[[1n]], [0n], [0], [9], 1],
        [[[2n], [3n], [4n], [5n], [6n]], [1n, 1n, 1n, 0n, 0n], [0, 0, 0, 1, 1], [4, 4, 4, 7, 7], 5],
      ]);
      expect([micro.halves(shortage, batch), micro.cut(batch).length]).to.deep.equal([true, 3]);
      expect(micro.halves(shortage, batch), "three documents cannot be four").to.equal(false);
    });
  });
});
