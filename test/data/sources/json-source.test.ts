import { expect } from "chai";
import fc from "fast-check";
import { jsonLinesSource, type JsonLinesSourceOptions } from "../../../lib/data/sources/json-lines-source";
import { jsonSource, type JsonSourceOptions } from "../../../lib/data/sources/json-source";
import { rejection, thrown } from "../../support/rejection";
import { cut, itemsOf, rowsOf, Scratch } from "./scratch";

const anyRows = fc.array(
  fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { noNullPrototype: true, maxKeys: 4 }),
  { maxLength: 6 },
);
const anyCuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 });

describe("JSON Lines sources", () => {
  const scratch = new Scratch();
  const read = (text: string | Buffer, options?: JsonLinesSourceOptions) =>
    jsonLinesSource("read", [Buffer.from(text as string)], options);

  it("give objects with their types and places; blank lines count as lines", async () => {
    const file = await scratch.file('\uFEFF{"a":1,"b":[true,null]}\r\n \t\n{"b":{"c":"é"}}');
    expect(await itemsOf(jsonLinesSource("read", file))).to.deep.equal([
      { row: { a: 1, b: [true, null] }, place: { file, line: 1, row: 0 } },
      { row: { b: { c: "é" } }, place: { file, line: 3, row: 1 } },
    ]);
  });

  it("give back what was written, wherever the bytes are cut", async () => {
    await fc.assert(
      fc.asyncProperty(anyRows, anyCuts, fc.constantFrom("\n", "\r\n", "\n\n"), async (rows, lengths, end) => {
        const bytes = Buffer.from(rows.map((row) => JSON.stringify(row)).join(end));
        const read = await rowsOf(jsonLinesSource("read", { [Symbol.iterator]: () => cut(bytes, lengths) }));
        expect(read.map((row) => JSON.stringify(row))).to.deep.equal(rows.map((row) => JSON.stringify(row)));
      }),
      { seed: 11, numRuns: 200 },
    );
  });

  it("read the columns that are asked for, which the first row must have", async () => {
    const text = '{"a":1,"b":2}\n{"b":3}\n';
    expect(await rowsOf(read(text, { columns: ["a"] }))).to.deep.equal([{ a: 1 }, {}]);
    const error = await rejection(rowsOf(read(text, { columns: ["c"] })), "ERR_COLUMN_MISSING");
    expect(error.message).to.include('"c" in the stream, got "a", "b"');
  });

  const bad: [string, string | Buffer, RegExp][] = [
    ["text that is no JSON", '{"a":1}\n{"a":,}\n{"a":2}\n', /line 2/],
    ["a line that is cut short", '{"a":1}\n{"a":\n{"a":2}\n', /line 2/],
    ["no object", '{"a":1}\n[1]\n{"a":2}\n', /got array of 1 in line 2/],
    ["a NUL byte", '{"a":1}\n{"a":"\0"}\n{"a":2}\n', /NUL byte at column 7 in line 2/],
    ["bytes that are not UTF-8", Buffer.from('{"a":1}\n{"\xff":2}\n{"a":2}\n', "latin1"), /0xFF at column 3 in line 2/],
    ["a line that is too long", `{"a":1}\n{"a":"${"x".repeat(900)}"}\n{"a":2}\n`, /at most 500 bytes.* in line 2/],
  ];
  for (const [what, text, message] of bad) {
    it(`name the line of ${what}, and can skip it alone`, async () => {
      for (const lengths of [[5], [4096]]) {
        const input = { [Symbol.iterator]: () => cut(Buffer.from(text as string), lengths) };
        const error = await rejection(rowsOf(jsonLinesSource("read", input, { maxRowBytes: 500 })), "ERR_BAD_ROW");
        expect(error.message).to.match(message);
        const source = jsonLinesSource("read", input, { onBadRow: "skip", maxRowBytes: 500 });
        expect((await itemsOf(source)).map(({ row, place }) => [row.a, place.line, place.row])).to.deep.equal([
          [1, 1, 0],
          [2, 3, 2],
        ]);
        expect(source.skipped).to.equal(1);
      }
    });
  }
});

describe("JSON sources", () => {
  const scratch = new Scratch();
  const read = (text: string, options?: JsonSourceOptions) => jsonSource("read", [Buffer.from(text)], options);

  it("give the objects of an array with their types and places", async () => {
    const file = await scratch.file('[\n  { "a": 1, "b": [1, {"c": "]}"}] },\n  {"a":"\\"\\\\"}, {}\n]\n');
    expect(await itemsOf(jsonSource("read", file))).to.deep.equal([
      { row: { a: 1, b: [1, { c: "]}" }] }, place: { file, line: 2, row: 0 } },
      { row: { a: '"\\' }, place: { file, line: 3, row: 1 } },
      { row: {}, place: { file, line: 3, row: 2 } },
    ]);
    expect(await rowsOf(read(" [ ] "))).to.deep.equal([]);
  });

  it("give back what was written, compact or indented, under a key or not, wherever the bytes are cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        anyRows,
        anyCuts,
        fc.constantFrom(0, 2),
        fc.option(fc.string(), { nil: undefined }),
        fc.jsonValue(),
        async (rows, lengths, indent, field, other) => {
          const whole =
            field === undefined
              ? rows
              : Object.fromEntries([
                  [`${field}x`, other],
                  [field, rows],
                  ["y".repeat(field.length + 2), other],
                ]);
          const bytes = Buffer.from(JSON.stringify(whole, null, indent));
          const options = field === undefined ? {} : { field };
          const found = await rowsOf(jsonSource("read", { [Symbol.iterator]: () => cut(bytes, lengths) }, options));
          expect(found.map((row) => JSON.stringify(row))).to.deep.equal(rows.map((row) => JSON.stringify(row)));
        },
      ),
      { seed: 13, numRuns: 300 },
    );
  });

  it("read the columns that are asked for, which the first row must have", async () => {
    const text = '[{"a":1,"b":2},{"b":3}]';
    expect(await rowsOf(read(text, { columns: ["b"] }))).to.deep.equal([{ b: 2 }, { b: 3 }]);
    await rejection(rowsOf(read(text, { columns: ["c"] })), "ERR_COLUMN_MISSING");
  });

  const skippable: [string, string, RegExp][] = [
    ["no object", '[{"a":1},\n 7,\n {"a":2}]', /expected a JSON object, got 7 in line 2/],
    ["a word that is no JSON", '[{"a":1},\n{"a": tru},\n {"a":2}]', /not JSON.* in line 2/],
    ["a comma too many in it", '[{"a":1},\n{"a": 1,},\n {"a":2}]', /not JSON.* in line 2/],
    [
      "more bytes than a row may have",
      `[{"a":1},\n{"a":"${"x".repeat(900)}"},\n {"a":2}]`,
      /at most 500 bytes.* in line 2/,
    ],
    ["a NUL byte in a key's place", '[{"a":1},\n{\0:1},\n {"a":2}]', /NUL byte at column 2 in line 2/],
  ];
  for (const [what, text, message] of skippable) {
    it(`name the line of an element with ${what}, and can skip it alone`, async () => {
      for (const lengths of [[5], [4096]]) {
        const input = { [Symbol.iterator]: () => cut(Buffer.from(text), lengths) };
        const error = await rejection(rowsOf(jsonSource("read", input, { maxRowBytes: 500 })), "ERR_BAD_ROW");
        expect(error.message).to.match(message);
        const source = jsonSource("read", input, { onBadRow: "skip", maxRowBytes: 500 });
        expect((await itemsOf(source)).map(({ row, place }) => [row.a, place.row])).to.deep.equal([
          [1, 0],
          [2, 2],
        ]);
        expect(source.skipped).to.equal(1);
      }
    });
  }

  const fatal: [string, string, JsonSourceOptions, RegExp][] = [
    [
      "an array that is cut between elements",
      '[{"a":1},\n',
      {},
      /got the end of the file in line 2; the file is cut short/,
    ],
    ["an array that is cut inside an element", '[{"a":1},{"a', {}, /got the end of the file/],
    ["an array that is not closed", '[{"a":1}', {}, /got the end of the file/],
    ["an empty file", "", {}, /an array of objects, got the end/],
    ["a missing comma", '[{"a":1}\n {"a":2}]', {}, /"," or "]" after an element, got "{" at column 2 in line 2/],
    ["a comma too many", '[{"a":1},]', {}, /an element of the array, got "]" at column 10/],
    ["a string that is not closed", '[{"a":1},\n{"a":"x},\n{"a":2}]', {}, /closing quote.*line 2/],
    [
      "a string that another one closes",
      '[{"a":"x}, {"a":"y"}, {"a":"z"}]',
      {},
      /after a value, got text at column 14/,
    ],
    ["the wrong bracket", '[{"a":[1}]', {}, /another closing bracket, got "}"/],
    ["text behind the array", "[] []", {}, /the end of the file, got "\[" at column 4/],
    ["an object without a word about it", '{"data":[]}', {}, /an array of objects, got "{" .*field: "data"/],
    ["JSON Lines", '{"a":1}\n{"a":2}\n', {}, /JSON Lines/],
    ["an array where an object is expected", '[{"a":1}]', { field: "data" }, /an object with "data"/],
    ["an object without the key", '{"rows":[]}', { field: "data" }, /"data", got no such key/],
    ["no array under the key", '{"data":{}}', { field: "data" }, /an array under "data", got "{"/],
    ["an object that is cut short", '{"data":[{"a":1}]', { field: "data" }, /end of the file/],
  ];
  for (const [what, text, options, message] of fatal) {
    it(`end with the line of ${what}, also where bad rows are skipped`, async () => {
      for (const onBadRow of ["error", "skip"] as const) {
        for (const lengths of [[3], [4096]]) {
          const input = { [Symbol.iterator]: () => cut(Buffer.from(text), lengths) };
          const error = await rejection(rowsOf(jsonSource("read", input, { ...options, onBadRow })), "ERR_BAD_ROW");
          expect(error.message).to.match(message);
        }
      }
    });
  }

  it("refuse a field that is no key", () => {
    thrown(() => read("[]", { field: 7 as never }), "ERR_INVALID_ARG");
  });
});
