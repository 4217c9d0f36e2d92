import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { DataLoader } from "../../lib/data/data-loader";
import { TextDataset } from "../../lib/data/text-dataset";
import { BertForSequenceClassification } from "../../lib/models/bert-for-sequence-classification";
import { AutoTokenizer } from "../../lib/text/auto-tokenizer";
import { Trainer } from "../../lib/train/trainer";
import { COLUMNS, fillFolder } from "../support/cli-folder";
import { type Ended, runCommandLine } from "../support/run-cli";

describe("torchwright evaluate", function () {
  this.timeout(180_000); // many processes, where others have the machine, too
  let folder: string;
  const run = (...args: string[]): Promise<Ended> => runCommandLine(["evaluate", ...args], { cwd: folder });

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "torchwright-"));
    await fillFolder(folder);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it("prints the Trainer's metrics as one JSON object", async () => {
    const { code, stdout, stderr } = await run(
      "minilm",
      "tickets.csv",
      ...COLUMNS,
      "--json",
      "--top-k",
      "1",
      "--bootstrap-replicates",
      "50",
      "--batch-size",
      "60",
      "--progress",
      "silent",
    );
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
    using model = await BertForSequenceClassification.fromPretrained(join(folder, "minilm"));
    const data = await TextDataset.fromCsv(join(folder, "tickets.csv"), { text: "body", label: "queue" });
    const loader = new DataLoader(data, {
      tokenizer: await AutoTokenizer.fromPretrained(join(folder, "minilm")),
      batchSize: 60,
    });
    const { seconds: _, ...expected } = await new Trainer(model, { progress: "silent" }).evaluate(loader, {
      topK: 1,
      bootstrap: { replicates: 50 },
    });
    const {
      model: named,
      data: counted,
      evaluation,
    } = JSON.parse(stdout) as { model: string; data: object; evaluation: Record<string, unknown> };
    delete evaluation["seconds"];
    expect({ named, counted }).to.deep.equal({ named: "minilm", counted: { rows: 60, skipped: 0 } });
    expect(evaluation).to.deep.equal(JSON.parse(JSON.stringify(expected)));
  });

  it("prints a table for people, leaves bad rows out where it is told to, and writes a page", async () => {
    await writeFile(join(folder, "bad.csv"), `${await readFile(join(folder, "tickets.csv"), "utf8")}one field\n`);
    const { code, stdout, stderr } = await run(
      "minilm",
      "bad.csv",
      ...COLUMNS,
      "--skip-bad-rows",
      "--bootstrap",
      "--report",
      "pages/look.html",
      "--title",
      "How it did",
    );
    expect(code, stderr).to.equal(0);
    expect(stdout)
      .to.match(/^Evaluation of minilm on 60 rows, 1 bad one left out\n/)
      .and.match(/\n {2}accuracy +\d\.\d{4} +\d\.\d{4} to \d\.\d{4}\n/)
      .and.match(/\n {2}good +\d\.\d{4} +\d\.\d{4} +\d\.\d{4} +30\n/);
    expect(await readFile(join(folder, "pages/look.html"), "utf8")).to.match(/<title>How it did/);
  });

  it("says what is wrong", async () => {
    const cases: readonly (readonly [code: number, args: readonly string[], message: RegExp])[] = [
      [2, ["minilm"], /missing required argument 'data'/],
      [2, ["minilm", "tickets.csv", "--precision", "fp8"], /is invalid/],
      [2, ["minilm", "tickets.csv", "--title", "Tickets"], /expected --report with them/],
      [2, ["minilm", "tickets.csv", "--batch-size", "0"], /Expected a whole number from 1/],
      [
        2,
        ["minilm", "tickets.csv", "--text", "body", "--label", "queue", "--max-tokens", "3"],
        /expected maxTokens of at least \d+, the longest row, got 3 \[ERR_INVALID_ARG\]/,
      ],
      [2, ["minilm", "nowhere.csv", "--device", "gpu"], /\[ERR_UNKNOWN_DEVICE\]/],
      [1, ["minilm", "tickets.csv", "--text", "body"], /"label".*\[ERR_COLUMN_MISSING\]/],
      [1, ["minilm", "tickets.csv", "--text", "body", "--label", "customer"], /\[ERR_UNKNOWN_LABEL\]/],
      [1, ["./nowhere", "tickets.csv", ...COLUMNS], /\[ERR_FILE_NOT_FOUND\]/],
      [1, ["minilm", "tickets.csv", ...COLUMNS, "--report", "minilm"], /\[ERR_FILE_WRITE\]/],
      [1, ["minilm", "bad.csv", ...COLUMNS], /bad\.csv, line 62.*\[ERR_BAD_ROW\]/],
    ];
    const all = await Promise.all(cases.map(([, args]) => run(...args)));
    for (const [at, [code, args, message]] of cases.entries()) {
      expect(all[at]?.stderr, args.join(" ")).to.match(message);
      expect({ code: all[at]?.code, stdout: all[at]?.stdout }, args.join(" ")).to.deep.equal({ code, stdout: "" });
    }
    expect((await readdir(join(folder, "minilm"))).filter((name) => name.includes("partial"))).to.deep.equal([]);
  });
});
