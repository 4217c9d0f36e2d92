import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { linesOf } from "../../lib/cli/predict/lines";
import { Classifier } from "../../lib/predict/classifier";
import { fillFolder } from "../support/cli-folder";
import { endOf, type Ended, runCommandLine, startCommandLine } from "../support/run-cli";
import { rejection } from "../support/rejection";

interface Answer {
  readonly [column: string]: unknown;
  readonly prediction: {
    readonly label: string;
    readonly probability: number;
    readonly top?: readonly unknown[];
    readonly abstained?: boolean;
  };
}

describe("torchwright predict", function () {
  this.timeout(180_000); // many processes, where others have the machine, too
  let folder: string;
  const run = (args: readonly string[], input = ""): Promise<Ended> =>
    runCommandLine(["predict", "minilm", ...args], { cwd: folder, input });
  const answers = ({ code, stdout, stderr }: Ended): Answer[] => {
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
    return stdout
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Answer);
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "torchwright-"));
    await fillFolder(folder);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it("answers arguments, lines and rows in their order, as the Classifier does", async () => {
    const texts = ["the film was great", "this book was very bad", "a meal of the day"];
    using classifier = await Classifier.load(join(folder, "minilm"));
    const expected = await classifier.predict(texts, { topK: 2 });
    const close = (got: readonly Answer[]): void => {
      expect(got.map(({ prediction }) => prediction.label)).to.deep.equal(expected.map(({ label }) => label));
      got.forEach(({ prediction }, at) =>
        expect(prediction.probability).to.be.closeTo(expected[at]?.probability as number, 1e-6),
      );
    };
    const [asArguments, asLines, asRows, ofFile] = await Promise.all([
      run([...texts, "--top-k", "2"]),
      run([], `${texts.join("\r\n")}\r\n`),
      run(["--text", "body"], texts.map((body, id) => `${JSON.stringify({ id, body, label: "mine" })}\n\n`).join("")),
      writeFile(join(folder, "three.tsv"), `body\tid\n${texts.map((body, id) => `${body}\t${id}`).join("\n")}`).then(
        () => run(["--file", "three.tsv", "--text", "body", "--abstain-below", "0.99"]),
      ),
    ]);
    close(answers(asArguments));
    expect(answers(asArguments).map(({ text, prediction }) => [text, prediction.top?.length])).to.deep.equal(
      texts.map((text) => [text, 2]),
    );
    close(answers(asLines));
    expect(answers(asLines).map(({ text, prediction }) => ({ text, keys: Object.keys(prediction) }))).to.deep.equal(
      texts.map((text) => ({ text, keys: ["label", "probability"] })),
    );
    close(answers(asRows));
    expect(answers(asRows).map(({ prediction: _, ...row }) => row)).to.deep.equal(
      texts.map((body, id) => ({ id, body, label: "mine" })),
    );
    close(answers(ofFile));
    const ragged = ['{ "id": 1234567890123456789, "body": "a film" }', '{ "id": 2 }', '{ "id": 3, "body": "a book" }'];
    const skipping = await run(["--text", "body", "--skip-bad-rows"], ragged.join("\n"));
    expect(skipping.stderr).to.equal("left out 1 bad row\n");
    expect(answers({ ...skipping, stderr: "" }).map(({ id }) => id)).to.deep.equal(["1234567890123456789", 3]);
    const again = await run(["--text", "body", "--as", "second"], asRows.stdout.split("\n").slice(0, 2).join("\n"));
    expect(
      answers(again).map(({ id, second, prediction }) => [id, Object.keys(second ?? {}), prediction]),
    ).to.deep.equal(
      answers(asRows)
        .slice(0, 2)
        .map(({ id, prediction }) => [id, ["label", "probability"], prediction]),
    );
    expect(answers(ofFile).map(({ id, body, prediction }) => [id, body, prediction.abstained])).to.deep.equal(
      texts.map((body, id) => [String(id), body, true]),
    );
  });

  it("answers a line while the next has not come", async () => {
    const child = startCommandLine(["predict", "minilm"], folder);
    child.stdin.write("the film was great\n");
    const [first] = (await once(child.stdout, "data")) as [Buffer];
    expect((JSON.parse(String(first)) as Answer)["text"]).to.equal("the film was great");
    const ended = endOf(child);
    child.stdin.end("no line end");
    expect(await ended).to.include({ code: 0, stderr: "" });
  });

  it("reads no further than its reader: memory stays flat, and nothing is lost", async () => {
    const rows = 1200;
    const pad = "x".repeat(20_000); // 24 MB in all
    const child = startCommandLine(["predict", "minilm", "--text", "body", "--batch-size", "8"], folder);
    let accepted = 0;
    const feeding = (async () => {
      for (let id = 0; id < rows; id++) {
        if (!child.stdin.write(`${JSON.stringify({ id, body: "the film was great", pad })}\n`)) {
          await once(child.stdin, "drain");
        }
        accepted = id;
      }
      child.stdin.end();
    })();
    await once(child.stdout, "readable"); // it answers; but nobody reads: it takes in what fits into pipes and batches, and then waits
    let before = -1;
    for (let quiet = 0; quiet < 20; quiet = accepted === before && accepted > 0 ? quiet + 1 : 0, before = accepted) {
      await delay(100);
    }
    expect(accepted).to.be.within(16, 200);
    const { code, stdout, stderr } = await endOf(child);
    await feeding;
    expect(code, stderr).to.equal(0);
    expect(
      stdout
        .split("\n")
        .slice(0, -1)
        .map((line) => (JSON.parse(line) as Answer)["id"]),
    ).to.deep.equal(Array.from({ length: rows }, (_, id) => id));
  });

  it("ends quietly when its reader goes away", async () => {
    const child = startCommandLine(["predict", "minilm"], folder);
    child.stdin.on("error", () => undefined);
    const feeding = setInterval(() => child.stdin.write("the film was great\n".repeat(50)), 5);
    child.stdout.once("data", () => child.stdout.destroy());
    const { code, stderr } = await endOf(child);
    clearInterval(feeding);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
  });

  it("leaves bad rows out where it is told to, and counts them", async () => {
    const lines = '{ "body": "a film", "id": 1 }\n{ body }\n{ "body": null, "id": 2 }\n{ "body": "a book", "id": 3 }\n';
    await writeFile(join(folder, "rows.jsonl"), lines);
    const args = ["--text", "body", "--skip-bad-rows"];
    for (const { code, stdout, stderr } of await Promise.all([
      run(args, lines),
      run([...args, "--file", "rows.jsonl"]),
    ])) {
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "left out 2 bad rows\n" });
      expect(
        stdout
          .trim()
          .split("\n")
          .map((line) => (JSON.parse(line) as Answer)["id"]),
      ).to.deep.equal([1, 3]);
    }
  });

  it("says what is wrong, after the answers before it", async () => {
    const cases: readonly (readonly [
      code: number,
      args: readonly string[],
      input: string,
      answered: number,
      message: RegExp,
    ])[] = [
      [
        1,
        ["--text", "body"],
        '{ "body": "a film" }\n{ "body": 3 }\n',
        1,
        /expected text in "body", got 3 in standard input, line 2 \[ERR_BAD_ROW\]/,
      ],
      [1, ["--text", "body"], "{ body }\n", 0, /not JSON.* in standard input, line 1 \[ERR_BAD_ROW\]/],
      [
        1,
        ["--text", "body"],
        '{ "text": "a film" }\n',
        0,
        /expected a column "body" \(text\).*got "text" \[ERR_COLUMN_MISSING\]/,
      ],
      [
        1,
        ["--file", "tickets.csv"],
        "",
        0,
        /expected a column "text".*got "body", "queue", "customer" \[ERR_COLUMN_MISSING\]/,
      ],
      [1, ["--file", "nowhere.csv"], "", 0, /\[ERR_FILE_NOT_FOUND\]/],
      [2, ["--file", "tickets.csv", "a text"], "", 0, /expected texts or --file, got both/],
      [
        2,
        ["a text", "--device", "gpu"],
        "",
        0,
        /expected "cpu", "cuda" or "cuda:<index>", got "gpu" \[ERR_UNKNOWN_DEVICE\]/,
      ],
      [
        1,
        ["--text", "body"],
        '{ "body": "a film" }\n{ "body": "a book", "prediction": "mine" }\n',
        1,
        /expected rows without a column "prediction".*with --as \[ERR_INVALID_ARG\]/,
      ],
      [2, ["--text-pair", "q"], '{ "text": "a", "q": "b" }\n', 0, /--text-pair: expected none without --text/],
      [2, ["--encoding", "latin1"], "a film\n", 0, /--encoding: expected none with standard input/],
      [2, ["a text", "--format", "csv"], "", 0, /--format: expected none with texts as arguments/],
      [
        2,
        ["a text", "--top-k", "0"],
        "",
        0,
        /'--top-k <n>' argument '0' is invalid\. Expected a whole number from 1\./,
      ],
      [2, ["a text", "--batch-size", "-1"], "", 0, /'--batch-size <n>' argument '-1' is invalid/],
      [2, ["a text", "--abstain-below", "2"], "", 0, /'2' is invalid\. Expected a number from 0 to 1\./],
    ];
    const all = await Promise.all(cases.map(([, args, input]) => run(args, input)));
    for (const [at, [code, args, , answered, message]] of cases.entries()) {
      const ended = all[at] as Ended;
      expect(ended.stderr, args.join(" ")).to.match(message);
      expect({ code: ended.code, lines: ended.stdout.split("\n").length - 1 }, args.join(" ")).to.deep.equal({
        code,
        lines: answered,
      });
    }
    const missing = await runCommandLine(["predict", "./nowhere", "a text"], { cwd: folder });
    expect(missing).to.include({ code: 1, stdout: "" });
    expect(missing.stderr).to.match(/\[ERR_FILE_NOT_FOUND\]/);
  });
});

describe("lines of a stream", () => {
  async function lines(...chunks: readonly (string | Buffer)[]): Promise<(readonly [number, string])[]> {
    const found: (readonly [number, string])[] = [];
    for await (const { text, number } of linesOf(
      (async function* () {
        yield* chunks;
      })(),
    )) {
      found.push([number, text]);
    }
    return found;
  }

  it("end at line feeds alone, wherever chunks end, inside of a character too; a byte order mark is none of them", async () => {
    const bytes = Buffer.from("größe\u2028one\r\n\nlast");
    for (let at = 0; at <= bytes.length; at++) {
      expect(await lines(bytes.subarray(0, at), bytes.subarray(at))).to.deep.equal([
        [1, "größe\u2028one"],
        [2, ""],
        [3, "last"],
      ]);
    }
    const marked = Buffer.from("\uFEFFone\n\uFEFFtwo\n");
    for (let at = 0; at <= marked.length; at++) {
      expect(await lines(marked.subarray(0, at), marked.subarray(at))).to.deep.equal([
        [1, "one"],
        [2, "\uFEFFtwo"],
      ]);
    }
    expect(await lines()).to.deep.equal([]);
    expect(await lines("a\n")).to.deep.equal([[1, "a"]]);
  });

  it("that never end are refused", async () => {
    const long = Array.from({ length: 17 }, () => "x".repeat(1024 * 1024));
    expect((await rejection(lines("a\n", ...long), "ERR_BAD_ROW")).message).to.match(/line 2$/);
  });
});
