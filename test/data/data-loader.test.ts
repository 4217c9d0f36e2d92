import { expect } from "chai";
import path from "node:path";
import type { Batch } from "../../lib/data/batch";
import { DataLoader } from "../../lib/data/data-loader";
import { TextDataset } from "../../lib/data/text-dataset";
import { memory } from "../../lib/tensor/memory";
import { AutoTokenizer } from "../../lib/text/auto-tokenizer";
import type { TextInput, Tokenizer } from "../../lib/text/tokenizer";
import { FakeTokenizer } from "../support/fake-tokenizer";
import { rejection, thrown } from "../support/rejection";

/** Rows "0", "1", … with labels a, b, c in turn. */
const numbered = (rows: number): TextDataset =>
  TextDataset.from(Array.from({ length: rows }, (_, i) => ({ text: String(i), label: "abc"[i % 3] as string })));

async function orderOf(batches: AsyncIterable<Batch>): Promise<number[]> {
  const order: number[] = [];
  for await (const { indices } of batches) order.push(...indices);
  return order;
}

describe("DataLoader", () => {
  it("pads each batch to its longest row, with a mask and class ids", async () => {
    const tokenizer = new FakeTokenizer();
    const loader = new DataLoader(numbered(5), { tokenizer, batchSize: 3 });
    expect(loader.length).to.equal(2);
    const seen: unknown[] = [];
    for await (const { inputIds, attentionMask, tokenTypeIds, labels, ...rest } of loader) {
      for (const tensor of [inputIds, attentionMask, tokenTypeIds, labels]) expect(tensor?.dtype).to.equal("int64");
      seen.push({
        ids: inputIds.toArray(),
        mask: attentionMask.toArray(),
        types: tokenTypeIds.shape,
        labels: labels?.toArray(),
        numbers: [rest.size, rest.tokens, rest.padded, ...rest.indices],
      });
    }
    const big = (values: number[][]): bigint[][] => values.map((row) => row.map(BigInt));
    expect(seen).to.deep.equal([
      {
        ids: big([
          [0, 99, 99],
          [1, 1, 99],
          [2, 2, 2],
        ]),
        mask: big([
          [1, 0, 0],
          [1, 1, 0],
          [1, 1, 1],
        ]),
        types: [3, 3],
        labels: [0n, 1n, 2n],
        numbers: [3, 6, 9, 0, 1, 2],
      },
      {
        ids: big([
          [3, 99],
          [4, 4],
        ]),
        mask: big([
          [1, 0],
          [1, 1],
        ]),
        types: [2, 2],
        labels: [0n, 1n],
        numbers: [2, 3, 4, 3, 4],
      },
    ]);
  });

  it("reads real text through a real tokenizer", async () => {
    const tokenizer = await AutoTokenizer.fromPretrained(path.join(__dirname, "..", "golden", "tokenizer"));
    const dataset = TextDataset.from([["one", "two"], "three 東京"].map((text) => ({ text: text as TextInput })));
    for await (const batch of new DataLoader(dataset, { tokenizer, maxLength: 4 })) {
      expect(batch.inputIds.shape).to.deep.equal([2, 4]);
      expect(batch.labels).to.equal(undefined);
    }
  });

  it("shuffles by seed and epoch: each pass in a new order, each epoch again by its number", async () => {
    const make = (options: { seed?: number } = {}): DataLoader =>
      new DataLoader(numbered(50), { tokenizer: new FakeTokenizer(), shuffle: true, ...options });
    const loader = make();
    const first = await orderOf(loader);
    const second = await orderOf(loader);
    expect([...first].sort((a, b) => a - b)).to.deep.equal(Array.from({ length: 50 }, (_, i) => i));
    expect(second).not.to.deep.equal(first);
    expect(await orderOf(loader.epoch(0))).to.deep.equal(first);
    expect(await orderOf(loader.epoch(1))).to.deep.equal(second);
    expect(await orderOf(make({ seed: 42 }))).to.deep.equal(first);
    expect(await orderOf(make({ seed: 43 }))).not.to.deep.equal(first);
    const plain = new DataLoader(numbered(5), { tokenizer: new FakeTokenizer() });
    expect(await orderOf(plain)).to.deep.equal([0, 1, 2, 3, 4]);
    expect(await orderOf(plain)).to.deep.equal([0, 1, 2, 3, 4]);
  });

  it("leaves out a last batch that is not full when asked to", async () => {
    const loader = new DataLoader(numbered(10), { tokenizer: new FakeTokenizer(), batchSize: 4, dropLast: true });
    expect(loader.length).to.equal(2);
    expect(await orderOf(loader)).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it("tokenizes as many batches ahead as it is told to, with the loader's or the tokenizer's maximal length", async () => {
    const tokenizer = new FakeTokenizer();
    const callsWith = async (prefetch?: number): Promise<number[]> => {
      const before = tokenizer.calls.length;
      const calls: number[] = [];
      const loader = new DataLoader(numbered(12), {
        tokenizer,
        batchSize: 4,
        ...(prefetch === undefined ? {} : { prefetch }),
      });
      for await (const _batch of loader) calls.push(tokenizer.calls.length - before);
      return calls;
    };
    expect(await callsWith(1)).to.deep.equal([2, 3, 3]);
    expect(await callsWith(0)).to.deep.equal([1, 2, 3]);
    expect(await callsWith()).to.deep.equal([3, 3, 3]);
    expect(tokenizer.calls[0]).to.deep.equal({ texts: ["0", "1", "2", "3"], maxLength: 8 });
    await orderOf(new DataLoader(numbered(2), { tokenizer, maxLength: 5 }));
    expect(tokenizer.calls.at(-1)?.maxLength).to.equal(5);
  });

  it("frees each batch when the next is asked for, at the end, on break and on an error in the loop", async () => {
    const loader = new DataLoader(numbered(12), { tokenizer: new FakeTokenizer(), batchSize: 4 });
    const before = memory().liveTensors;
    let last: Batch | undefined;
    for await (const batch of loader) {
      expect(memory().liveTensors - before).to.equal(4);
      if (last) expect(last.inputIds.disposed).to.equal(true);
      expect(batch.inputIds.disposed).to.equal(false);
      last = batch;
    }
    expect(last?.labels?.disposed).to.equal(true);
    last?.dispose();
    for await (const _batch of loader) break;
    const failing = async (): Promise<void> => {
      for await (const _batch of loader) throw new RangeError("in the loop");
    };
    expect(await failing().catch((error: unknown) => error)).to.be.instanceOf(RangeError);
    expect(memory().liveTensors).to.equal(before);
  });

  it("lets the event loop turn with every batch", async () => {
    let turns = 0;
    let running = true;
    const count = (): void => {
      turns++;
      if (running) setImmediate(count);
    };
    setImmediate(count);
    const loader = new DataLoader(numbered(40), { tokenizer: new FakeTokenizer(), batchSize: 2 });
    for await (const _batch of loader);
    running = false;
    expect(turns).to.be.at.least(20);
  });

  it("says which names the class ids count in, and makes batches on the CPU", async () => {
    const names = async (options: object): Promise<unknown> => {
      for await (const batch of new DataLoader(numbered(3), { tokenizer: new FakeTokenizer(), ...options })) {
        expect(batch.inputIds.device).to.equal("cpu");
        return batch.labelNames;
      }
      return undefined;
    };
    expect(await names({})).to.deep.equal(["a", "b", "c"]);
    expect(await names({ labels: ["c", "b", "a"] })).to.deep.equal(["c", "b", "a"]);
    for await (const batch of new DataLoader(numbered(3), { tokenizer: new FakeTokenizer() }).epoch(0, {
      labels: false,
    })) {
      expect(batch).to.not.have.any.keys("labels", "labelNames");
    }
  });

  it("gives class ids by another label map, or none", async () => {
    const loader = new DataLoader(numbered(3), { tokenizer: new FakeTokenizer() });
    for await (const { labels } of loader.epoch(0, { labels: ["c", "x", "b", "a"] })) {
      expect(labels?.toArray()).to.deep.equal([3n, 2n, 0n]);
    }
    for await (const { labels } of loader.epoch(0, { labels: false })) expect(labels).to.equal(undefined);
    const fixed = new DataLoader(numbered(3), { tokenizer: new FakeTokenizer(), labels: ["c", "b", "a"] });
    for await (const { labels } of fixed) expect(labels?.toArray()).to.deep.equal([2n, 1n, 0n]);
  });

  it("names row and label that training never saw, before the first batch", async () => {
    const loader = new DataLoader(numbered(30), { tokenizer: new FakeTokenizer(), batchSize: 2 });
    const error = await rejection(orderOf(loader.epoch(0, { labels: ["a", "b"] })), "ERR_UNKNOWN_LABEL");
    expect(error.message).to.include('"c" in row 2').and.to.include('"a", "b"');
    expect(await orderOf(loader)).to.have.length(30);
  });

  it("ends with a failure of the tokenizer, prefetched or not, and no rejection goes unhandled", async () => {
    for (const failAtCall of [1, 2]) {
      const tokenizer = Object.assign(new FakeTokenizer(), { failAtCall });
      const error = await orderOf(new DataLoader(numbered(30), { tokenizer })).catch((reason: unknown) => reason);
      expect((error as Error).message).to.match(/row \d+: tokenizer failed$/);
    }
    const tokenizer = Object.assign(new FakeTokenizer(), { failAtCall: 2 });
    for await (const _batch of new DataLoader(numbered(30), { tokenizer })) break;
    await new Promise((resolve) => setImmediate(resolve));
  });

  it("refuses bad options when it is made", () => {
    const tokenizer = new FakeTokenizer();
    const bad: [object, RegExp][] = [
      [{}, /tokenizer, from AutoTokenizer/],
      [{ tokenizer: {} }, /tokenizer/],
      [{ tokenizer, batchSize: 0 }, /batchSize/],
      [{ tokenizer, batchSize: 2.5 }, /batchSize/],
      [{ tokenizer, maxLength: 1 }, /maxLength/],
      [{ tokenizer, maxLength: Infinity }, /maxLength/],
      [{ tokenizer, shuffle: 1 }, /shuffle/],
      [{ tokenizer, prefetch: -1 }, /prefetch/],
      [{ tokenizer, padToMultipleOf: 0 }, /padToMultipleOf/],
      [{ tokenizer, maxTokens: 4 }, /maxTokens/],
      [{ tokenizer, sampler: {} }, /sampler/],
      [{ tokenizer, windows: 5 }, /windows/],
      [{ tokenizer, windows: { stride: -1 } }, /stride/],
      [{ tokenizer, distributed: { rank: 1, world: 1 } }, /rank/],
      [{ tokenizer, collate: 5 }, /collate/],
      [{ tokenizer, signal: {} }, /signal/],
      [{ tokenizer, pinMemory: 1 }, /pinMemory/],
      [{ tokenizer, batch_size: 5 }, /batch_size/],
      [{ tokenizer, dropLast: "yes" }, /dropLast/],
      [{ tokenizer, seed: 0.5 }, /seed/],
      [{ tokenizer, device: 0 }, /device/],
      [{ tokenizer, labels: "abc" }, /labels/],
      [{ tokenizer, labels: ["a", "a"] }, /different/],
    ];
    for (const [options, message] of bad) {
      const make = (): unknown => new DataLoader(numbered(3), options as { tokenizer: Tokenizer });
      expect(thrown(make, "ERR_INVALID_ARG").message).to.match(message);
    }
    thrown(() => new DataLoader(["a"] as unknown as TextDataset, { tokenizer }), "ERR_INVALID_ARG");
    thrown(() => new DataLoader(numbered(3), undefined as unknown as { tokenizer: Tokenizer }), "ERR_INVALID_ARG");
    thrown(() => new DataLoader(numbered(3), { tokenizer, dropLast: true }), "ERR_EMPTY_DATASET");
    thrown(() => new DataLoader(numbered(3), { tokenizer }).epoch(-1), "ERR_INVALID_ARG");
  });
});
