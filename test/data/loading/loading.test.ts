import { expect } from "chai";
import fc from "fast-check";
import type { Batch } from "../../../lib/data/batch";
import { DataLoader, type DataLoaderOptions } from "../../../lib/data/data-loader";
import type { ExampleInput } from "../../../lib/data/example";
import { IterableDataset } from "../../../lib/data/iterable-dataset";
import { ClassBalancedSampler } from "../../../lib/data/samplers/class-balanced-sampler";
import { LengthGroupedSampler } from "../../../lib/data/samplers/length-grouped-sampler";
import { RandomSampler } from "../../../lib/data/samplers/random-sampler";
import type { Sampler } from "../../../lib/data/samplers/sampler";
import { WeightedSampler } from "../../../lib/data/samplers/weighted-sampler";
import { TextDataset } from "../../../lib/data/text-dataset";
import { cuda } from "../../../lib/tensor/cuda";
import { memory } from "../../../lib/tensor/memory";
import type { Tensor } from "../../../lib/tensor/tensor";
import { fullName, onEachDevice } from "../../support/devices";
import { FakeTokenizer } from "../../support/fake-tokenizer";
import { rejection, thrown } from "../../support/rejection";

type Options = Omit<DataLoaderOptions, "tokenizer">;

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const rowsOf = (count: number): ExampleInput[] =>
  numbers(count).map((i) => ({ text: String(i), label: "abc"[i % 3] as string }));
const numbered = (count: number): TextDataset => TextDataset.from(rowsOf(count));
const tokenizer = new FakeTokenizer();
const labels = ["a", "b", "c"];

const loaderOf = (rows: number, options: Options = {}): DataLoader =>
  new DataLoader(numbered(rows), { tokenizer, ...options });
const streamOf = (rows: number, options: Options = {}): DataLoader =>
  new DataLoader(IterableDataset.from(() => rowsOf(rows)).shuffle({ seed: 5, buffer: 16 }), {
    tokenizer,
    labels,
    ...options,
  });

async function batchesOf(batches: AsyncIterable<Batch>): Promise<number[][]> {
  const seen: number[][] = [];
  for await (const { indices } of batches) seen.push([...indices]);
  return seen;
}
const sorted = (rows: readonly number[]): number[] => [...rows].sort((a, b) => a - b);

/** Options of a loader over `rows` rows, of every sampler. */
const anySampler = (rows: number): fc.Arbitrary<Options> =>
  fc.record({ seed: fc.nat(), kind: fc.nat(5) }).map(({ seed, kind }): Options => {
    const samplers: (Sampler | undefined)[] = [
      undefined,
      new RandomSampler({ seed }),
      new LengthGroupedSampler({ seed, window: 3 }),
      new WeightedSampler(
        numbers(rows).map((row) => 1 + (row % 4)),
        { seed, replacement: false },
      ),
      new WeightedSampler(
        numbers(rows).map((row) => 1 + (row % 4)),
        { seed },
      ),
      new ClassBalancedSampler({ seed }),
    ];
    const sampler = samplers[kind];
    return sampler ? { sampler } : {};
  });
const visitsAll = ({ sampler }: Options): boolean =>
  !/with replacement|class-balanced/.test(sampler?.description ?? "");

describe("a loader's epochs", () => {
  it("give every example exactly once, whatever sampler, batch size, world size and prefetch", async () => {
    const property = fc.asyncProperty(
      fc.integer({ min: 1, max: 60 }).chain((rows) => fc.tuple(fc.constant(rows), anySampler(rows).filter(visitsAll))),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 4 }),
      fc.nat(4),
      fc.option(fc.integer({ min: 8, max: 40 }), { nil: undefined }),
      async ([rows, sampling], batchSize, world, prefetch, maxTokens) => {
        const seen: number[] = [];
        const steps = new Set<number>();
        for (let rank = 0; rank < world; rank++) {
          const loader = loaderOf(rows, {
            ...sampling,
            batchSize,
            prefetch,
            ...(maxTokens ? { maxTokens } : {}),
            distributed: { rank, world },
          });
          const batches = await batchesOf(loader.epoch(1));
          expect(await loader.countBatches(1)).to.equal(batches.length);
          if (loader.sized) expect(loader.length).to.equal(batches.length);
          steps.add(batches.length);
          seen.push(...batches.flat());
        }
        expect(steps.size).to.equal(1);
        expect(sorted([...new Set(seen)])).to.deep.equal(numbers(rows));
        if (world === 1) expect(seen.length).to.equal(rows);
      },
    );
    await fc.assert(property, { seed: 5, numRuns: 60 });
  });

  it("of a stream give every row exactly once, and every process as many steps", async () => {
    const property = fc.asyncProperty(
      fc.nat(60),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 4 }),
      fc.nat(3),
      async (rows, batchSize, world, prefetch) => {
        const all: number[][][] = [];
        for (let rank = 0; rank < world; rank++) {
          all.push(await batchesOf(streamOf(rows, { batchSize, prefetch, distributed: { rank, world } })));
        }
        expect(new Set(all.map((batches) => batches.length)).size).to.equal(1);
        const seen = all.flat(2);
        expect(sorted([...new Set(seen)])).to.deep.equal(numbers(rows));
        expect(seen.length).to.equal(Math.ceil(rows / world) * world);
      },
    );
    await fc.assert(property, { seed: 6, numRuns: 60 });
  });
});

describe("DataLoader.state and resume", () => {
  /** Runs two epochs, breaking off after `until` batches, and goes on with another loader. */
  async function broken(make: () => DataLoader, until: number): Promise<{ whole: number[][]; pieces: number[][] }> {
    const two = async (loader: DataLoader, left = Infinity): Promise<number[][]> => {
      const seen: number[][] = [];
      while (loader.state().epoch < 2) {
        for await (const { indices } of loader) {
          seen.push([...indices]);
          if (--left === 0) return seen;
        }
      }
      return seen;
    };
    const whole = await two(make());
    const first = make();
    const pieces = until === 0 ? [] : await two(first, until);
    const state: unknown = JSON.parse(JSON.stringify(first.state()));
    const second = make();
    second.resume(state as ReturnType<DataLoader["state"]>);
    pieces.push(...(await two(second)));
    return { whole, pieces };
  }

  it("go on with the same batches as an unbroken run, for every sampler", async () => {
    const property = fc.asyncProperty(
      fc.integer({ min: 1, max: 40 }).chain((rows) => fc.tuple(fc.constant(rows), anySampler(rows))),
      fc.integer({ min: 1, max: 9 }),
      fc.nat(30),
      fc.nat(3),
      fc.boolean(),
      async ([rows, sampling], batchSize, until, prefetch, packed) => {
        const { whole, pieces } = await broken(
          () => loaderOf(rows, { ...sampling, batchSize, prefetch, ...(packed ? { maxTokens: 12 } : {}) }),
          until,
        );
        expect(pieces).to.deep.equal(whole);
      },
    );
    await fc.assert(property, { seed: 7, numRuns: 80 });
  });

  it("go on with the same batches for a stream that is shuffled", async () => {
    const property = fc.asyncProperty(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 9 }),
      fc.nat(20),
      async (rows, batchSize, until) => {
        const { whole, pieces } = await broken(() => streamOf(rows, { batchSize }), until);
        expect(pieces).to.deep.equal(whole);
      },
    );
    await fc.assert(property, { seed: 8, numRuns: 40 });
  });

  it("count a batch as delivered while the loop's body has it, and not those that are prefetched", async () => {
    const loader = loaderOf(10, { batchSize: 2, prefetch: 3 });
    const places: unknown[] = [];
    expect(loader.state()).to.include({ epoch: 0, batch: 0 });
    for await (const _batch of loader) places.push(loader.state().batch);
    expect(places).to.deep.equal([1, 2, 3, 4, 5]);
    expect(loader.state()).to.include({ epoch: 1, batch: 0 });
  });

  it("leave an epoch that was broken off behind, unless it is resumed", async () => {
    const loader = loaderOf(10, { batchSize: 2, shuffle: true });
    for await (const _batch of loader) break;
    const state = loader.state();
    expect(await batchesOf(loader)).to.deep.equal(
      await batchesOf(loaderOf(10, { batchSize: 2, shuffle: true }).epoch(1)),
    );
    loader.resume(state);
    expect(await batchesOf(loader)).to.deep.equal((await batchesOf(loader.epoch(0))).slice(1));
  });

  it("refuse what is no state, and one of other data, sampler or batch size", () => {
    const loader = loaderOf(10);
    for (const bad of [
      undefined,
      null,
      {},
      "state",
      { ...loader.state(), epoch: -1 },
      { ...loader.state(), version: 2 },
    ]) {
      thrown(() => loader.resume(bad as ReturnType<DataLoader["state"]>), "ERR_INVALID_ARG");
    }
    for (const other of [
      loaderOf(11),
      loaderOf(10, { shuffle: true }),
      loaderOf(10, { batchSize: 3 }),
      loaderOf(10, { dropLast: true }),
    ]) {
      expect(thrown(() => loader.resume(other.state()), "ERR_INVALID_ARG").message).to.include("same data");
    }
  });
});

describe("a loader's batches", () => {
  it("are padded to a multiple, and count padding and truncation", async () => {
    const long = new FakeTokenizer({ maxLength: 10, lengthOf: (text) => (text === 3 ? 25 : 2 + text) });
    const loader = new DataLoader(numbered(4), { tokenizer: long, batchSize: 2, padToMultipleOf: 8 });
    const shapes: unknown[] = [];
    for await (const { inputIds, padded, tokens } of loader) shapes.push([inputIds.shape, padded, tokens]);
    // Lengths 2, 3 and 4, 10 (25 cut).
    expect(shapes).to.deep.equal([
      [[2, 8], 16, 5],
      [[2, 16], 32, 14],
    ]);
    const { waitedSeconds, ...stats } = loader.stats();
    expect(stats).to.deep.equal({
      batches: 2,
      examples: 4,
      encodings: 4,
      tokens: 19,
      padded: 48,
      paddingShare: 29 / 48,
      truncated: 1,
      truncatedTokens: 15,
    });
    expect(waitedSeconds).to.be.above(0);
  });

  it("hold as many texts as a budget of tokens allows", async () => {
    const loader = loaderOf(9, { maxTokens: 8 });
    expect(loader.sized).to.equal(false);
    thrown(() => loader.length, "ERR_INVALID_ARG");
    // Lengths 1, 2, 3, 1, 2, 3, …: a batch's longest times its texts stays within 8.
    expect(await batchesOf(loader)).to.deep.equal([[0, 1], [2, 3], [4, 5], [6, 7], [8]]);
    expect(await loader.countBatches(0)).to.equal(5);
    thrown(() => loaderOf(9, { maxTokens: 7 }), "ERR_INVALID_ARG");
  });

  it("grouped by length waste as little on each of several processes as on one", async () => {
    const long = new FakeTokenizer({ maxLength: 64, lengthOf: (text) => 1 + ((text * 37) % 61) });
    const padding = async (distributed?: DataLoaderOptions["distributed"]): Promise<number> => {
      const sampler = new LengthGroupedSampler({ seed: 1 });
      const loader = new DataLoader(numbered(960), {
        tokenizer: long,
        batchSize: 8,
        sampler,
        ...(distributed ? { distributed } : {}),
      });
      await batchesOf(loader);
      return loader.stats().paddingShare;
    };
    expect(await padding()).to.be.below(0.05);
    for (const rank of [0, 1, 2]) expect(await padding({ rank, world: 3 })).to.be.below(0.05);
  });

  it("hold all windows of a long document, told apart by its number", async () => {
    const long = new FakeTokenizer({ maxLength: 4, lengthOf: (text) => (text === 1 ? 9 : 2) });
    const loader = new DataLoader(numbered(3), { tokenizer: long, batchSize: 3, windows: { stride: 1 } });
    for await (const { inputIds, indices, documents, labels: ids, size } of loader) {
      expect(inputIds.shape).to.deep.equal([5, 4]);
      expect([...indices]).to.deep.equal([0, 1, 1, 1, 2]);
      expect([...(documents as Uint32Array)]).to.deep.equal([0, 1, 1, 1, 2]);
      expect(ids?.toArray()).to.deep.equal([0n, 1n, 1n, 1n, 2n]);
      expect(size).to.equal(5);
    }
    expect(loader.stats()).to.include({ examples: 3, encodings: 5, truncated: 0 });
  });

  it("carry labels of every kind", async () => {
    const labelsOf = async (
      rows: ExampleInput[],
      options: Parameters<typeof TextDataset.from>[1] = {},
    ): Promise<[unknown, string, unknown]> => {
      for await (const { labels: made, problemType } of new DataLoader(TextDataset.from(rows, options), {
        tokenizer,
      })) {
        const tensor = made as Tensor;
        return [tensor.toArray(), tensor.dtype, problemType];
      }
      throw new Error("no batch");
    };
    expect(
      await labelsOf([
        { text: "1", label: ["y", "x"] },
        { text: "2", label: [] },
      ]),
    ).to.deep.equal([
      [
        [1, 1],
        [0, 0],
      ],
      "float32",
      "multi-label",
    ]);
    expect(
      await labelsOf([
        { text: "1", label: { y: 0.25, x: 0.75 } },
        { text: "2", label: { y: 1 } },
      ]),
    ).to.deep.equal([
      [
        [0.75, 0.25],
        [0, 1],
      ],
      "float32",
      "soft-label",
    ]);
    expect(
      await labelsOf(
        [
          { text: "1", label: 0.5 },
          { text: "2", label: 2 },
        ],
        { problemType: "regression" },
      ),
    ).to.deep.equal([[0.5, 2], "float32", "regression"]);
    expect(
      await labelsOf([
        { text: "1", label: 7 },
        { text: "2", label: 10 },
      ]),
    ).to.deep.equal([[0n, 1n], "int64", "single-label"]);
  });

  it("are what an own collate makes of them, disposed as batches are", async () => {
    const disposed: number[] = [];
    const loader = new DataLoader(numbered(5), {
      tokenizer,
      batchSize: 2,
      collate: ({ examples, encodings, indices, padded }) => ({
        texts: examples.map(({ text }) => text),
        lengths: encodings.map(({ ids }) => ids.length),
        width: padded.shape[1],
        dispose: () => disposed.push(indices[0] as number),
      }),
    });
    const seen: unknown[] = [];
    for await (const { texts, lengths, width } of loader) seen.push([texts, lengths, width]);
    expect(seen).to.deep.equal([
      [["0", "1"], [1, 2], 2],
      [["2", "3"], [3, 1], 3],
      [["4"], [2], 2],
    ]);
    expect(disposed).to.deep.equal([0, 2, 4]);
  });
});

onEachDevice("a loader's batches, pinned or not,", (device) => {
  it("are the CPU's", async () => {
    const dataset = numbered(11);
    const contents = async (options: Options): Promise<unknown[]> => {
      const seen: unknown[] = [];
      for await (const { inputIds, attentionMask, labels: ids } of new DataLoader(dataset, {
        tokenizer,
        batchSize: 4,
        ...options,
      })) {
        if (options.device !== undefined) expect(inputIds.device).to.equal(fullName(device));
        seen.push(
          [await inputIds.read(), await attentionMask.read(), await ids?.read()].map((values) =>
            Array.from(values as BigInt64Array),
          ),
        );
      }
      return seen;
    };
    const plain = await contents({});
    expect(await contents({ device, pinMemory: false })).to.deep.equal(plain);
    if (device === "cuda") expect(await contents({ device, pinMemory: true })).to.deep.equal(plain);
    else if (!cuda.isAvailable()) thrown(() => loaderOf(3, { pinMemory: true }), "ERR_DEVICE_UNAVAILABLE");
  });
});

describe("the end of a loop", () => {
  it("comes with an abort, with its reason, during the wait and in the loop's body", async () => {
    const controller = new AbortController();
    const loader = loaderOf(30, { batchSize: 2, signal: controller.signal });
    const before = memory().liveTensors;
    let batches = 0;
    const reason = new Error("enough");
    const loop = async (): Promise<void> => {
      for await (const _batch of loader) if (++batches === 3) controller.abort(reason);
    };
    expect(await loop().catch((error: unknown) => error)).to.equal(reason);
    expect(batches).to.equal(3);
    expect(memory().liveTensors).to.equal(before);
    expect(await batchesOf(loader).catch((error: unknown) => error)).to.equal(reason);

    const never = new FakeTokenizer();
    let release = (): void => undefined;
    let late = false;
    never.encodeBatch = () =>
      new Promise((_, reject) => {
        if (late) reject(new Error("late"));
        release = () => reject(new Error("late"));
      });
    const waiting = new AbortController();
    const pending = batchesOf(new DataLoader(numbered(3), { tokenizer: never }).epoch(0, { signal: waiting.signal }));
    setImmediate(() => {
      waiting.abort();
      late = true;
      setImmediate(release);
    });
    expect(((await pending.catch((error: unknown) => error)) as Error).name).to.equal("AbortError");
  });

  it("leaves no task, tensor or source behind, early or late", async () => {
    const before = memory().liveTensors;
    let open = 0;
    const counted = IterableDataset.from(async function* () {
      open++;
      try {
        for (const row of rowsOf(100)) yield row;
      } finally {
        open--;
      }
    });
    const own = new FakeTokenizer();
    for await (const _batch of new DataLoader(counted, { tokenizer: own, labels, batchSize: 4, prefetch: 4 })) {
      expect(open).to.equal(1);
      break;
    }
    expect([open, own.running, memory().liveTensors]).to.deep.equal([0, 0, before]);
    const { length } = own.calls;
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(own.calls.length).to.equal(length);
  });

  it("asks a source for no more than the prefetched batches", async () => {
    let given = 0;
    const slow = IterableDataset.from(async function* () {
      for (const row of rowsOf(100)) {
        given++;
        yield row;
      }
    });
    for await (const _batch of new DataLoader(slow, { tokenizer, labels, batchSize: 2, prefetch: 3 })) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(given).to.equal(2 * 4); // the one in hand and three
      break;
    }
  });

  it("names the row at which the tokenizer, a stream's row or a function failed", async () => {
    const failing = new FakeTokenizer();
    const encode = failing.encodeBatch.bind(failing);
    failing.encodeBatch = async (texts, options) => {
      if (texts.includes("7")) throw new Error("bad text");
      return encode(texts, options);
    };
    const error = await rejection(
      batchesOf(new DataLoader(numbered(20), { tokenizer: failing, batchSize: 4 })),
      "ERR_BAD_ROW",
    );
    expect(error.message).to.include("row 7").and.to.include("bad text");
    const bad = IterableDataset.from(() => [...rowsOf(5), { text: 5 } as unknown as ExampleInput]);
    expect((await rejection(batchesOf(new DataLoader(bad, { tokenizer, labels })), "ERR_BAD_ROW")).message).to.include(
      "row 5",
    );
    const unknown = IterableDataset.from(() => [...rowsOf(5), { text: "1", label: "z" }]);
    expect(
      (await rejection(batchesOf(new DataLoader(unknown, { tokenizer, labels })), "ERR_UNKNOWN_LABEL")).message,
    ).to.include("row 5");
    const mapped = IterableDataset.from(() => numbers(9)).map((n) => {
      if (n === 4) throw new RangeError("four");
      return String(n);
    });
    const failed = await rejection(batchesOf(new DataLoader(mapped, { tokenizer })), "ERR_BAD_ROW");
    expect(failed.message).to.include("row 4").and.to.include("four");
    expect(failed.cause).to.be.instanceOf(RangeError);
  });
});

describe("a loader over a stream", () => {
  it("wants the names of its classes, and no sampler", async () => {
    const stream = IterableDataset.from(() => rowsOf(5));
    expect((await rejection(batchesOf(new DataLoader(stream, { tokenizer })), "ERR_INVALID_ARG")).message).to.include(
      "labels",
    );
    expect(await batchesOf(new DataLoader(stream, { tokenizer, labels, batchSize: 2 }))).to.deep.equal([
      [0, 1],
      [2, 3],
      [4],
    ]);
    for (const options of [{ shuffle: true }, { sampler: new RandomSampler() }, { maxTokens: 100 }]) {
      thrown(() => new DataLoader(stream, { tokenizer, labels, ...options }), "ERR_INVALID_ARG");
    }
    const loader = new DataLoader(stream, { tokenizer, labels });
    expect(loader.sized).to.equal(false);
    expect(await loader.countBatches(0)).to.equal(undefined);
  });

  it("shuffles in another order each epoch", async () => {
    const loader = streamOf(50, { batchSize: 50 });
    const texts = async (): Promise<number[]> => {
      const seen: number[] = [];
      for await (const { inputIds } of loader) {
        seen.push(...(inputIds.toArray() as bigint[][]).map(([first]) => Number(first)));
      }
      return seen;
    };
    const [first, second] = [await texts(), await texts()];
    expect(first).not.to.deep.equal(second);
    expect(sorted(first)).to.deep.equal(sorted(second)).and.to.deep.equal(numbers(50));
  });
});
