import { expect } from "chai";
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { DataLoader } from "../../lib/data/data-loader";
import { LengthGroupedSampler } from "../../lib/data/samplers/length-grouped-sampler";
import { TextDataset } from "../../lib/data/text-dataset";
import { AutoTokenizer } from "../../lib/text/auto-tokenizer";
import { FakeTokenizer } from "../support/fake-tokenizer";
import { rejection, thrown } from "../support/rejection";

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const numbered = (count: number): TextDataset =>
  TextDataset.from(numbers(count).map((i) => ({ text: String(i), label: "ab"[i % 2] as string })));
const tokenizerOf = (fingerprint = "one"): FakeTokenizer & { readonly fingerprint: string } =>
  Object.assign(new FakeTokenizer({ maxLength: 6, lengthOf: (text) => 1 + ((text * 7) % 11) }), { fingerprint });

async function contentOf(loader: DataLoader): Promise<unknown[]> {
  const batches: unknown[] = [];
  for await (const { inputIds, tokenTypeIds, attentionMask, indices, labels } of loader) {
    batches.push([
      inputIds.toArray(),
      tokenTypeIds.toArray(),
      attentionMask.toArray(),
      [...indices],
      labels?.toArray(),
    ]);
  }
  return batches;
}

describe("TextDataset.cache", () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(path.join(tmpdir(), "encodings-"))));
  afterEach(() => rm(folder, { recursive: true }));

  it("gives the batches that tokenizing gives, without tokenizing again", async () => {
    const property = fc.asyncProperty(
      fc.integer({ min: 1, max: 60 }),
      fc.boolean(),
      fc.boolean(),
      async (rows, windowed, grouped) => {
        const tokenizer = tokenizerOf();
        const windows = windowed ? { windows: { stride: 2 } } : {};
        const options = {
          tokenizer,
          batchSize: 4,
          ...windows,
          ...(grouped ? { sampler: new LengthGroupedSampler() } : { shuffle: true }),
        };
        const plain = await contentOf(new DataLoader(numbered(rows), options));
        const cached = await numbered(rows).cache(tokenizer, { folder, ...windows });
        const calls = tokenizer.calls.length;
        const loader = new DataLoader(cached, options);
        expect(await contentOf(loader)).to.deep.equal(plain);
        const again = await numbered(rows).cache(tokenizer, { folder, ...windows });
        expect(await contentOf(new DataLoader(again, options))).to.deep.equal(plain);
        expect(tokenizer.calls.length).to.equal(calls);
      },
    );
    await fc.assert(property, { seed: 12, numRuns: 30 });
  });

  it("keeps a real tokenizer's ids, types and truncation", async () => {
    const tokenizer = await AutoTokenizer.fromPretrained(path.join(__dirname, "..", "golden", "tokenizer"));
    const dataset = TextDataset.from([
      { text: "one two three four five six" },
      { text: ["a pair", "of texts"] },
      { text: "" },
    ]);
    const cached = await dataset.cache(tokenizer, { folder, maxLength: 8 });
    const [plain, read] = [
      new DataLoader(dataset, { tokenizer, maxLength: 8 }),
      new DataLoader(cached, { tokenizer, maxLength: 8 }),
    ];
    expect(await contentOf(read)).to.deep.equal(await contentOf(plain));
    expect({ ...read.stats(), waitedSeconds: 0 }).to.deep.equal({ ...plain.stats(), waitedSeconds: 0 });
  });

  it("notices other texts, another tokenizer, and other lengths", async () => {
    await numbered(5).cache(tokenizerOf(), { folder });
    const fileCount = async (): Promise<number> => (await readdir(folder)).length;
    expect(await fileCount()).to.equal(1);
    await numbered(6).cache(tokenizerOf(), { folder });
    await numbered(5).cache(tokenizerOf("two"), { folder });
    await numbered(5).cache(tokenizerOf(), { folder, maxLength: 4 });
    await numbered(5).cache(tokenizerOf(), { folder, windows: {} });
    await numbered(5).cache(tokenizerOf(), { folder });
    expect(await fileCount()).to.equal(5);
    const cached = await numbered(5).cache(tokenizerOf(), { folder });
    expect(
      thrown(() => new DataLoader(cached, { tokenizer: tokenizerOf("two") }), "ERR_INVALID_ARG").message,
    ).to.include("tokenizer");
    for (const other of [{ maxLength: 4 }, { windows: {} }]) {
      expect(
        thrown(() => new DataLoader(cached, { tokenizer: tokenizerOf(), ...other }), "ERR_INVALID_ARG").message,
      ).to.include("maxLength 6");
    }
    expect(cached.take(3).encodings).to.equal(undefined);
  });

  it("makes a damaged file anew, and names one that is cut short while in use", async () => {
    const [name = ""] = await numbered(50)
      .cache(tokenizerOf(), { folder })
      .then(() => readdir(folder));
    const file = path.join(folder, name);
    const whole = await readFile(file);
    for (const at of [0, 9, 30, 300, whole.length - 1]) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] as number) ^ 1;
      await writeFile(file, damaged);
      await numbered(50).cache(tokenizerOf(), { folder });
      expect((await readFile(file)).equals(whole), `byte ${at}`).to.equal(true);
    }
    await truncate(file, 100);
    const cached = await numbered(50).cache(tokenizerOf(), { folder });
    expect((await readFile(file)).equals(whole)).to.equal(true);
    await truncate(file, 500);
    expect(
      (await rejection(contentOf(new DataLoader(cached, { tokenizer: tokenizerOf() })), "ERR_FILE_READ")).message,
    ).to.include(file);
    await rm(file);
    await rejection(contentOf(new DataLoader(cached, { tokenizer: tokenizerOf() })), "ERR_FILE_READ");
  });

  it("wants a folder and a tokenizer that tells when it changes", async () => {
    await rejection(numbered(3).cache(tokenizerOf(), {} as { folder: string }), "ERR_INVALID_ARG");
    await rejection(numbered(3).cache(new FakeTokenizer(), { folder }), "ERR_INVALID_ARG");
    await writeFile(path.join(folder, "file"), "");
    await rejection(numbered(3).cache(tokenizerOf(), { folder: path.join(folder, "file", "inside") }), "ERR_FILE_READ");
  });
});
