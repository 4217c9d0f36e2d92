import { expect } from "chai";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { CsvSourceOptions } from "../../lib/data/sources/csv-source";
import { TextDataset, type TextSourceOptions } from "../../lib/data/text-dataset";
import { rejection } from "../support/rejection";

let root: string;
let made = 0;

async function file(content: string | Buffer): Promise<string> {
  const name = path.join(root, `${made++}.txt`);
  await writeFile(name, content);
  return name;
}

before(async () => {
  root = await mkdtemp(path.join(tmpdir(), "dataset-"));
});
after(() => rm(root, { recursive: true }));

describe("CSV files", () => {
  const read = async (
    content: string | Buffer,
    options: TextSourceOptions<CsvSourceOptions> = { text: "text", label: "label" },
  ): Promise<TextDataset> => TextDataset.fromCsv(await file(content), options);

  it("are read by column, with quoted commas, quotes and newlines", async () => {
    const dataset = await read('id,text,label\n1,"a, b",x\n2,"say ""hi""",y\n3,"two\nlines",x\n');
    expect([...dataset]).to.deep.equal([
      { text: "a, b", label: "x" },
      { text: 'say "hi"', label: "y" },
      { text: "two\nlines", label: "x" },
    ]);
    expect(dataset.labels).to.deep.equal(["x", "y"]);
  });

  it("may begin with a byte order mark, end in any way and have blank lines", async () => {
    for (const end of ["\n", "\r\n", "\r"]) {
      const dataset = await read(`\uFEFFtext,label${end}a,x${end}${end}"b${end}c",y`);
      expect([...dataset]).to.deep.equal([
        { text: "a", label: "x" },
        { text: `b${end}c`, label: "y" },
      ]);
    }
    expect([...(await read('\uFEFF"text","label"\na,x\r\nb,y\n'))].map(({ label }) => label)).to.deep.equal(["x", "y"]);
  });

  it("may be separated by tabs or semicolons, and hold pairs or no labels", async () => {
    const pairs = await read("q\ta\tlabel\none\ttwo\tx\n", { text: "q", pair: "a", label: "label", delimiter: "\t" });
    expect(pairs.get(0)).to.deep.equal({ text: ["one", "two"], label: "x" });
    const plain = await read("text;more\na;1\n;2\n", { text: "text", delimiter: ";" });
    expect([...plain]).to.deep.equal([{ text: "a" }, { text: "" }]);
    expect(plain.labelled).to.equal(false);
    expect(plain.labels).to.deep.equal([]);
  });

  it("may hold several labels in one field", async () => {
    const dataset = await read("text,label\na,x;y\nb,\nc,y\n", { text: "text", label: "label", labelSeparator: ";" });
    expect([dataset.problemType, dataset.labels]).to.deep.equal(["multi-label", ["x", "y"]]);
    expect([...dataset].map(({ label }) => label)).to.deep.equal([["x", "y"], [], ["y"]]);
  });

  it("count the bad rows that are skipped", async () => {
    const told: string[] = [];
    const content = "text,label\na,x\nb\nc,y\nd,\n";
    const options = { text: "text", label: "label" };
    expect((await read(content, { ...options, onBadRow: "skip" })).skipped).to.equal(2);
    const dataset = await read(content, { ...options, onBadRow: (error) => told.push(error.message) });
    expect([dataset.length, dataset.skipped, told.length]).to.deep.equal([2, 2, 2]);
    expect(told[0]).to.include("line 3");
    expect(told[1]).to.include("line 5");
  });

  it("name the missing column and the ones there are", async () => {
    const error = await rejection(read("body,queue\na,b\n"), "ERR_COLUMN_MISSING");
    expect(error.message).to.include('"text"').and.to.include('got "body", "queue"');
    await rejection(read("text,queue\na,b\n"), "ERR_COLUMN_MISSING");
    await rejection(read("text,label\na,b\n", { text: "text", pair: "other" }), "ERR_COLUMN_MISSING");
  });

  const bad: [string, string, number][] = [
    ["too few fields", "text,label\na,x\nb\n", 3],
    ["too many fields", "text,label\n\n\na,x\nb,y,z\n", 5],
    ["an empty label", "text,label\na,x\nb,\n", 3],
    ["a fault behind newlines in quotes", 'text,label\r\n"a\r\nb\r\nc",x\r\n\r\nb\r\n', 6],
    ["text behind a closing quote", 'text,label\na,x\n"b"c,y\n', 3],
    ["a quote inside a field", 'text,label\na,x\nb"c,y\n', 3],
    ["a quote that is never closed", 'text,label\na,x\n"b,y\nc,x\nd,y\n', 3],
    ["a column twice", "text,label,text\na,x,b\n", 1],
  ];
  for (const [what, content, line] of bad) {
    it(`name file and line of ${what}`, async () => {
      const name = await file(content);
      const error = await rejection(TextDataset.fromCsv(name, { text: "text", label: "label" }), "ERR_BAD_ROW");
      expect(error.message).to.include(`${name}, line ${line}`);
    });
  }

  it("name the line that is not UTF-8, also far into the file", async () => {
    const error = await rejection(read(Buffer.from("text,label\na,x\nb\xe9,y\n", "latin1")), "ERR_BAD_ROW");
    expect(error.message).to.match(/UTF-8.*line 3;/);
    const rows = "text of a row,x\n".repeat(60_000);
    const long = Buffer.concat([Buffer.from(`text,label\n${rows}`), Buffer.of(0xff)]);
    const far = await rejection(read(long), "ERR_BAD_ROW");
    expect(far.message).to.include("line 60002;");
    const utf16 = await rejection(read(Buffer.from("\uFEFFtext,label\na,x\n", "utf16le")), "ERR_BAD_ROW");
    expect(utf16.message).to.include("UTF-16");
  });

  it("are read whole when characters and quoted newlines fall across the pieces that are read", async () => {
    const text = `"${"東京 😀 é, \r\n".repeat(30_000)}"`;
    const dataset = await read(`text,label\n${`${text},x\n`.repeat(3)}last,y\n`);
    expect(dataset.length).to.equal(4);
    expect(dataset.get(2).text).to.equal(text.slice(1, -1));
    expect(dataset.describeRow(3)).to.match(/line 90005$/);
  });

  it("must exist, be files and have rows", async () => {
    const missing = path.join(root, "nowhere.csv");
    const error = await rejection(TextDataset.fromCsv(missing, { text: "text" }), "ERR_FILE_NOT_FOUND");
    expect(error.message).to.include(missing);
    await rejection(TextDataset.fromCsv(root, { text: "text" }), "ERR_FILE_READ");
    await rejection(read("text,label\n"), "ERR_EMPTY_DATASET");
    await rejection(read(""), "ERR_COLUMN_MISSING");
  });

  it("refuse bad options", async () => {
    await rejection(read("a\n", {} as { text: string }), "ERR_INVALID_ARG");
    await rejection(read("a\n", { text: "a", delimiter: "" }), "ERR_INVALID_ARG");
    await rejection(TextDataset.fromCsv(7 as unknown as string, { text: "a" }), "ERR_INVALID_ARG");
  });
});

describe("JSON Lines files", () => {
  const options = { text: "text", label: "label" };
  const read = async (content: string | Buffer) => TextDataset.fromJsonLines(await file(content), options);

  it("are read by key; numbers and booleans as labels become their text", async () => {
    const dataset = await read(
      '\uFEFF{"text":"a\\nb","label":1}\r\n\n{"label":-2,"text":"😀","x":[]}\n{"text":"","label":30}',
    );
    expect([...dataset]).to.deep.equal([
      { text: "a\nb", label: "1" },
      { text: "😀", label: "-2" },
      { text: "", label: "30" },
    ]);
    const flags = await read('{"text":"a","label":true}\n{"text":"b","label":false}\n');
    expect(flags.labels).to.deep.equal(["false", "true"]);
  });

  it("may hold lists of labels, probabilities, and numbers to predict", async () => {
    const kinds = async (label: string, rest: object = {}): Promise<unknown> => {
      const dataset = await TextDataset.fromJsonLines(await file(`{"text":"a","label":${label}}\n`), {
        ...options,
        ...rest,
      });
      return [dataset.problemType, dataset.get(0).label];
    };
    expect(await kinds('["x","y"]')).to.deep.equal(["multi-label", ["x", "y"]]);
    expect(await kinds('{"x":0.25,"y":0.75}')).to.deep.equal(["soft-label", { x: 0.25, y: 0.75 }]);
    expect(await kinds("0.5", { problemType: "regression" })).to.deep.equal(["regression", 0.5]);
    const mixed = await file('{"text":"a","label":1}\n{"text":"b","label":"x"}\n');
    expect((await rejection(TextDataset.fromJsonLines(mixed, options), "ERR_BAD_ROW")).message).to.include("line 2");
    const floats = await file('{"text":"a","label":0.5}\n');
    expect((await rejection(TextDataset.fromJsonLines(floats, options), "ERR_BAD_ROW")).message).to.include(
      "regression",
    );
  });

  it("may hold pairs", async () => {
    const dataset = await TextDataset.fromJsonLines(await file('{"a":"x","b":"y"}\n'), { text: "a", pair: "b" });
    expect(dataset.get(0)).to.deep.equal({ text: ["x", "y"] });
  });

  const bad: [string, string, number][] = [
    ["a line that is no JSON", '{"text":"a","label":"x"}\n{"text":\n', 2],
    ["a line that is no object", '{"text":"a","label":"x"}\n\n[1]\n', 3],
    ["a text that is a number", '{"text":"a","label":"x"}\n{"text":5,"label":"x"}\n', 2],
    ["a label that is null", '{"text":"a","label":null}\n', 1],
    ["a label that is left out in a later row", '{"text":"a","label":"x"}\n{"text":"a"}\n', 2],
    ["a key that only the prototype has", '{"text":"a","label":"x"}\n{"text":"a","toString":1}\n', 2],
  ];
  for (const [what, content, line] of bad) {
    it(`name file and line of ${what}`, async () => {
      const name = await file(content);
      const error = await rejection(TextDataset.fromJsonLines(name, options), "ERR_BAD_ROW");
      expect(error.message).to.include(`${name}, line ${line}`);
    });
  }

  it("name the missing key, the bytes that are not UTF-8, and a file without rows", async () => {
    const error = await rejection(read('{"body":"a","label":"x"}\n'), "ERR_COLUMN_MISSING");
    expect(error.message).to.include('got "body", "label"');
    await rejection(read(Buffer.from('{"text":"\xe9","label":"x"}\n', "latin1")), "ERR_BAD_ROW");
    await rejection(read("\n \n"), "ERR_EMPTY_DATASET");
    await rejection(TextDataset.fromJsonLines(path.join(root, "nowhere"), options), "ERR_FILE_NOT_FOUND");
  });
});
