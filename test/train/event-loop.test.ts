/** Training leaves the JavaScript thread free: timers go on while it computes. */
import { expect } from "chai";
import { DataLoader } from "../../lib/data/data-loader";
import { Trainer } from "../../lib/train/trainer";
import { tinyBert, tinyData, tinyTokenizer } from "../support/tiny-bert";

/**
 * Tasks of a step after each of which the event loop turns, even where each blocked it: batch, forward, backward, norm,
 * update, log.
 */
const TURNS = 6;

describe("the event loop during fit", () => {
  it("turns many times within a step, not only between its parts", async () => {
    const tokenizer = await tinyTokenizer();
    const model = tinyBert(undefined, {
      hidden_size: 256,
      intermediate_size: 1024,
      num_attention_heads: 4,
      num_hidden_layers: 4,
    });
    const fit = async (batchSize: number, steps: number): Promise<{ ticks: number; milliseconds: number }> => {
      const loader = new DataLoader(tinyData(batchSize * steps), { tokenizer, batchSize });
      let ticks = 0;
      const started = performance.now();
      const interval = setInterval(() => ticks++, 10);
      try {
        await new Trainer(model, { maxSteps: steps, progress: "silent", logEvery: 1 }).fit(loader);
      } finally {
        clearInterval(interval);
      }
      return { ticks, milliseconds: performance.now() - started };
    };
    // Steps that take as long as a timer's interval many times over, on whatever machine: larger batches until they do.
    let batchSize = 16;
    for (let found = await fit(batchSize, 1); found.milliseconds < 300; found = await fit(batchSize, 1)) batchSize *= 2;
    const { ticks } = await fit(batchSize, 3);
    expect(ticks).to.be.greaterThan(3 * (TURNS + 4));
    model.dispose();
  });
});
