import { expect } from "chai";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Example, Label } from "../../../lib/data/example";
import { inspect, type InspectOptions } from "../../../lib/data/inspect/inspect";
import type { Inspectable, InspectionInput } from "../../../lib/data/inspect/inspectable";
import { TextDataset } from "../../../lib/data/text-dataset";
import { AutoTokenizer } from "../../../lib/text/auto-tokenizer";
import type { TextInput } from "../../../lib/text/tokenizer";
import { FakeTokenizer } from "../../support/fake-tokenizer";
import { rejection } from "../../support/rejection";

/** The least that can be inspected. */
function dataset(examples: readonly Example[], labels?: readonly string[]): Inspectable {
  return {
    length: examples.length,
    ...(labels && { labels }),
    get: (row) => examples[row] as Example,
    describeRow: (row) => `tickets.csv, line ${row + 2}`,
  };
}
const texts = (...all: TextInput[]): Inspectable => dataset(all.map((text) => ({ text })));
const labelled = (...labels: (Label | undefined)[]): Inspectable =>
  dataset(labels.map((label, i) => ({ text: `text ${i}`, ...(label !== undefined && { label }) })));

describe("inspect: labels", () => {
  it("counts classes, in the order of the label map, those without a row as well", async () => {
    const { splits } = await inspect({
      train: TextDataset.from([
        { text: "a", label: "x" },
        { text: "b", label: "y" },
        { text: "c", label: "x" },
        { text: "d", label: "x" },
      ]),
      test: labelled("y", "z"),
    });
    expect(splits.map(({ name, rows }) => [name, rows])).to.deep.equal([
      ["train", 4],
      ["test", 2],
    ]);
    expect(splits[0]?.labels).to.deep.equal({
      kind: "single-label",
      classes: [
        { name: "x", count: 3, share: 0.75 },
        { name: "y", count: 1, share: 0.25 },
        { name: "z", count: 0, share: 0 },
      ],
      unlabelled: 0,
    });
    expect(splits[1]?.labels).to.deep.include({
      classes: [
        { name: "x", count: 0, share: 0 },
        { name: "y", count: 1, share: 0.5 },
        { name: "z", count: 1, share: 0.5 },
      ],
    });
    const ordered = await inspect(
      dataset(
        [
          { text: "a", label: "10" },
          { text: "b", label: "9" },
          { text: "c", label: "new" },
        ],
        ["9", "10"],
      ),
    );
    const labels = ordered.splits[0]?.labels;
    expect(labels?.kind === "single-label" && labels.classes.map(({ name }) => name)).to.deep.equal(["9", "10", "new"]);
  });

  it("counts each of several labels, sums probabilities, and describes targets", async () => {
    const multi = await inspect(labelled(["x", "y"], ["x", "x"], [], ["z"]));
    expect(multi.splits[0]?.labels).to.deep.equal({
      kind: "multi-label",
      classes: [
        { name: "x", count: 2, share: 0.5 },
        { name: "y", count: 1, share: 0.25 },
        { name: "z", count: 1, share: 0.25 },
      ],
      unlabelled: 0,
    });
    const soft = await inspect(labelled({ x: 0.75, y: 0.25 }, { y: 1 }));
    expect(soft.splits[0]?.labels).to.deep.equal({
      kind: "soft-label",
      classes: [
        { name: "x", count: 0.75, share: 0.375 },
        { name: "y", count: 1.25, share: 0.625 },
      ],
      unlabelled: 0,
    });
    const regression = await inspect(labelled(2, -1, 5, undefined));
    expect(regression.splits[0]?.labels).to.deep.equal({ kind: "regression", min: -1, mean: 2, max: 5, unlabelled: 1 });
    expect(regression.warnings).to.include("1 of 4 rows of data have no label.");
    expect((await inspect(texts("a", "b"))).splits[0]?.labels).to.equal(null);
  });

  it("warns of classes that are missing or drowned out", async () => {
    const { warnings } = await inspect(
      { train: labelled(...Array.from({ length: 20 }, () => "x"), "y"), test: labelled("x", "z") },
      { nearDuplicates: false },
    );
    expect(warnings).to.include('train has no row of 1 class: "z".');
    expect(warnings).to.include('test has no row of 1 class: "y".');
    expect(warnings.join()).to.include('In train "x" is 20 times as frequent as "y"');
  });

  it("refuses labels of several kinds, and what is no label, by their place", async () => {
    for (const wrong of [5, ["x"], { x: 1 }, true, NaN, [5], { x: "1" }]) {
      const { message } = await rejection(
        inspect({ train: labelled("x"), test: labelled("x", wrong as Label) }),
        "ERR_INVALID_ARG",
      );
      expect(message).to.include("(test, tickets.csv, line 3)");
    }
    await rejection(inspect(labelled(true as unknown as Label)), "ERR_INVALID_ARG");
  });
});

describe("inspect: lengths", () => {
  it("counts words and code points, a pair's together", async () => {
    const { splits } = await inspect(texts("two words", ["  three ", "more\nwords"], "", "😀é漢"));
    const lengths = splits[0]?.lengths;
    expect([lengths?.words.min, lengths?.words.max, lengths?.words.mean]).to.deep.equal([0, 3, (2 + 3 + 0 + 1) / 4]);
    expect([lengths?.characters.min, lengths?.characters.max, lengths?.characters.mean]).to.deep.equal([
      0,
      18,
      (9 + 18 + 0 + 3) / 4,
    ]);
    expect(lengths?.tokens).to.equal(null);
    expect(lengths?.truncated).to.deep.equal([]);
  });

  it("counts all tokens, and rows that would be cut at each length", async () => {
    const tokenizer = new FakeTokenizer({ maxLength: 100, lengthOf: (text) => text });
    const data = texts(...Array.from({ length: 600 }, (_, i) => String(i + 1)));
    const { splits, warnings } = await inspect(data, { tokenizer, nearDuplicates: false });
    expect(splits[0]?.lengths.tokens).to.deep.include({ min: 1, max: 600, mean: 300.5 });
    expect(splits[0]?.lengths.truncated).to.deep.equal([
      { maxLength: 64, rows: 536, share: 536 / 600 },
      { maxLength: 100, rows: 500, share: 500 / 600 },
    ]);
    expect(warnings).to.include("500 rows of data (83.3%) are longer than 100 tokens and would be cut.");
    const asked = await inspect(data, { tokenizer, maxLengths: [500, 10, 500], nearDuplicates: false });
    expect(asked.splits[0]?.lengths.truncated.map(({ maxLength, rows }) => [maxLength, rows])).to.deep.equal([
      [10, 590],
      [500, 100],
    ]);
    expect((await inspect(data, tokenizer)).splits[0]?.lengths.tokens?.max).to.equal(600);
  });

  it("counts the tokens that Python's AutoTokenizer makes", async () => {
    const golden = path.join(__dirname, "..", "..", "golden");
    interface Golden {
      readonly texts: readonly TextInput[];
      readonly variants: readonly {
        readonly name: string;
        readonly encodings: readonly (readonly { maxLength: number; ids: number[] }[])[];
      }[];
    }
    const { texts: all, variants } = JSON.parse(await readFile(path.join(golden, "tokens.json"), "utf8")) as Golden;
    // The file has encodings of at most 512 tokens: shorter ones are whole.
    const whole = all.flatMap((text, i) => {
      const ids = variants[0]?.encodings[i]?.find(({ maxLength }) => maxLength === 512)?.ids;
      return ids && ids.length < 512 ? [{ text, length: ids.length }] : [];
    });
    expect(whole.length).to.be.above(50);
    const folder = await mkdtemp(path.join(tmpdir(), "inspect-"));
    try {
      await copyFile(path.join(golden, "tokenizer", "vocab.txt"), path.join(folder, "vocab.txt"));
      await writeFile(
        path.join(folder, "tokenizer_config.json"),
        JSON.stringify({ tokenizer_class: "BertTokenizer", model_max_length: 16, do_lower_case: true }),
      );
      const { splits } = await inspect(
        texts(...whole.map(({ text }) => text)),
        await AutoTokenizer.fromPretrained(folder),
      );
      const lengths = whole.map(({ length }) => length);
      const report = splits[0]?.lengths;
      expect(report?.tokens?.mean).to.be.closeTo(
        lengths.reduce((sum, length) => sum + length, 0) / lengths.length,
        1e-9,
      );
      expect(report?.tokens?.max).to.equal(Math.max(...lengths));
      expect(report?.truncated).to.deep.equal([
        {
          maxLength: 16,
          rows: lengths.filter((length) => length > 16).length,
          share: lengths.filter((length) => length > 16).length / lengths.length,
        },
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("passes on what a tokenizer throws", async () => {
    const tokenizer = new FakeTokenizer();
    tokenizer.failAtCall = 1;
    const error: unknown = await inspect(texts("1"), tokenizer).catch((reason: unknown) => reason);
    expect((error as Error).message).to.equal("tokenizer failed");
  });
});

describe("inspect: duplicates", () => {
  const train = dataset([
    { text: "the printer is on fire", label: "hardware" }, // 0
    { text: "The printer is on fire!", label: "hardware" }, // 1, near 0
    { text: "I forgot my password", label: "accounts" }, // 2
    { text: "I forgot my password", label: "hardware" }, // 3, contradicts 2
    { text: ["I forgot", "my password"], label: "accounts" }, // 4, a pair is no single text
    { text: "something else entirely", label: "accounts" }, // 5
  ]);
  const test = dataset([
    { text: "the printer is on fire", label: "hardware" }, // 0 of train
    { text: "I forgot my password", label: "accounts" }, // 2 and 3 of train
    { text: "THE PRINTER IS ON FIRE", label: "accounts" }, // near 0 of train, with another label
    { text: "a new text", label: "accounts" },
  ]);

  it("finds those within and across splits", async () => {
    const { duplicates } = await inspect({ train, validation: undefined, test });
    expect(duplicates).to.deep.include({
      groups: 2,
      repeats: 3,
      within: [
        { split: "train", groups: 1, repeats: 1 },
        { split: "test", groups: 0, repeats: 0 },
      ],
      across: [{ splits: ["train", "test"], rows: [3, 2] }],
    });
    expect(duplicates.examples).to.deep.equal([
      {
        rows: 2,
        examples: [
          {
            split: "train",
            row: 0,
            place: "tickets.csv, line 2",
            label: "hardware",
            excerpt: "the printer is on fire",
          },
          { split: "test", row: 0, place: "tickets.csv, line 2", label: "hardware", excerpt: "the printer is on fire" },
        ],
      },
      {
        rows: 3,
        examples: [
          { split: "train", row: 2, place: "tickets.csv, line 4", label: "accounts", excerpt: "I forgot my password" },
          { split: "train", row: 3, place: "tickets.csv, line 5", label: "hardware", excerpt: "I forgot my password" },
          { split: "test", row: 1, place: "tickets.csv, line 3", label: "accounts", excerpt: "I forgot my password" },
        ],
      },
    ]);
  });

  it("finds texts that are nearly the same, beyond those that are the same", async () => {
    const { nearDuplicates } = await inspect({ train, test });
    // The texts of the printer: two in train, two in test, of which one is a text of train. And the pair reads as its
    // texts joined.
    expect(nearDuplicates).to.deep.include({
      threshold: 0.8,
      groups: 2,
      repeats: 3,
      conflicting: 2,
      within: [
        { split: "train", groups: 2, repeats: 2 },
        { split: "test", groups: 1, repeats: 1 },
      ],
      across: [{ splits: ["train", "test"], rows: [3, 3] }],
    });
    expect(nearDuplicates?.examples[0]?.examples.map(({ split, row }) => [split, row])).to.deep.equal([
      ["train", 0],
      ["train", 1],
      ["test", 2],
      ["test", 0],
    ]);
  });

  it("looks for near-duplicates as it is told", async () => {
    expect((await inspect({ train, test }, { nearDuplicates: false })).nearDuplicates).to.equal(null);
    const loose = await inspect(texts("the cat sat on the mat", "the cat sat on the hat"), {
      nearDuplicates: { threshold: 0.5 },
    });
    expect(loose.nearDuplicates).to.deep.include({ threshold: 0.5, groups: 1 });
    expect(
      (
        await inspect(texts("the cat sat on the mat", "the cat sat on the hat"), {
          nearDuplicates: { threshold: 0.95 },
        })
      ).nearDuplicates?.groups,
    ).to.equal(0);
  });

  it("finds one text with different labels, of every form", async () => {
    const { contradictions } = await inspect({ train, test });
    expect([contradictions.groups, contradictions.rows]).to.deep.equal([1, 3]);
    expect(contradictions.examples[0]?.examples.map(({ label }) => label)).to.deep.equal([
      "accounts",
      "hardware",
      "accounts",
    ]);
    const groups = async (a: Label, b: Label): Promise<number> =>
      (
        await inspect(
          dataset([
            { text: "a", label: a },
            { text: "a", label: b },
          ]),
        )
      ).contradictions.groups;
    expect(await groups(["x", "y"], ["y", "x", "x"])).to.equal(0);
    expect(await groups(["x", "y"], ["x"])).to.equal(1);
    expect(await groups({ x: 0.5, y: 0.5 }, { y: 0.5, x: 0.5 })).to.equal(0);
    expect(await groups({ x: 0.5, y: 0.5 }, { x: 0.4, y: 0.6 })).to.equal(1);
    expect(await groups(1, 1)).to.equal(0);
    expect(await groups(1, 2)).to.equal(1);
  });

  it("warns of leakage from the side of the part that is scored", async () => {
    const expected =
      "2 of 4 rows of test (50.0%) have a text that train has too, so a score there tells less: call dedupe before split.";
    expect((await inspect({ train, test })).warnings[0]).to.equal(expected);
    expect((await inspect({ test, train })).warnings[0]).to.equal(expected);
  });

  it("finds nothing in data that is sound", async () => {
    const sound = await inspect({
      train: labelled("x", "y"),
      test: dataset([
        { text: "another", label: "x" },
        { text: "and one more", label: "y" },
      ]),
    });
    expect(sound.warnings).to.deep.equal([]);
    expect(String(sound)).to.include("None: nothing was found");
  });
});

describe("inspect: texts", () => {
  it("finds empty texts and, of each kind, damaged ones", async () => {
    const { empty, damage } = await inspect(
      texts("fine", "", " \n", ["a", ""], "caf\u00c3\u00a9", `${"x".repeat(300)}\0`, "a &amp; b &lt;"),
    );
    expect(empty.rows).to.equal(3);
    expect(empty.examples.map(({ row }) => row)).to.deep.equal([1, 2, 3]);
    expect(damage.map(({ kind, rows }) => [kind, rows])).to.deep.equal([
      ["mojibake", 1],
      ["control-character", 1],
      ["html-entity", 1],
    ]);
    expect(damage[1]?.examples[0]?.excerpt).to.equal(`…${"x".repeat(30)}\0`);
  });

  it("shows as many examples as it is asked for", async () => {
    const data = texts(
      ...Array.from({ length: 20 }, () => ""),
      ...Array.from({ length: 8 }, (_, i) => `text ${i >> 1}`),
    );
    for (const examples of [0, 3]) {
      const { empty, duplicates } = await inspect(data, { examples });
      expect([empty.rows, empty.examples.length, duplicates.groups, duplicates.examples.length]).to.deep.equal([
        20,
        examples,
        5,
        examples,
      ]);
    }
  });
});

describe("inspect", () => {
  it("refuses wrong arguments with what was expected", async () => {
    const good = texts("a");
    const wrongData: unknown[] = [
      undefined,
      null,
      5,
      "text",
      [{ text: "a" }],
      {},
      { train: undefined },
      { train: [] },
      { train: good, test: null },
      { length: 1 },
    ];
    for (const data of wrongData) await rejection(inspect(data as InspectionInput), "ERR_INVALID_ARG");
    await rejection(inspect({ train: good, test: texts() }), "ERR_EMPTY_DATASET");
    for (const row of [undefined, null, 5, {}, { text: 5 }, { text: ["a"] }, { text: ["a", 5] }]) {
      const { message } = await rejection(inspect(dataset([{ text: "a" }, row as Example])), "ERR_INVALID_ARG");
      expect(message).to.include("(data, tickets.csv, line 3)");
    }
    const tokenizer = new FakeTokenizer();
    const wrongOptions: unknown[] = [
      null,
      5,
      { tokenizer: {} },
      { tokenizer: null },
      { maxLengths: [64] },
      { tokenizer, maxLengths: 64 },
      { tokenizer, maxLengths: [0] },
      { tokenizer, maxLengths: ["64"] },
      { nearDuplicates: 0.8 },
      { nearDuplicates: null },
      { nearDuplicates: { threshold: 2 } },
      { examples: -1 },
      { examples: 1.5 },
    ];
    for (const options of wrongOptions) await rejection(inspect(good, options as InspectOptions), "ERR_INVALID_ARG");
  });

  it("gives data that JSON holds", async () => {
    const { splits: withTokens } = await inspect(texts("1", "2"), { tokenizer: new FakeTokenizer() });
    expect(JSON.parse(JSON.stringify(withTokens))).to.deep.equal(withTokens);
    const inspection = await inspect({ train: labelled("x", "x"), test: texts("", "\ud800") });
    const parsed: unknown = JSON.parse(JSON.stringify(inspection));
    expect(parsed).to.deep.equal({ ...inspection });
    expect(Object.keys(parsed as object)).to.deep.equal([
      "rows",
      "splits",
      "duplicates",
      "nearDuplicates",
      "contradictions",
      "empty",
      "damage",
      "warnings",
    ]);
  });
});
