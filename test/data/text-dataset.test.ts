import { expect } from "chai";
import type { ExampleInput } from "../../lib/data/example";
import { TextDataset } from "../../lib/data/text-dataset";
import { thrown } from "../support/rejection";

/** Rows of classes by name and number, text telling the row. */
function rows(classes: Readonly<Record<string, number>>): TextDataset {
  const inputs = Object.entries(classes).flatMap(([label, count]) =>
    Array.from({ length: count }, (_, i) => ({ text: `${label} ${i}`, label })),
  );
  return TextDataset.from(inputs);
}

const counts = (dataset: TextDataset): Record<string, number> => {
  const result: Record<string, number> = {};
  for (const { label } of dataset) result[label as string] = (result[label as string] ?? 0) + 1;
  return result;
};
const texts = (dataset: TextDataset): string[] => [...dataset].map(({ text }) => String(text));

describe("TextDataset.from", () => {
  it("takes texts, pairs and labels of every form", () => {
    const dataset = TextDataset.from([
      { text: "a", label: "x" },
      { text: "a", pair: "b", label: "2" },
      { text: ["c", "d"], label: "y" },
    ]);
    expect([...dataset]).to.deep.equal([
      { text: "a", label: "x" },
      { text: ["a", "b"], label: "2" },
      { text: ["c", "d"], label: "y" },
    ]);
    expect(dataset.length).to.equal(3);
    expect(dataset.labelled).to.equal(true);
    expect(dataset.problemType).to.equal("single-label");
    const labelled = (...labels: ExampleInput[]): TextDataset =>
      TextDataset.from(labels.map((label) => ({ text: "a", label }) as ExampleInput));
    expect(
      [...labelled(false as unknown as string, true as unknown as string)].map(({ label }) => label),
    ).to.deep.equal(["false", "true"]);
    const plain = TextDataset.from(new Set(["a", "b"]));
    expect([...plain]).to.deep.equal([{ text: "a" }, { text: "b" }]);
    expect(plain.labels).to.deep.equal([]);
  });

  it("refuses bad rows by their number", () => {
    const good = { text: "a", label: "x" };
    const bad: unknown[] = [
      null,
      5,
      {},
      { text: 5, label: "x" },
      { text: ["a", 5], label: "x" },
      { text: ["a", "b"], pair: "c", label: "x" },
      { text: "a", label: "" },
      { text: "a", label: null },
      { text: "a", label: {} },
      { text: "a" },
      "a",
    ];
    for (const row of bad) {
      const error = thrown(() => TextDataset.from([good, row as ExampleInput]), "ERR_INVALID_ARG");
      expect(error.message).to.include("(row 1)");
    }
    thrown(() => TextDataset.from(["a", good]), "ERR_INVALID_ARG");
    thrown(() => TextDataset.from("text"), "ERR_INVALID_ARG");
    thrown(() => TextDataset.from(undefined as unknown as ExampleInput[]), "ERR_INVALID_ARG");
    thrown(() => TextDataset.from([]), "ERR_EMPTY_DATASET");
  });

  it("gives rows by number", () => {
    const dataset = rows({ a: 2 });
    expect(dataset.get(1).text).to.equal("a 1");
    for (const row of [-1, 2, 0.5, NaN]) thrown(() => dataset.get(row), "ERR_INVALID_ARG");
  });
});

describe("TextDataset.split", () => {
  it("puts every row into one of two parts, alike for one seed, in random order", () => {
    const dataset = rows({ a: 50, b: 50 });
    const { train, test } = dataset.split({ test: 0.1, seed: 1 });
    expect([train.length, test.length]).to.deep.equal([90, 10]);
    expect([...texts(train), ...texts(test)].sort()).to.deep.equal(texts(dataset).sort());
    expect(texts(dataset.split({ test: 0.1, seed: 1 }).test)).to.deep.equal(texts(test));
    expect(texts(dataset.split({ test: 0.1, seed: 2 }).test)).not.to.deep.equal(texts(test));
    // A fair sample of each class, not the first one alone (the chance of that is below 1e-5).
    expect(Object.keys(counts(train.take(20)))).to.have.length(2);
  });

  it("takes a number of rows as well as a share", () => {
    const { train, test } = rows({ a: 7 }).split({ test: 2 });
    expect([train.length, test.length]).to.deep.equal([5, 2]);
  });

  it("gives every class its share when stratified", () => {
    const dataset = rows({ a: 100, b: 50, c: 10, d: 40 });
    for (const seed of [1, 2, 3]) {
      const { train, test } = dataset.split({ test: 0.1, stratify: true, seed });
      expect(counts(test)).to.deep.equal({ a: 10, b: 5, c: 1, d: 4 });
      expect(counts(train)).to.deep.equal({ a: 90, b: 45, c: 9, d: 36 });
      expect([...texts(train), ...texts(test)].sort()).to.deep.equal(texts(dataset).sort());
    }
  });

  it("keeps a row of every class for training when stratified, whatever is asked for", () => {
    const dataset = rows({ a: 1, b: 2, c: 3, d: 10 });
    for (const share of [0.05, 0.3, 0.5, 0.9, 0.99 * (15 / 16)]) {
      const { train, test } = dataset.split({ test: share, stratify: true, seed: 5 });
      expect(train.labels).to.deep.equal(["a", "b", "c", "d"]);
      expect(counts(test)["a"]).to.equal(undefined);
      expect(train.length + test.length).to.equal(16);
      expect(test.length).to.equal(Math.min(Math.ceil(share * 16), 12));
    }
  });

  it("rounds shares by the largest remainder", () => {
    // 3 classes of 5 rows, 4 for the test part: shares of 4/3, so one class gives 2.
    const { test } = rows({ a: 5, b: 5, c: 5 }).split({ test: 4, stratify: true });
    expect(Object.values(counts(test)).sort()).to.deep.equal([1, 1, 2]);
  });

  it("makes the label map from the training part only", () => {
    const dataset = rows({ a: 4, b: 1 });
    let seen = false;
    for (let seed = 0; seed < 20; seed++) {
      const { train, test } = dataset.split({ test: 1, seed });
      expect(test.labels).to.equal(train.labels);
      if (counts(test)["b"] === 1) {
        seen = true;
        expect(test.labels).to.deep.equal(["a"]);
        expect(test.take(1).labels).to.deep.equal(["a"]);
        expect(test.dedupe().labels).to.deep.equal(["a"]);
      }
    }
    expect(seen).to.equal(true);
  });

  it("refuses what leaves a part empty, and bad options", () => {
    const dataset = rows({ a: 1, b: 1 });
    thrown(() => dataset.split({ test: 2 }), "ERR_EMPTY_DATASET");
    thrown(() => dataset.split({ test: 0.9 }), "ERR_EMPTY_DATASET");
    thrown(() => dataset.split({ test: 0.5, stratify: true }), "ERR_EMPTY_DATASET");
    thrown(() => TextDataset.from(["a", "b"]).split({ test: 0.5, stratify: true }), "ERR_INVALID_ARG");
    for (const test of [0, -0.5, 1.5, NaN, "0.1" as unknown as number, undefined as unknown as number]) {
      thrown(() => dataset.split({ test }), "ERR_INVALID_ARG");
    }
    thrown(() => dataset.split(undefined as unknown as { test: number }), "ERR_INVALID_ARG");
    for (const seed of [0.5, NaN, 2 ** 60]) thrown(() => dataset.split({ test: 1, seed }), "ERR_INVALID_ARG");
  });
});

describe("TextDataset.dedupe and take", () => {
  it("keep the first row of each text and pair", () => {
    const dataset = TextDataset.from([
      { text: "a", label: "x" },
      { text: "b", label: "x" },
      { text: "a", label: "y" },
      { text: ["a", "b"], label: "y" },
      { text: ["a", "b"], label: "x" },
      { text: '["a","b"]', label: "z" },
    ]);
    const unique = dataset.dedupe();
    expect([...unique].map(({ text, label }) => [text, label])).to.deep.equal([
      ["a", "x"],
      ["b", "x"],
      [["a", "b"], "y"],
      ['["a","b"]', "z"],
    ]);
    expect(unique.describeRow(2)).to.equal("row 3");
    expect(dataset.length).to.equal(6);
  });

  it("take the first rows, and label maps follow the rows", () => {
    const dataset = rows({ a: 2, b: 2 });
    expect(dataset.take(3).labels).to.deep.equal(["a", "b"]);
    expect(dataset.take(2).labels).to.deep.equal(["a"]);
    expect(dataset.take(99).length).to.equal(4);
    for (const count of [0, -1, 1.5, NaN]) thrown(() => dataset.take(count), "ERR_INVALID_ARG");
  });
});
