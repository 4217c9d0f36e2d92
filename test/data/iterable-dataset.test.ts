import { expect } from "chai";
import { Readable } from "node:stream";
import fc from "fast-check";
import { IterableDataset } from "../../lib/data/iterable-dataset";
import { rejection, thrown } from "../support/rejection";

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const stream = (count: number): IterableDataset<number> => IterableDataset.from(() => numbers(count));
const all = async <Row>(rows: AsyncIterable<Row>): Promise<Row[]> => {
  const seen: Row[] = [];
  for await (const row of rows) seen.push(row);
  return seen;
};

describe("IterableDataset", () => {
  it("does to streams what arrays do, whatever the number of rows", async () => {
    const property = fc.asyncProperty(fc.nat(700), fc.nat(700), fc.nat(700), async (count, taken, skipped) => {
      const rows = numbers(count);
      expect(await all(stream(count).take(taken))).to.deep.equal(rows.slice(0, taken));
      expect(await all(stream(count).skip(skipped))).to.deep.equal(rows.slice(skipped));
      expect(await all(stream(count).skip(skipped).take(taken))).to.deep.equal(rows.slice(skipped).slice(0, taken));
      expect(
        await all(
          stream(count)
            .filter((n) => n % 3 === 0)
            .map(async (n, i) => n * i),
        ),
      ).to.deep.equal(rows.filter((n) => n % 3 === 0).map((n, i) => n * i));
      expect(await all(stream(count).concat(stream(taken)))).to.deep.equal([...rows, ...numbers(taken)]);
      const both = await all(stream(count).interleave(stream(taken).map((n) => -1 - n)));
      expect(both.filter((n) => n >= 0)).to.deep.equal(rows);
      expect(both.filter((n) => n < 0)).to.deep.equal(numbers(taken).map((n) => -1 - n));
    });
    await fc.assert(property, { seed: 10, numRuns: 40 });
    expect(await all(stream(3).interleave(stream(1), stream(2)))).to.deep.equal([0, 0, 0, 1, 1, 2]);
  });

  it("shuffles within a buffer: every row once, by seed and epoch", async () => {
    const property = fc.asyncProperty(
      fc.nat(300),
      fc.integer({ min: 1, max: 400 }),
      fc.integer(),
      async (count, buffer, seed) => {
        const shuffled = stream(count).shuffle({ buffer, seed });
        const seen = await all(shuffled);
        expect([...seen].sort((a, b) => a - b)).to.deep.equal(numbers(count));
        expect(await all(shuffled)).to.deep.equal(seen);
        // A row waits in the buffer or not: it cannot come before it was read.
        seen.forEach((row, at) => expect(row).to.be.at.most(at + buffer));
      },
    );
    await fc.assert(property, { seed: 11, numRuns: 60 });
    const epoch = async (number: number): Promise<number[]> => {
      const rows: number[] = [];
      for await (const chunk of stream(100).shuffle({ buffer: 50 }).chunks(number)) {
        rows.push(...chunk.map(({ row }) => row));
      }
      return rows;
    };
    expect(await epoch(0)).not.to.deep.equal(await epoch(1));
  });

  it("takes rows of generators, cursors and Node streams, and closes what it does not read to its end", async () => {
    let closed = 0;
    const cursor = async function* (): AsyncGenerator<number> {
      try {
        for (let i = 0; ; i++) yield i;
      } finally {
        closed++;
      }
    };
    expect(await all(IterableDataset.from(cursor).take(3))).to.deep.equal([0, 1, 2]);
    for await (const row of IterableDataset.from(cursor)
      .map((n) => n)
      .filter(() => true)) {
      if (row > 5) break;
    }
    for await (const row of IterableDataset.from(cursor).interleave(IterableDataset.from(cursor))) if (row > 5) break;
    expect(closed).to.equal(4);
    const readable = Readable.from([{ id: 1 }, { id: 2 }]);
    expect(await all(IterableDataset.from<{ id: number }>(readable))).to.deep.equal([{ id: 1 }, { id: 2 }]);
    expect([
      ...(await stream(4)
        .filter((n) => n > 1)
        .collect()),
    ]).to.deep.equal([2, 3]);
    expect(
      (
        await stream(4)
          .filter((n) => n > 1)
          .collect()
      ).describeRow(0),
    ).to.equal("row 2");
  });

  it("refuses a second pass over what gives only one, and what is not iterable", async () => {
    const once = IterableDataset.from(numbers(3).values());
    expect(await all(once)).to.deep.equal([0, 1, 2]);
    expect((await rejection(all(once), "ERR_INVALID_ARG")).message).to.include("function");
    const array = IterableDataset.from(numbers(3));
    expect(await all(array)).to.deep.equal(await all(array));
    for (const bad of [5, null, undefined, "text", {}]) {
      thrown(() => IterableDataset.from(bad as number[]), "ERR_INVALID_ARG");
    }
    await rejection(all(IterableDataset.from((() => 5) as unknown as () => number[])), "ERR_INVALID_ARG");
    for (const bad of [-1, 0.5, NaN, "1"]) {
      thrown(() => stream(3).take(bad as number), "ERR_INVALID_ARG");
      thrown(() => stream(3).skip(bad as number), "ERR_INVALID_ARG");
    }
    thrown(() => stream(3).shuffle({ buffer: 0 }), "ERR_INVALID_ARG");
    thrown(() => stream(3).map(5 as unknown as () => number), "ERR_INVALID_ARG");
    thrown(() => stream(3).concat(numbers(3) as unknown as IterableDataset<number>), "ERR_INVALID_ARG");
    await rejection(stream(0).collect(), "ERR_EMPTY_DATASET");
  });

  it("names the row at which a function failed, and passes on what its source throws", async () => {
    const failing = stream(9).map(async (n) => {
      if (n === 7) throw new RangeError("seven");
      return n;
    });
    expect((await rejection(all(failing), "ERR_BAD_ROW")).message)
      .to.include("row 7")
      .and.to.include("seven");
    const lost = new Error("connection lost");
    const broken = IterableDataset.from(async function* () {
      yield 1;
      throw lost;
    });
    expect(await all(broken.map((n) => n)).catch((error: unknown) => error)).to.equal(lost);
  });
});
