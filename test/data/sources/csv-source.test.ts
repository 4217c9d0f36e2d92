import { expect } from "chai";
import fc from "fast-check";
import { csvSource, type CsvSourceOptions } from "../../../lib/data/sources/csv-source";
import type { TorchwrightError } from "../../../lib/errors";
import { rejection } from "../../support/rejection";
import { cut, itemsOf, rowsOf, Scratch } from "./scratch";

const read = (text: string | Uint8Array, options?: CsvSourceOptions) =>
  csvSource("read", [Buffer.from(text as string)], options);

/** Expects ERR_INVALID_ARG at once. */
const refuses = (options: object) =>
  expect(() => read("a\n", options))
    .to.throw()
    .with.property("code", "ERR_INVALID_ARG");

describe("CSV sources", () => {
  const scratch = new Scratch();

  it("give rows by the header's names, with file, line and row", async () => {
    const file = await scratch.file('id,text\n1,"a, ""b"""\n\n2,"two\r\nlines"\n3,\n');
    expect(await itemsOf(csvSource("read", file))).to.deep.equal([
      { row: { id: "1", text: 'a, "b"' }, place: { file, line: 2, row: 0 } },
      { row: { id: "2", text: "two\r\nlines" }, place: { file, line: 4, row: 1 } },
      { row: { id: "3", text: "" }, place: { file, line: 6, row: 2 } },
    ]);
  });

  it("give back what was written, whatever the line ends and wherever the bytes are cut", async () => {
    const field = fc
      .oneof(fc.string({ unit: fc.constantFrom(...'a,"\r\n;é😀 ') }), fc.string({ unit: "grapheme" }))
      .filter((text) => !text.includes("\0"));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(field, field, field), { maxLength: 12 }),
        fc.constantFrom("\n", "\r\n", "\r"),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        fc.boolean(),
        async (rows, end, lengths, all) => {
          const quote = (text: string): string =>
            all || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
          const text = [["x", "y", "z"], ...rows].map((row) => row.map(quote).join(",") + end).join("");
          const source = csvSource("read", { [Symbol.iterator]: () => cut(Buffer.from(text), lengths) });
          expect((await rowsOf(source)).map(({ x, y, z }) => [x, y, z])).to.deep.equal(rows);
        },
      ),
      { seed: 7, numRuns: 300 },
    );
  });

  it("read the columns that are asked for, also one named __proto__", async () => {
    const text = "a,__proto__,b\n1,2,3\n";
    expect(await rowsOf(read(text, { columns: ["b"] }))).to.deep.equal([{ b: "3" }]);
    const [row] = await rowsOf(read(text));
    expect(Object.entries(row as object)).to.deep.equal([
      ["a", "1"],
      ["__proto__", "2"],
      ["b", "3"],
    ]);
    const error = await rejection(rowsOf(read(text, { columns: ["b", "c", "d"] })), "ERR_COLUMN_MISSING");
    expect(error.message).to.include('columns "c", "d"').and.to.include('"a", "__proto__", "b"');
    await rejection(rowsOf(read("", { columns: ["c"] })), "ERR_COLUMN_MISSING");
    expect(await rowsOf(read(""))).to.deep.equal([]);
  });

  it("take names from the options, or number the columns", async () => {
    expect(await rowsOf(read("1,2\n", { header: ["a", "b"] }))).to.deep.equal([{ a: "1", b: "2" }]);
    expect(await rowsOf(read("1,2\n3,4\n", { header: false }))).to.deep.equal([
      { 0: "1", 1: "2" },
      { 0: "3", 1: "4" },
    ]);
  });

  it("may have other delimiters, quotes, no quotes, and comments", async () => {
    expect(await rowsOf(read('a\tb\n"1"\t2\n', { delimiter: "\t" }))).to.deep.equal([{ a: "1", b: "2" }]);
    expect(await rowsOf(read("a||b\n1|||2\n'x||''y'||z\n", { delimiter: "||", quote: "'" }))).to.deep.equal([
      { a: "1", b: "|2" },
      { a: "x||'y", b: "z" },
    ]);
    expect(await rowsOf(read('a,b\n5" disk,"\n', { quote: false }))).to.deep.equal([{ a: '5" disk', b: '"' }]);
    expect(await rowsOf(read('#one\na,b\n#two, "\n1,#3\n', { comment: "#" }))).to.deep.equal([{ a: "1", b: "#3" }]);
  });

  const bad: [string, string, number, RegExp][] = [
    ["too few fields", "a,b\n1,x\n2\n3,y\n", 3, /expected 2 fields as in the header, got 1/],
    ["too many fields", "a,b\n1,x\n2,3,4\n3,y\n", 3, /got 3/],
    ["text behind a closing quote", 'a,b\n1,x\n"2"z,y\n3,y\n', 3, /got "z" at column 4/],
    ["a quote inside a field", 'a,b\n1,x\nq",y\n3,y\n', 3, /got "\\"" at column 2/],
    ["a quote that is never closed", 'a,b\n1,x\n"2,y\n3,y\n', 3, /closing quote.* at column 1/],
    ["a quote that the next quoted field closes", 'a,b\n1,x\n2,"y\n3,"y"\n', 3, /got "y" at column 4 of line 4/],
    ["a NUL byte", "a,b\n1,x\n2,\0\n3,y\n", 3, /NUL byte at column 3/],
  ];
  for (const [what, text, line, message] of bad) {
    it(`name file and line of ${what}, and can skip that row alone`, async () => {
      const file = await scratch.file(text);
      const error = await rejection(rowsOf(csvSource("read", file)), "ERR_BAD_ROW");
      expect(error.message).to.include(`${file}, line ${line}`).and.to.match(message);
      const source = csvSource("read", file, { onBadRow: "skip" });
      expect((await rowsOf(source)).map(({ a, b }) => [a, b])).to.deep.equal([
        ["1", "x"],
        ["3", "y"],
      ]);
      expect(source.skipped).to.equal(1);
    });
  }

  it("number rows with the skipped ones, and tell a function of each", async () => {
    const errors: TorchwrightError[] = [];
    const source = read("a,b\n1\n2,3\n4\n5,6\n", { onBadRow: (error) => errors.push(error) });
    expect((await itemsOf(source)).map(({ place }) => place)).to.deep.equal([
      { line: 3, row: 1 },
      { line: 5, row: 3 },
    ]);
    expect(errors.map(({ message }) => /line \d/.exec(message)?.[0])).to.deep.equal(["line 2", "line 4"]);
    await rowsOf(source);
    expect(source.skipped).to.equal(2); // of the latest pass
  });

  it("leave out rows longer than they may be, and lose none around them, wherever the bytes are cut", async () => {
    const long = "z".repeat(500);
    const text = `a,b\n1,x\n2,${long}\n3,y\n4,"${long}\n5,z\n${"6,v\n".repeat(40)}`;
    for (const lengths of [[7], [64], [4096]]) {
      const source = csvSource(
        "read",
        { [Symbol.iterator]: () => cut(Buffer.from(text), lengths) },
        { onBadRow: "skip", maxRowBytes: 300 },
      );
      const rows = await rowsOf(source);
      expect(rows.map(({ a }) => a)).to.deep.equal(["1", "3", "5", ...Array<string>(40).fill("6")]);
      expect(source.skipped).to.equal(2);
    }
    const error = await rejection(rowsOf(read(text, { maxRowBytes: 300 })), "ERR_BAD_ROW");
    expect(error.message).to.include("at most 300 bytes").and.to.include("line 3");
  });

  it("name line and column of bytes that are not in the encoding", async () => {
    const latin = Buffer.from("a,b\n1,\xe9\n2,x\n", "latin1");
    const error = await rejection(rowsOf(read(latin)), "ERR_BAD_ROW");
    expect(error.message).to.match(/UTF-8 text, got the byte 0xE9 at column 3 in line 2; .*encoding/);
    const skipping = read(latin, { onBadRow: "skip" });
    expect(await rowsOf(skipping)).to.deep.equal([{ a: "2", b: "x" }]);
    expect(await rowsOf(read(latin, { encoding: "latin1" }))).to.deep.equal([
      { a: "1", b: "é" },
      { a: "2", b: "x" },
    ]);
    const inQuotes = await rejection(
      rowsOf(read(Buffer.concat([Buffer.from('a\n"é\né'), Buffer.of(0xc3), Buffer.from('"\n')]))),
      "ERR_BAD_ROW",
    );
    expect(inQuotes.message).to.include("column 2 in line 3");
  });

  it("refuse a header that names a column twice, or that is broken", async () => {
    for (const onBadRow of ["error", "skip"] as const) {
      expect((await rejection(rowsOf(read("a,b,a\n1,2,3\n", { onBadRow })), "ERR_BAD_ROW")).message).to.include(
        'one column "a"',
      );
      await rejection(rowsOf(read('a,"b\n1,2\n', { onBadRow })), "ERR_BAD_ROW");
    }
    expect(await rowsOf(read("a,b,a\n1,2,3\n", { columns: ["b"] }))).to.deep.equal([{ b: "2" }]);
  });

  it("refuse bad options", () => {
    for (const options of [
      { delimiter: "" },
      { delimiter: "\n" },
      { delimiter: 7 },
      { delimiter: '"' },
      { quote: "ab" },
      { quote: "é" },
      { quote: true },
      { header: [] },
      { header: "a" },
      { comment: '"' },
      { comment: "," },
      { columns: [] },
      { columns: "a" },
      { onBadRow: "ignore" },
      { encoding: "utf8" },
      { maxRowBytes: 0 },
      { maxRowBytes: 2 ** 40 },
      { signal: {} },
    ]) {
      refuses(options);
    }
    expect(() => csvSource("read", "x", null as never))
      .to.throw()
      .with.property("code", "ERR_INVALID_ARG");
  });
});
