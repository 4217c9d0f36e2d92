import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { Settings } from "../../lib/cli/settings/config-file";
import { checkSeed } from "../../lib/cli/train/check-run";
import { loadSafetensors, saveSafetensors } from "../../lib/models/state-file";
import { Classifier } from "../../lib/predict/classifier";
import { scope } from "../../lib/tensor/scope";
import { rejection } from "../support/rejection";
import { inFolder } from "../support/tiny-bert";
import { COLUMNS, fillFolder } from "../support/cli-folder";
import { endOf, type Ended, runCommandLine, startCommandLine } from "../support/run-cli";
import { LABELS, tinyData } from "../support/tiny-bert";

/** What `train --json` prints, as far as it is looked at here. */
interface Told {
  readonly stoppedBy: string;
  readonly steps: number;
  readonly model?: string;
  readonly data: { readonly train: number; readonly validation?: number; readonly test?: number };
  readonly evaluatedOn?: string;
  readonly evaluation?: {
    readonly problemType: string;
    readonly accuracy?: number;
    readonly rmse?: number;
    readonly microF1?: number;
  };
  readonly calibration?: { readonly temperature: number };
}

describe("torchwright train", function () {
  this.timeout(180_000); // many processes, where others have the machine, too
  let folder: string;
  const run = (...args: string[]): Promise<Ended> => runCommandLine(["train", ...args], { cwd: folder });
  const told = ({ stdout, stderr, code }: Ended): Told => {
    expect(code, stderr).to.equal(0);
    expect(stdout.trim().split("\n")).to.have.length(1);
    return JSON.parse(stdout) as Told;
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "torchwright-"));
    await fillFolder(folder);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it("saves a model that predicts, with its tokenizer, and prints its evaluation", async () => {
    const { code, stdout, stderr } = await run(
      "tickets.csv",
      "--model",
      "minilm",
      ...COLUMNS,
      "--epochs",
      "20",
      "--learning-rate",
      "3e-3",
      "--output",
      "out",
      "--seed",
      "1",
    );
    expect(code, stderr).to.equal(0);
    expect(stdout)
      .to.match(/^Evaluation on 6 rows of the validation data\n/)
      .and.match(/accuracy +1\.0000/)
      .and.match(/\nsaved out\/model\n$/);
    expect(stderr)
      .to.match(/^read 54 rows for training, 6 rows for the validation\n/)
      .and.match(/trained 140 of 140 steps/);
    expect((await readdir(join(folder, "out"))).sort()).to.deep.equal([
      "checkpoint-133",
      "checkpoint-140",
      "log.jsonl",
      "model",
      "training.json",
    ]);
    using classifier = await Classifier.load(join(folder, "out/model"));
    expect(await classifier.predict(["the film was great", "this meal was very poor"])).to.have.nested.property(
      "[0].label",
      "good",
    );
    expect((await classifier.predict("this meal was very poor")).label).to.equal("bad");
  });

  it("takes settings of a file, over which the command line wins, and prints one JSON object", async () => {
    await writeFile(
      join(folder, "run.yaml"),
      "model: minilm\ntrain: noisy.csv\nepochs: 30\nbatchSize: 8\nlearningRate: 0.003\nvalidationSplit: 40\ntestSplit: 0.1\noutputDir: from-file\ncalibrate: true\nprogress: silent\n",
    );
    const texts = Array.from(
      tinyData(200),
      ({ text, label }, i) =>
        `${String(text)},${i % 5 === 0 ? LABELS.find((other) => other !== label) : (label as string)}`,
    );
    await writeFile(join(folder, "noisy.csv"), `text,label\n${texts.join("\n")}\n`);
    const result = await run("--config", "run.yaml", "--epochs", "5", "--json", "--report", "page.html");
    const { steps, data, evaluatedOn, evaluation, calibration, model } = told(result);
    expect({ steps, data, evaluatedOn, model }).to.deep.equal({
      steps: 90,
      data: { train: 140, validation: 40, test: 20 },
      evaluatedOn: "test",
      model: "from-file/model",
    });
    expect(evaluation?.accuracy).to.be.within(0, 1);
    expect(result.stderr).to.equal("read 140 rows for training, 40 rows for the validation, 20 rows for the test\n");
    const saved = JSON.parse(await readFile(join(folder, "from-file/model/calibration.json"), "utf8")) as {
      temperature: number;
    };
    expect(saved.temperature).to.equal(calibration?.temperature);
    expect(await readFile(join(folder, "page.html"), "utf8")).to.match(/^<!doctype html>/i);
  });

  it("trains a LoRA adapter beside a teacher, by functions of a file, with long texts in windows", async () => {
    await writeFile(
      join(folder, "own.js"),
      'exports.callbacks = (event) => { if (event.type === "end") process.stderr.write(`seen ${event.history.steps}\\n`); };',
    );
    await writeFile(
      join(folder, "loss.mjs"),
      'export function computeLoss(logits, { labels }) { process.stderr.write("own loss\\n"); return logits.logSoftmax(-1).gather(1, labels.unsqueeze(1)).mean().neg(); }',
    );
    const common = [
      "tickets.csv",
      "--model",
      "minilm",
      ...COLUMNS,
      "--max-steps",
      "2",
      "--json",
      "--progress",
      "silent",
      "--save-strategy",
      "no",
    ];
    const lora = await run(
      ...common,
      "--lora-r",
      "2",
      "--adapter-output",
      "adapter",
      "--distillation-teacher",
      "minilm",
      "--callbacks",
      "own.js",
      "--max-length",
      "6",
      "--windows-stride",
      "1",
      "--output",
      "lora",
    );
    expect(told(lora).steps).to.equal(2);
    expect(lora.stderr).to.include("seen 2\n");
    expect(JSON.parse(await readFile(join(folder, "adapter/adapter_config.json"), "utf8"))).to.include({ r: 2 });
    expect(existsSync(join(folder, "lora/model/model.safetensors"))).to.equal(true);
    const own = await run(...common, "--compute-loss", "loss.mjs", "--sampler", "length-grouped", "--output", "own");
    expect(told(own).steps).to.equal(2);
    expect(own.stderr).to.include("own loss\n");
  });

  it("sees by the labels what kind of problem it is, in every format", async () => {
    const rows = Array.from({ length: 20 }, (_, i) => ({
      text: `the film was ${["good", "bad"][i % 2]}`,
      tags: i % 2 ? ["a", "b"] : ["b"],
      score: i / 10,
    }));
    await writeFile(join(folder, "rows.jsonl"), rows.map((row) => JSON.stringify(row)).join("\n"));
    await writeFile(join(folder, "rows.json"), JSON.stringify(rows));
    await writeFile(
      join(folder, "rows.tsv"),
      `text\tlabel\n${rows.map(({ text, tags }) => `${text}\t${tags.join(";")}`).join("\n")}`,
    );
    for (const [i, { text, tags }] of rows.entries()) {
      await mkdir(join(folder, "rows", tags[0] as string), { recursive: true });
      await writeFile(join(folder, "rows", tags[0] as string, `${i}.txt`), text);
    }
    const common = ["--model", "encoder", "--max-steps", "1", "--json", "--progress", "silent"];
    // An encoder alone, which gets a head for each problem.
    await mkdir(join(folder, "encoder"));
    for (const name of ["config.json", "vocab.txt", "tokenizer_config.json"]) {
      await writeFile(join(folder, "encoder", name), await readFile(join(folder, "minilm", name)));
    }
    await scope(async () => {
      const all = [...(await loadSafetensors(join(folder, "minilm/model.safetensors")))].filter(
        ([name]) => !name.startsWith("classifier."),
      );
      await saveSafetensors(join(folder, "encoder/model.safetensors"), new Map(all));
    });
    expect(told(await run("rows.jsonl", ...common, "--label", "tags", "--output", "a")).evaluation).to.include({
      problemType: "multi-label",
    });
    expect(told(await run("rows.tsv", ...common, "--label-separator", ";", "--output", "b")).evaluation).to.include({
      problemType: "multi-label",
    });
    expect(
      told(await run("rows.json", ...common, "--label", "score", "--problem-type", "regression", "--output", "c"))
        .evaluation,
    ).to.include({ problemType: "regression" });
    expect(told(await run("rows", ...common, "--output", "d")).evaluation).to.include({ problemType: "single-label" });
  });

  it("ends at Ctrl-C with a checkpoint and 130, and --resume goes on from there", async () => {
    const args = ["tickets.csv", "--model", "minilm", ...COLUMNS, "--output", "broken-off", "--json"];
    const child = startCommandLine(["train", ...args, "--epochs", "100000", "--progress", "lines"], folder);
    child.stderr.on("data", (text: Buffer) => String(text).includes("evaluated at step") && child.kill("SIGINT"));
    const { code, stdout, stderr } = await endOf(child);
    expect(code, stderr).to.equal(130);
    const { stoppedBy, steps, model } = JSON.parse(stdout) as Told;
    expect({ stoppedBy, model }).to.deep.equal({ stoppedBy: "SIGINT", model: undefined });
    expect(stderr).to.match(
      new RegExp(
        `interrupted by SIGINT after ${steps} of \\d+ steps; --resume goes on from the checkpoint in broken-off\n$`,
      ),
    );
    expect(existsSync(join(folder, `broken-off/checkpoint-${steps}`))).to.equal(true);
    expect(existsSync(join(folder, "broken-off/model"))).to.equal(false);

    const anew = await run(...args, "--epochs", "1");
    expect(anew.code).to.equal(1);
    expect(anew.stderr).to.match(/expected an outputDir without checkpoints.*\[ERR_INVALID_ARG\]/);
    const otherwise = await run(...args, "--max-steps", String(steps + 2), "--resume", "--seed", "7");
    expect(otherwise.code).to.equal(2);
    expect(otherwise.stderr).to.match(/--resume: expected --seed 42, .*got 7/);
    const resumed = await run(...args, "--max-steps", String(steps + 2), "--resume");
    expect(told(resumed)).to.include({ stoppedBy: "end", steps: steps + 2, model: "broken-off/model" });
    expect(resumed.stderr).to.include(`going on at step ${steps} from broken-off/checkpoint-${steps}`);
  });

  it("keeps what was trained where nothing can be said of it afterwards", async () => {
    await writeFile(
      join(folder, "in-the-way.cjs"),
      'module.exports.callbacks = ({ type }) => type === "end" && require("node:fs").mkdirSync("in-the-way.html");\n',
    );
    const common = [
      "tickets.csv",
      "--model",
      "minilm",
      ...COLUMNS,
      "--max-steps",
      "1",
      "--progress",
      "silent",
      "--save-strategy",
      "no",
    ];
    // Untrained, it is right by chance: no threshold keeps such a risk.
    const [risk, page] = await Promise.all([
      run(...common, "--calibrate-risk", "0", "--calibrate-delta", "0.01", "--output", "no-threshold"),
      run(...common, "--report", "in-the-way.html", "--callbacks", "in-the-way.cjs", "--output", "no-page"),
    ]);
    expect({ code: risk.code, stdout: risk.stdout }).to.deep.equal({ code: 1, stdout: "" });
    expect(risk.stderr).to.match(
      /\nthe model is in no-threshold\/model, without calibration\nerror: .*\[ERR_INVALID_ARG\]\n$/,
    );
    expect(page.stderr).to.match(/\nthe model is in no-page\/model\nerror: .*it is a folder \[ERR_FILE_WRITE\]\n$/);
    for (const name of ["no-threshold", "no-page"]) {
      expect(existsSync(join(folder, name, "model/model.safetensors"))).to.equal(true);
    }
  });

  it("trains a TorchScript file with a tokenizer and names beside it", async () => {
    const exported = await runCommandLine(["export", "minilm", "--torchscript", "model.pt"], { cwd: folder });
    expect(exported.code, exported.stderr).to.equal(0);
    const result = told(
      await run(
        "tickets.csv",
        "--model",
        "model.pt",
        "--tokenizer",
        "minilm",
        "--labels",
        "bad,good",
        "--max-length",
        "32",
        ...COLUMNS,
        "--max-steps",
        "1",
        "--json",
        "--output",
        "script",
      ),
    );
    expect(result.evaluation?.problemType).to.equal("single-label");
    expect(existsSync(join(folder, "script/model/model.pt"))).to.equal(true);
  });

  const mistakes: readonly (readonly [what: string, code: number, args: readonly string[], message: RegExp])[] = [
    ["no data", 2, ["--model", "minilm"], /expected training data, got none/],
    ["no model", 2, ["tickets.csv"], /give --model <folder>/],
    [
      "an unknown option",
      2,
      ["tickets.csv", "--modle", "minilm"],
      /unknown option '--modle'\n\(Did you mean --model\?\)/,
    ],
    [
      "a value of another kind",
      2,
      ["tickets.csv", "--model", "minilm", "--epochs", "many"],
      /'--epochs <number>' argument 'many' is invalid\. Expected a number/,
    ],
    [
      "a value that is not allowed",
      2,
      ["tickets.csv", "--model", "minilm", "--epochs", "0"],
      /expected epochs to be a number above 0, got 0 \[ERR_INVALID_ARG\]/,
    ],
    [
      "batches of nothing",
      2,
      ["tickets.csv", "--model", "minilm", "--batch-size", "0"],
      /'--batch-size <n>' argument '0' is invalid\. Expected a whole number from 1/,
    ],
    [
      "a batch smaller than its longest row",
      2,
      ["tickets.csv", "--model", "minilm", "--text", "body", "--label", "queue", "--max-tokens", "3"],
      /expected maxTokens of at least \d+, the longest row, got 3 \[ERR_INVALID_ARG\]/,
    ],
    [
      "a place for the page that cannot be written",
      1,
      ["tickets.csv", "--model", "minilm", "--report", "/proc/none/page.html"],
      /\/proc\/none\/page\.html.*\[ERR_FILE_WRITE\]/,
    ],
    [
      "a place for the adapter that cannot be written",
      1,
      ["tickets.csv", "--model", "minilm", "--lora", "--adapter-output", "/proc/none/adapter"],
      /--adapter-output: .*\[ERR_FILE_WRITE\]/,
    ],
    [
      "rows of one class",
      1,
      ["one-class.csv", "--model", "minilm", "--text", "body", "--label", "queue", "--validation-split", "0"],
      /expected rows of at least two classes in the column "queue", got only "good" \[ERR_INVALID_ARG\]/,
    ],
    [
      "a label of the test data that the model does not have",
      1,
      ["tickets.csv", "--model", "minilm", "--text", "body", "--label", "queue", "--test", "other-class.csv"],
      /\[ERR_UNKNOWN_LABEL\]/,
    ],
    [
      "two ways to go on",
      2,
      ["tickets.csv", "--model", "minilm", "--resume", "--resume-from", "run/checkpoint-1"],
      /--resume: expected no --resume-from with it/,
    ],
    ["a configuration that is not there", 2, ["tickets.csv", "--config", "nowhere.yaml"], /\[ERR_FILE_NOT_FOUND\]/],
    [
      "settings of what is switched off",
      2,
      ["tickets.csv", "--model", "minilm", "--no-lora", "--lora-r", "4"],
      /--no-lora: expected none of its settings, got --lora-r/,
    ],
    [
      "a device that is none",
      2,
      ["nowhere.csv", "--model", "minilm", "--device", "gpu"],
      /got "gpu" \[ERR_UNKNOWN_DEVICE\]/,
    ],
    ["a bad configuration", 2, ["--config", "bad.json"], /"epoch", which does not exist; did you mean "epochs"\?/],
    ["a name that says no format", 2, ["minilm/config", "--model", "minilm"], /--format says what it is/],
    [
      "a risk that is none",
      2,
      ["nowhere.csv", "--model", "minilm", "--calibrate-risk", "2"],
      /--calibrate: expected risk to be a number from 0, below 1, got 2/,
    ],
    [
      "split and file",
      2,
      ["tickets.csv", "--model", "minilm", "--test", "tickets.csv", "--test-split", "0.1"],
      /expected no split with --test/,
    ],
    [
      "a missing file",
      1,
      ["nowhere.csv", "--model", "minilm"],
      /"nowhere\.csv", which does not exist \[ERR_FILE_NOT_FOUND\]/,
    ],
    [
      "a missing column",
      1,
      ["tickets.csv", "--model", "minilm", "--text", "bodi", "--label", "queue"],
      /"bodi".*got "body", "queue", "customer" \[ERR_COLUMN_MISSING\]/,
    ],
    ["a missing model", 1, ["tickets.csv", "--model", "./nowhere", ...COLUMNS], /nowhere.*\[ERR_FILE_NOT_FOUND\]/],
    ["a damaged model", 1, ["tickets.csv", "--model", "damaged", ...COLUMNS], /\[ERR_CHECKSUM\]/],
    [
      "an output that holds something else",
      1,
      ["tickets.csv", "--model", "minilm", ...COLUMNS, "--max-steps", "1", "--output", "taken"],
      /also holds "notes\.txt".*\[ERR_FILE_WRITE\]/,
    ],
    [
      "an output inside of a file",
      1,
      ["tickets.csv", "--model", "minilm", ...COLUMNS, "--output", "tickets.csv/out"],
      /tickets\.csv\/out could not be read.*\[ERR_FILE_READ\]/,
    ],
  ];
  it("says what is wrong, with the exit code for it, and writes nothing on standard output", async () => {
    await writeFile(join(folder, "bad.json"), '{ "epoch": 1 }');
    await writeFile(join(folder, "one-class.csv"), "body,queue\na film,good\na book,good\n");
    await writeFile(join(folder, "other-class.csv"), "body,queue\na film,odd\n");
    await mkdir(join(folder, "taken/model"), { recursive: true });
    await writeFile(join(folder, "taken/model/notes.txt"), "mine");
    await mkdir(join(folder, "damaged"));
    for (const name of await readdir(join(folder, "minilm"))) {
      const bytes = await readFile(join(folder, "minilm", name));
      if (name === "model.safetensors") bytes.writeUInt8((bytes.at(-5) as number) ^ 1, bytes.length - 5);
      await writeFile(join(folder, "damaged", name), bytes);
    }
    const all = await Promise.all(mistakes.map(([, , args]) => run(...args)));
    for (const [at, [what, code, , message]] of mistakes.entries()) {
      const ended = all[at] as Ended;
      expect(ended.stderr, what).to.match(message);
      expect({ code: ended.code, stdout: ended.stdout }, what).to.deep.equal({ code, stdout: "" });
    }
  });
});

describe("a run that goes on with another seed", () => {
  it("is refused where rows are split by it, unless --split-seed says which", () =>
    inFolder(async (output) => {
      const check = (settings: Settings): Promise<void> => checkSeed(settings, output, 2);
      await check({ resume: true }); // nothing is there yet
      await writeFile(join(output, "training.json"), '{ "options": { "seed": 1 } }');
      await rejection(check({ resume: true }), "ERR_INVALID_ARG");
      await rejection(check({ resumeFrom: output, validation: "v.csv", testSplit: 0.1 }), "ERR_INVALID_ARG");
      await check({});
      await check({ resume: true, splitSeed: 3 });
      await check({ resume: true, validationSplit: 0 });
      await check({ resume: true, validation: "v.csv" });
      await checkSeed({ resume: true }, output, 1);
      await writeFile(join(output, "training.json"), '{ "opt');
      await check({ resume: true });
    }));
});
