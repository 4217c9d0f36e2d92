import { expect } from "chai";
import { readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { parquetSource } from "../../../lib/data/sources/parquet-source";
import { TorchwrightError } from "../../../lib/errors";
import { rejection, thrown } from "../../support/rejection";
import { itemsOf, rowsOf, Scratch } from "./scratch";

const GOLDEN = path.join(__dirname, "golden");
const golden = (name: string): string => path.join(GOLDEN, `${name}.parquet`);

/** The rows that Python wrote; what JSON does not have stands there as an object. */
const EXPECTED = JSON.parse(readFileSync(path.join(GOLDEN, "rows.json"), "utf8"), (_, value: unknown) => {
  const given = value as { $date?: string; $bytes?: number[]; $bigint?: string } | null;
  if (typeof given !== "object" || given === null) return value;
  if (given.$date !== undefined) return new Date(given.$date);
  if (given.$bytes !== undefined) return Uint8Array.from(given.$bytes);
  return given.$bigint === undefined ? value : BigInt(given.$bigint);
}) as Record<string, unknown>[];

/** Numbers of 32 bits as they are stored. */
const rounded = (rows: Record<string, unknown>[]) =>
  rows.map((row) => (typeof row.half === "number" ? { ...row, half: Math.fround(row.half) } : row));

describe("Parquet sources", () => {
  const scratch = new Scratch();

  for (const codec of ["none", "snappy", "gzip", "brotli", "zstd", "lz4"]) {
    it(`read what Python wrote with compression ${codec}: all types, missing values, nested lists, several row groups`, async () => {
      expect(await rowsOf(parquetSource("read", golden(codec)))).to.deep.equal(rounded(EXPECTED));
    });
  }

  for (const encoding of ["plain", "delta", "split"]) {
    it(`read pages of the ${encoding} encodings, with their checksums`, async () => {
      const columns = ["id", "text", "label", "flag", "small", "large", "half", "score", "tags"];
      const rows = EXPECTED.map((row) => Object.fromEntries(columns.map((name) => [name, row[name]])));
      expect(await rowsOf(parquetSource("read", golden(encoding)))).to.deep.equal(rounded(rows));
    });
  }

  it("read what JavaScript wrote", async () => {
    const { parquetWriteBuffer } = await import("hyparquet-writer");
    const text = Array.from({ length: 5000 }, (_, i) => `row ${i} é`);
    const written = parquetWriteBuffer({
      columnData: [
        { name: "text", data: text, type: "STRING" },
        { name: "n", data: text.map((_, i) => i), type: "INT32" },
      ],
      rowGroupSize: 700,
    });
    const file = await scratch.file(new Uint8Array(written));
    const items = await itemsOf(parquetSource("read", file));
    expect(items.map(({ row }) => row)).to.deep.equal(text.map((value, n) => ({ text: value, n })));
    expect(items[4999]?.place).to.deep.equal({ file, row: 4999 });
  });

  it("read the columns that are asked for, and name the missing one", async () => {
    const rows = await rowsOf(parquetSource("read", golden("snappy"), { columns: ["label", "id"] }));
    expect(rows).to.deep.equal(EXPECTED.map(({ label, id }) => ({ label, id })));
    const error = await rejection(
      rowsOf(parquetSource("read", golden("snappy"), { columns: ["queue"] })),
      "ERR_COLUMN_MISSING",
    );
    expect(error.message).to.include('"queue"').and.to.include('"id", "text"');
  });

  it("come from streams and packed files through a temporary file, which is gone at the end", async () => {
    const before = (await readdir(tmpdir())).filter((name) => name.startsWith("torchwright-"));
    const bytes = await readFile(golden("zstd"));
    const expected = EXPECTED.map(({ id }) => ({ id }));
    expect(
      await rowsOf(
        parquetSource("read", Readable.from([bytes.subarray(0, 100), bytes.subarray(100)]), { columns: ["id"] }),
      ),
    ).to.deep.equal(expected);
    const packed = await scratch.file(gzipSync(bytes));
    expect(await rowsOf(parquetSource("read", packed, { columns: ["id"] }))).to.deep.equal(expected);
    for await (const _ of parquetSource("read", packed)) break;
    await rejection(
      rowsOf(parquetSource("read", await scratch.file(gzipSync(bytes).subarray(0, 500)))),
      "ERR_FILE_READ",
    );
    const after = (await readdir(tmpdir())).filter((name) => name.startsWith("torchwright-"));
    expect(after).to.deep.equal(before);
  });

  it("refuse what is no Parquet, or is cut short", async () => {
    const whole = await readFile(golden("none"));
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.from("a,b\n1,2\n3,4\n5,6\n"),
      whole.subarray(0, 3000),
      whole.subarray(0, whole.length - 1),
      Buffer.concat([whole.subarray(0, 4), whole.subarray(2000)]),
    ]) {
      const file = await scratch.file(bytes);
      const error = await rejection(rowsOf(parquetSource("read", file)), "ERR_FILE_READ");
      expect(error.message).to.include(file);
    }
    const encrypted = await scratch.file(Buffer.concat([Buffer.from("PARE"), whole.subarray(4)]));
    expect((await rejection(rowsOf(parquetSource("read", encrypted)), "ERR_FILE_READ")).message).to.include(
      "encrypted",
    );
    await rejection(rowsOf(parquetSource("read", scratch.root)), "ERR_FILE_READ");
    await rejection(rowsOf(parquetSource("read", path.join(scratch.root, "nowhere"))), "ERR_FILE_NOT_FOUND");
  });

  it("find a damaged page by its checksum", async () => {
    const bytes = await readFile(golden("plain"));
    const at = bytes.indexOf("ticket 20");
    bytes[at] = (bytes[at] as number) ^ 1;
    const error = await rejection(rowsOf(parquetSource("read", await scratch.file(bytes))), "ERR_FILE_READ");
    expect(error.message).to.match(/checksum.*"text"/);
  });

  it("end in a coded error or in all rows, whichever bit is flipped", async () => {
    for (const name of ["none", "snappy", "zstd", "lz4", "brotli", "gzip", "delta", "split"]) {
      const whole = await readFile(golden(name));
      for (let at = 5; at < whole.length; at += 389) {
        const bytes = Buffer.from(whole);
        bytes[at] = (bytes[at] as number) ^ (1 << (at % 8));
        try {
          const rows = await rowsOf(parquetSource("read", [bytes], { onBadRow: "skip" }));
          expect(rows.length, `${name}, byte ${at}`).to.be.at.most(EXPECTED.length);
        } catch (error) {
          expect(error, `${name}, byte ${at}`).to.be.instanceOf(TorchwrightError);
        }
      }
    }
  });

  it("name the row of text that is not UTF-8, and can skip it alone", async () => {
    const { parquetWriteBuffer } = await import("hyparquet-writer");
    const data = ["a", "b", "c"].map((text) => Buffer.from(text));
    data[1] = Buffer.of(0xff);
    const written = parquetWriteBuffer({
      columnData: [{ name: "text", data }],
      schema: [
        { name: "root", num_children: 1 },
        { name: "text", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "REQUIRED" },
      ],
    });
    const file = await scratch.file(new Uint8Array(written));
    const error = await rejection(rowsOf(parquetSource("read", file)), "ERR_BAD_ROW");
    expect(error.message).to.include(`UTF-8 text, got other bytes in ${file}, row 1`);
    const source = parquetSource("read", file, { onBadRow: "skip" });
    expect(await itemsOf(source)).to.deep.equal([
      { row: { text: "a" }, place: { file, row: 0 } },
      { row: { text: "c" }, place: { file, row: 2 } },
    ]);
    expect(source.skipped).to.equal(1);
  });

  it("leave unmarked binary columns as bytes, or take them for text where that is said", async () => {
    const { parquetWriteBuffer } = await import("hyparquet-writer");
    const written = parquetWriteBuffer({
      columnData: [{ name: "text", data: [Buffer.from("é")], type: "BYTE_ARRAY" }],
    });
    expect(await rowsOf(parquetSource("read", [new Uint8Array(written)]))).to.deep.equal([
      { text: Uint8Array.from(Buffer.from("é")) },
    ]);
    expect(await rowsOf(parquetSource("read", [new Uint8Array(written)], { binaryAsText: true }))).to.deep.equal([
      { text: "é" },
    ]);
    thrown(() => parquetSource("read", "x", { binaryAsText: 1 as never }), "ERR_INVALID_ARG");
  });
});
