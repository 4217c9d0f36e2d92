import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { inspectTorchScript } from "../../lib/cli/inspect/torchscript";
import { COLUMNS, fillFolder } from "../support/cli-folder";
import { rejection } from "../support/rejection";
import { type Ended, runCommandLine } from "../support/run-cli";

const GOLDEN = join(__dirname, "../golden/torchscript");

describe("torchwright inspect", function () {
  this.timeout(180_000); // many processes, where others have the machine, too
  let folder: string;
  const run = (...args: string[]): Promise<Ended> => runCommandLine(["inspect", ...args], { cwd: folder });
  const json = async (...args: string[]): Promise<Record<string, unknown>> => {
    const { code, stdout, stderr } = await run(...args, "--json");
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
    return JSON.parse(stdout) as Record<string, unknown>;
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "torchwright-"));
    await fillFolder(folder);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it("looks at data: classes, lengths in tokens, duplicates across splits; as text, as JSON, as a page", async () => {
    const found = await json(
      "tickets.csv",
      ...COLUMNS,
      "--test",
      "tickets.csv",
      "--tokenizer",
      "minilm",
      "--max-lengths",
      "7",
      "--no-near-duplicates",
      "--html",
      "look.html",
    );
    expect(found).to.include({ rows: 120, nearDuplicates: null });
    const [train] = found["splits"] as {
      name: string;
      labels: { classes: object[] };
      lengths: { truncation: { maxLength: number }[] };
    }[];
    expect(train).to.deep.include({ name: "train" });
    expect(train?.labels.classes).to.deep.equal([
      { name: "bad", count: 30, share: 0.5 },
      { name: "good", count: 30, share: 0.5 },
    ]);
    expect(JSON.stringify(train?.lengths)).to.include('"maxLength":7');
    expect(await readFile(join(folder, "look.html"), "utf8")).to.match(/^<!doctype html>[\s\S]*Inspection of 120 rows/);
    const { stdout } = await run("tickets.csv", "--text", "body");
    expect(stdout)
      .to.match(/^Inspection of 60 rows\n/)
      .and.match(/60 rows, no labels/);
  });

  it("looks at a model folder: labels, parameters, tokenizer and checksums", async () => {
    const found = await json("minilm");
    expect(found).to.deep.include({
      kind: "model",
      type: "bert",
      problemType: "single-label",
      labels: ["good", "bad"],
      tokenizer: { vocabulary: 25, maxLength: 64 },
    });
    // 25 words, 64 places and 2 types of 32, two layers of 4 · 32² + 2 · 32 · 64 weights with biases and norms, pooler
    // and head.
    const embeddings = (25 + 64 + 2) * 32 + 2 * 32;
    const layer = 4 * (32 * 32 + 32) + (64 * 32 + 64) + (32 * 64 + 32) + 4 * 32;
    expect(found["weights"]).to.deep.include({
      parameters: embeddings + 2 * layer + (32 * 32 + 32) + (2 * 32 + 2),
      dtypes: ["float32"],
      head: true,
    });
    expect(found["manifest"]).to.deep.equal({ ok: true, files: ["model.safetensors"] });
    const { stdout } = await run("minilm");
    expect(stdout)
      .to.match(/^Model in minilm\n\nModel\n {2}type +bert\n/)
      .and.match(/checksums +1 file, all as saved/);
  });

  it("tells of damage, and ends with 1", async () => {
    await mkdir(join(folder, "damaged"));
    for (const name of ["config.json", "manifest.json", "model.safetensors"]) {
      await copyFile(join(folder, "minilm", name), join(folder, "damaged", name));
    }
    const bytes = await readFile(join(folder, "damaged/model.safetensors"));
    bytes.writeUInt8((bytes.at(-5) as number) ^ 1, bytes.length - 5);
    await writeFile(join(folder, "damaged/model.safetensors"), bytes);
    const { code, stdout, stderr } = await run("damaged");
    expect(code).to.equal(1);
    expect(stderr).to.match(/model\.safetensors: expected the file that was saved.*\[ERR_CHECKSUM\]\n$/);
    expect(stdout)
      .to.match(/checksums +do not fit/)
      .and.match(/cannot be opened/);
  });

  it("looks at a checkpoint: step, epoch and metric, and its model", async () => {
    const trained = await runCommandLine(
      [
        "train",
        "tickets.csv",
        "--model",
        "minilm",
        ...COLUMNS,
        "--epochs",
        "1",
        "--batch-size",
        "27",
        "--output",
        "run",
        "--progress",
        "silent",
      ],
      { cwd: folder },
    );
    expect(trained.code, trained.stderr).to.equal(0);
    const found = await json("run/checkpoint-2");
    expect(found).to.include({ kind: "checkpoint", step: 2, epoch: 1, examples: 54, skippedSteps: 0 });
    expect(found["best"]).to.include({ metric: "loss", step: 2 });
    expect(found["model"]).to.deep.include({ kind: "model", labels: ["good", "bad"] });
    const run1 = await run("run");
    expect(run1.code).to.equal(2);
    expect(run1.stderr).to.match(/got the folder of a run; its model is run\/model/);
  });

  it("looks at TorchScript without running it: class, signature, how it was made", async () => {
    expect((await inspectTorchScript(join(GOLDEN, "scripted-dict.pt"))).value).to.deep.include({
      class: "torchscript.ReturnsDict",
      traced: false,
      tensors: 24,
      forward: {
        arguments: [
          { name: "input_ids", type: "Tensor" },
          { name: "attention_mask", type: "Tensor" },
          { name: "labels", type: "Optional[Tensor]", default: "None" },
        ],
        returns: "Dict[str, Tensor]",
      },
    });
    const traced = (await inspectTorchScript(join(GOLDEN, "traced-train.pt"))).value as {
      class: string;
      traced: boolean;
      forward: { arguments: { name: string }[]; returns: string };
    };
    expect(traced).to.include({ class: "torchscript.Traceable", traced: true });
    expect(traced.forward.arguments.map(({ name }) => name)).to.deep.equal([
      "input_ids",
      "attention_mask",
      "token_type_ids",
    ]);
    const { code, stdout } = await runCommandLine(["inspect", join(GOLDEN, "scripted-tuple.pt")], { cwd: folder });
    expect(code).to.equal(0);
    expect(stdout).to.match(/labels +Optional\[Tensor\] = None\n {2}gives +Tuple\[/);
  });

  it("refuses a TorchScript file that is damaged, or is none", async () => {
    const bytes = await readFile(join(GOLDEN, "scripted-dict.pt"));
    bytes.writeUInt8(bytes.readUInt8(5000) ^ 1, 5000);
    await writeFile(join(folder, "flipped.pt"), bytes);
    expect((await rejection(inspectTorchScript(join(folder, "flipped.pt")), "ERR_SCRIPT_LOAD")).message).to.match(
      /checksum/,
    );
    await rejection(inspectTorchScript(join(__dirname, "../golden/torch_files/values.pt")), "ERR_SCRIPT_LOAD");
    await rejection(inspectTorchScript(join(folder, "tickets.csv")), "ERR_SCRIPT_LOAD");
    await rejection(inspectTorchScript(join(folder, "nowhere.pt")), "ERR_FILE_NOT_FOUND");
  });

  it("says what is wrong", async () => {
    const cases: readonly (readonly [code: number, args: readonly string[], message: RegExp])[] = [
      [1, ["nowhere.csv"], /\[ERR_FILE_NOT_FOUND\]/],
      [1, ["tickets.csv", "--text", "bodi"], /"bodi".*\[ERR_COLUMN_MISSING\]/],
      [2, ["tickets.csv", "--text", "body", "--max-lengths", "7"], /expected --tokenizer/],
      [2, ["minilm", "tickets.csv"], /expected one folder or file of a model, got 2/],
      [2, ["minilm", "--text", "body"], /expected no settings of data/],
      [2, ["notes.txt"], /--format says what it is/],
      [1, ["tickets.csv", "--text", "body", "--html", "minilm"], /\[ERR_FILE_WRITE\]/],
    ];
    const all = await Promise.all(cases.map(([, args]) => run(...args)));
    for (const [at, [code, args, message]] of cases.entries()) {
      expect(all[at]?.stderr, args.join(" ")).to.match(message);
      expect({ code: all[at]?.code, stdout: all[at]?.stdout }, args.join(" ")).to.deep.equal({ code, stdout: "" });
    }
  });
});
