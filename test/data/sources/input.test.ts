import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createReadStream, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { chmod, mkdir, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { PassThrough, Readable } from "node:stream";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { csvSource, type CsvSourceOptions } from "../../../lib/data/sources/csv-source";
import { jsonSource } from "../../../lib/data/sources/json-source";
import { jsonLinesSource } from "../../../lib/data/sources/json-lines-source";
import type { SourceInput } from "../../../lib/data/sources/source-input";
import type { RowSource } from "../../../lib/data/sources/source-row";
import { rejection, thrown } from "../../support/rejection";
import { cut, itemsOf, rowsOf, Scratch } from "./scratch";

const TEXT = "a,b\n1,x\n2,é😀\n";
const ROWS = [
  { a: "1", b: "x" },
  { a: "2", b: "é😀" },
];
const GOLDEN = path.join(__dirname, "golden");
const read = (input: SourceInput, options?: CsvSourceOptions) => csvSource("read", input, options);

/** Files of a folder that this process has open; empty where the system does not tell. */
function openFiles(folder: string): string[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc/self/fd")
    .flatMap((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return []; // closed meanwhile
      }
    })
    .filter((file) => file.startsWith(folder));
}

describe("Inputs of sources", () => {
  const scratch = new Scratch();
  afterEach("every file is closed", () => expect(openFiles(scratch.root)).to.deep.equal([]));

  it("may be a path, a URL, bytes, and any kind of stream or iterable of bytes or text", async () => {
    const file = await scratch.file(TEXT, "in [1].csv"); // a name that is no glob, because there is a file of that name
    const bytes = Buffer.from(TEXT);
    const inputs: SourceInput[] = [
      file,
      pathToFileURL(file),
      [file],
      bytes,
      [bytes.subarray(0, 11), bytes.subarray(11)],
      new Set([TEXT]),
      createReadStream(file),
      createReadStream(file, { encoding: "utf8", highWaterMark: 3 }),
      Readable.from([bytes]),
      Readable.from([...TEXT]),
      new Blob([bytes]).stream() as ReadableStream<Uint8Array>,
      new Response(TEXT).body as ReadableStream<Uint8Array>,
      cut(bytes, [1]),
      (async function* () {
        yield* TEXT.split("");
      })(), // halves of a surrogate pair
    ];
    for (const [i, input] of inputs.entries()) expect(await rowsOf(read(input)), `input ${i}`).to.deep.equal(ROWS);
  });

  it("may be read again where they are files or collections; a stream gives its rows once", async () => {
    const file = await scratch.file(TEXT);
    for (const input of [file, [Buffer.from(TEXT)], new Set([TEXT])]) {
      const source = read(input);
      expect(source.restartable).to.equal(true);
      expect(await rowsOf(source)).to.deep.equal(await rowsOf(source));
    }
    for (const input of [
      createReadStream(file),
      new Blob([TEXT]).stream() as ReadableStream<Uint8Array>,
      [TEXT][Symbol.iterator](),
    ]) {
      const source = read(input);
      expect(source.restartable).to.equal(false);
      expect(await rowsOf(source)).to.deep.equal(ROWS);
      const error = await rejection(rowsOf(source), "ERR_INVALID_ARG");
      expect(error.message).to.include("a new stream for each pass");
    }
  });

  it("may be several files or a glob, whose files come sorted; each has its header and numbers", async () => {
    await mkdir(path.join(scratch.root, "many/deep"), { recursive: true });
    for (const name of ["b.csv", "a.csv", "B.csv", "deep/c.csv", "x.txt"]) {
      await scratch.file(`f\n${name}\n`, `many/${name}`);
    }
    const glob = await itemsOf(read(path.join(scratch.root, "many", "**/*.csv")));
    expect(glob.map(({ row }) => row.f)).to.deep.equal(["B.csv", "a.csv", "b.csv", "deep/c.csv"]);
    expect(glob.map(({ place }) => [place.line, place.row])).to.deep.equal([
      [2, 0],
      [2, 0],
      [2, 0],
      [2, 0],
    ]);
    const list = [path.join(scratch.root, "many/x.txt"), path.join(scratch.root, "many/{a,b}.csv")];
    expect((await rowsOf(read(list))).map(({ f }) => f)).to.deep.equal(["x.txt", "a.csv", "b.csv"]);
    const error = await rejection(rowsOf(read(path.join(scratch.root, "many/*.tsv"))), "ERR_FILE_NOT_FOUND");
    expect(error.message).to.include("*.tsv");
  });

  it("must be something to read", () => {
    for (const input of [7, null, undefined, {}, [], [7], ["a", Buffer.of(1)], "", "a\0b", true]) {
      thrown(() => read(input as never), "ERR_INVALID_ARG");
    }
    const remote = thrown(() => read("https://example.org/a.csv"), "ERR_INVALID_ARG");
    expect(remote.message).to.include("(await fetch(url)).body");
    thrown(() => read(new URL("https://example.org/a.csv")), "ERR_INVALID_ARG");
  });

  it("of objects are refused with what reads them", async () => {
    const error = await rejection(rowsOf(read(Readable.from([{ a: 1 }]) as SourceInput)), "ERR_INVALID_ARG");
    expect(error.message).to.include("IterableDataset.from");
  });

  it("must exist, be files and be readable", async () => {
    const error = await rejection(rowsOf(read(path.join(scratch.root, "nowhere.csv"))), "ERR_FILE_NOT_FOUND");
    expect(error.message).to.include("nowhere.csv");
    const folder = await rejection(rowsOf(read(scratch.root)), "ERR_FILE_READ");
    expect(folder.message).to.include("the folder").and.to.include("glob");
    const file = await scratch.file(TEXT);
    await rejection(rowsOf(read(path.join(file, "x"))), "ERR_FILE_NOT_FOUND");
    if (process.getuid?.() !== 0) {
      await chmod(file, 0);
      await rejection(rowsOf(read(file)), "ERR_FILE_READ");
    }
  });

  it("are unpacked by what they are, not by their names, also with several members or frames", async () => {
    for (const make of [csvSource, jsonLinesSource, jsonSource] as ((
      operation: string,
      input: SourceInput,
    ) => RowSource)[]) {
      const text = make === csvSource ? "a\n1\n" : make === jsonSource ? '[{"a":"1"}]' : '{"a":"1"}\n';
      expect(await rowsOf(make("read", await scratch.file(gzipSync(text))))).to.deep.equal([{ a: "1" }]);
    }
    const members = Buffer.concat(TEXT.split(/(?<=\n)/).map((line) => gzipSync(line)));
    for (const lengths of [[1], [7], [1 << 20]]) {
      expect(await rowsOf(read({ [Symbol.iterator]: () => cut(members, lengths) }))).to.deep.equal(ROWS);
    }
    const frames = readFileSync(path.join(GOLDEN, "two.csv.zst")); // two frames, one to be skipped, and one without its size
    for (const lengths of [[1], [7], [1 << 20]]) {
      expect(await rowsOf(read({ [Symbol.iterator]: () => cut(frames, lengths) }))).to.deep.equal([
        { a: "1", b: "x" },
        { a: "2", b: "y" },
        { a: "3", b: "z" },
      ]);
    }
    const rows = await rowsOf(read(path.join(GOLDEN, "rows.csv.zst")));
    expect(rows).to.deep.equal(Array.from({ length: 300 }, (_, i) => ({ a: `${i}`, b: `text ${(i * 7919) % 1000}` })));
  });

  it("end with an error where what is packed is cut short or damaged", async () => {
    const gzip = gzipSync(`a\n${Array.from({ length: 5000 }, (_, i) => `${i * 7919}\n`).join("")}`);
    const zstd = readFileSync(path.join(GOLDEN, "rows.csv.zst"));
    for (const whole of [gzip, zstd]) {
      const wrong = Buffer.from(whole);
      wrong[whole.length >> 1] = (wrong[whole.length >> 1] as number) ^ 4;
      for (const [i, bytes] of [
        whole.subarray(0, whole.length >> 1),
        whole.subarray(0, whole.length - 1),
        wrong,
        Buffer.concat([whole, Buffer.from("rest of another file")]),
      ].entries()) {
        const file = await scratch.file(bytes);
        for (const onBadRow of ["error", "skip"] as const) {
          // Damage is known at the end: by a checksum. Until then it may look like bad rows.
          if (i === 2 && onBadRow === "error") continue;
          const error = await rejection(rowsOf(read(file, { onBadRow, header: false })), "ERR_FILE_READ");
          expect(error.message).to.include(file).and.to.include("damaged or cut short");
        }
      }
    }
  });

  it("are read in the encoding that is said, wherever the bytes are cut", async () => {
    const utf16 = Buffer.from(`\uFEFF${TEXT}`, "utf16le");
    const encoded: [Buffer, CsvSourceOptions["encoding"]][] = [
      [utf16, "utf-16le"],
      [utf16.subarray(2), "utf-16le"],
      [Buffer.from(utf16).swap16(), "utf-16be"],
      [Buffer.from(`\uFEFF${TEXT}`), "utf-8"],
    ];
    for (const [bytes, encoding] of encoded) {
      for (const lengths of [[1], [3], [4096]]) {
        expect(
          await rowsOf(read({ [Symbol.iterator]: () => cut(bytes, lengths) }, { encoding: encoding as "utf-8" })),
        ).to.deep.equal(ROWS);
      }
    }
    const western = Buffer.from("a\n\x80\xe9\n", "latin1");
    expect(await rowsOf(read([western], { encoding: "windows-1252" }))).to.deep.equal([{ a: "€é" }]);
    expect(await rowsOf(read([western], { encoding: "latin1" }))).to.deep.equal([{ a: "\x80é" }]);
  });

  it("refuse a byte order mark of another encoding, and rows that the encoding cannot have", async () => {
    const utf16 = Buffer.from(`\uFEFF${TEXT}`, "utf16le");
    const error = await rejection(rowsOf(read([utf16], { onBadRow: "skip" })), "ERR_BAD_ROW");
    expect(error.message).to.match(
      /UTF-8 text, got the byte order mark of UTF-16LE in line 1; say \{ encoding: "utf-16le" \}/,
    );
    await rejection(rowsOf(read([utf16], { encoding: "utf-16be" })), "ERR_BAD_ROW");
    expect((await rejection(rowsOf(read([utf16.subarray(2)])), "ERR_BAD_ROW")).message).to.match(/NUL byte.*UTF-16/);
    const broken: [Buffer, "utf-16le" | "windows-1252"][] = [
      [Buffer.from("a\n1\n\ud800\n2\n", "utf16le"), "utf-16le"],
      [Buffer.from("a\n1\n\x81\n2\n", "latin1"), "windows-1252"],
    ];
    for (const [bytes, encoding] of broken) {
      expect((await rejection(rowsOf(read([bytes], { encoding })), "ERR_BAD_ROW")).message).to.include(
        "column 1 in line 3",
      );
      expect(await rowsOf(read([bytes], { encoding, onBadRow: "skip" }))).to.deep.equal([{ a: "1" }, { a: "2" }]);
    }
    const odd = Buffer.concat([utf16, Buffer.of(0x41)]);
    await rejection(rowsOf(read([odd], { encoding: "utf-16le", header: false })), "ERR_BAD_ROW");
    const lone = await rejection(rowsOf(read(["a\n\ud83d\n"].values())), "ERR_BAD_ROW");
    expect(lone.message).to.include("line 2");
  });

  it("that become shorter while they are read end with an error", async () => {
    const file = await scratch.file(`a\n${"row of text\n".repeat(200_000)}`);
    const reading = (async () => {
      let first = true;
      for await (const _ of read(file).chunks()) {
        if (first) await truncate(file, 500_000);
        first = false;
      }
    })();
    const error = await rejection(reading, "ERR_FILE_READ");
    expect(error.message).to.include("cut while being read").and.to.include(file);
  });

  it("that fail carry the cause", async () => {
    const cause = new Error("socket hang up");
    const failing = Readable.from(
      (async function* () {
        yield "a\n1\n";
        throw cause;
      })(),
    );
    const error = await rejection(rowsOf(read(failing)), "ERR_FILE_READ");
    expect(error.message).to.include("socket hang up");
    expect(error.cause).to.equal(cause);
    const iterable = (async function* () {
      yield "a\n1\n";
      throw cause;
    })();
    expect((await rejection(rowsOf(read(iterable)), "ERR_FILE_READ")).cause).to.equal(cause);
    const web = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(cause) });
    expect((await rejection(rowsOf(read(web)), "ERR_FILE_READ")).cause).to.equal(cause);
    const gzipped = Readable.from(
      (async function* () {
        yield gzipSync(TEXT).subarray(0, 15);
        throw cause;
      })(),
    );
    expect((await rejection(rowsOf(read(gzipped)), "ERR_FILE_READ")).cause).to.equal(cause);
  });

  it("that are destroyed early, read already or locked end with an error, not with fewer rows", async () => {
    const stream = new PassThrough();
    stream.write("a\n1\n");
    const reading = rowsOf(read(stream));
    setImmediate(() => stream.destroy());
    await rejection(reading, "ERR_FILE_READ");
    await rejection(rowsOf(read(stream)), "ERR_FILE_READ");
    const ended = Readable.from([TEXT]).resume();
    await once(ended, "close");
    await rejection(rowsOf(read(ended)), "ERR_FILE_READ");
    const web = new Blob([TEXT]).stream() as ReadableStream<Uint8Array>;
    web.getReader();
    expect((await rejection(rowsOf(read(web)), "ERR_FILE_READ")).message).to.include("locked");
  });

  it("are closed when a pass ends early or with an error", async () => {
    const content = `a,b\n${`1,${"text ".repeat(20)}\n`.repeat(20_000)}3\n`;
    for (const bytes of [Buffer.from(content), gzipSync(content)]) {
      const file = await scratch.file(bytes);
      for await (const _ of read(file)) break;
      expect(openFiles(scratch.root)).to.deep.equal([]);
      await rejection(rowsOf(read(file)), "ERR_BAD_ROW");
      expect(openFiles(scratch.root)).to.deep.equal([]);
      const node = createReadStream(file);
      for await (const _ of read(node)) break;
      expect(node.destroyed).to.equal(true);
    }
    let cancelled = false;
    const web = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(Buffer.from("a\n1\n")),
      cancel: () => void (cancelled = true),
    });
    for await (const _ of read(web)) break;
    expect(cancelled).to.equal(true);
    let returned = false;
    const endless = (function* () {
      try {
        for (;;) yield "a\n";
      } finally {
        returned = true;
      }
    })();
    for await (const _ of read(endless)) break;
    expect(returned).to.equal(true);
  });

  it("end with the signal's reason, also while a stream gives nothing", async () => {
    const reason = new Error("enough");
    const error = (work: Promise<unknown>) =>
      work.then(
        () => undefined,
        (caught: unknown) => caught,
      );
    const file = await scratch.file(`a\n${"1\n".repeat(500_000)}`);
    expect(await error(rowsOf(read(file, { signal: AbortSignal.abort(reason) })))).to.equal(reason);
    const midway = new AbortController();
    expect(
      await error(
        (async () => {
          for await (const _ of read(file, { signal: midway.signal })) midway.abort(reason);
        })(),
      ),
    ).to.equal(reason);
    for (const silent of [
      new PassThrough(),
      new ReadableStream<Uint8Array>(),
      { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) },
    ] as SourceInput[]) {
      const controller = new AbortController();
      const reading = error(rowsOf(read(silent, { signal: controller.signal })));
      setImmediate(() => controller.abort(reason));
      expect(await reading).to.equal(reason);
    }
  });

  it("are read no further than the consumer is, whatever their size", async () => {
    let given = 0;
    const endless = (function* () {
      for (yield "a\n"; ; given++) yield "some text in a row\n".repeat(1000);
    })();
    let rows = 0;
    for await (const _ of read(endless)) {
      rows++;
      expect(given * 1000 - rows).to.be.below(20_000);
      if (rows === 40_000) break;
    }
  });

  const onUnix = process.platform === "win32" ? it.skip : it;
  onUnix("may be a pipe of the system (which Windows has not)", async () => {
    const pipe = path.join(scratch.root, "pipe");
    execFileSync("mkfifo", [pipe]);
    const writing = writeFile(pipe, TEXT);
    expect(await rowsOf(read(pipe))).to.deep.equal(ROWS);
    await writing;
  });
});
