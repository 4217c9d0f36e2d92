/** The demo as a program, on the user's own file and model: a tiny one, so that it takes seconds. */
import { expect } from "chai";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inFolder, tinyBert, tinyData, writeTokenizer } from "../support/tiny-bert";
import { REGISTER } from "../support/register";

const ROOT = join(__dirname, "..", "..");

interface Outcome {
  readonly status: number | null;
  readonly lines: readonly string[];
  readonly stderr: string;
}

function demo(...args: string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["-r", REGISTER, "scripts/demo.ts", ...args], {
    cwd: ROOT,
    encoding: "utf8",
  });
  return { status, lines: stdout.trimEnd().split("\n"), stderr };
}

/** Sixty texts in two classes, none twice, under column names of the user's own. */
async function writeData(folder: string): Promise<string> {
  const rows = Array.from(
    tinyData(60),
    ({ text, label }, i) => `"${String(text)}, ${"very ".repeat(i)}",${label as string}`,
  );
  await writeFile(join(folder, "mine.CSV"), `body,queue\n${rows.join("\n")}\n`);
  return join(folder, "mine.CSV");
}

const COLUMNS = ["--text", "body", "--label", "queue"];
const SHORT = ["--steps", "3", "--batch-size", "8", "--max-length", "16", "--device", "cpu", "--seed", "3", ...COLUMNS];

describe("the demo as a program", () => {
  it("trains a folder's model on the user's own columns, and ends with one JSON object", () =>
    inFolder(async (folder) => {
      const data = await writeData(folder);
      const model = tinyBert(["x", "y"]);
      await model.save(join(folder, "model"));
      model.dispose();
      await writeTokenizer(join(folder, "model"));
      const output = join(folder, "run");
      const { status, lines, stderr } = demo(
        ...SHORT,
        "--data",
        data,
        "--model",
        join(folder, "model"),
        "--output",
        output,
        "--json",
      );
      expect(status, stderr).to.equal(0);
      const summary = JSON.parse(lines.at(-1) ?? "") as { readonly [key: string]: unknown };
      expect(summary).to.deep.include({
        data: { source: data, train: 54, test: 6, classes: 2 },
        model: join(output, "model"),
      });
      expect(summary["training"]).to.include({ steps: 3, totalSteps: 3, stoppedBy: "end", device: "cpu" });
      expect(summary["evaluation"]).to.include({ examples: 6 }).and.to.have.property("accuracy").that.is.within(0, 1);
      expect(summary["predictions"]).to.have.length(3);
      expect(summary["eventLoopDelayMs"]).to.include.all.keys("p50", "p99", "max");
      for (const { label } of summary["predictions"] as { label: string }[]) expect(label).to.be.oneOf(["good", "bad"]);
      for (const name of [
        "log.jsonl",
        "training.json",
        "model/model.safetensors",
        "model/config.json",
        "model/vocab.txt",
      ]) {
        expect(existsSync(join(output, name)), name).to.equal(true);
      }
      expect(lines.filter((line) => line.startsWith("{"))).to.have.length(1);
    }));

  it("trains a TorchScript file with the tokenizer beside it", () =>
    inFolder(async (folder) => {
      const data = await writeData(folder);
      await mkdir(join(folder, "script"));
      const model = tinyBert();
      await model.saveTorchScript(join(folder, "script", "x.pt"));
      model.dispose();
      await writeTokenizer(join(folder, "script"));
      const output = join(folder, "run");
      const { status, lines, stderr } = demo(
        ...SHORT,
        "--data",
        data,
        "--model",
        join(folder, "script", "x.pt"),
        "--output",
        output,
      );
      expect(status, stderr).to.equal(0);
      expect(lines.join("\n")).to.contain("torch.jit.load").and.to.not.contain("MiniLM").and.to.not.contain("{");
      for (const name of ["model/model.pt", "model/vocab.txt"]) {
        expect(existsSync(join(output, name)), name).to.equal(true);
      }
    }));

  it("says what is wrong in a line, without a stack, and ends with 1 or, for its flags, with 2", () =>
    inFolder(async (folder) => {
      const data = await writeData(folder);
      const missing = demo("--data", data, "--model", join(folder, "nowhere"), "--output", join(folder, "run"));
      expect(missing.status).to.equal(1);
      expect(missing.stderr.trim()).to.match(/^ERR_COLUMN_MISSING: .*"text"[^\n]*$/);
      const wrong = demo("--data", join(folder, "mine.txt"));
      expect(wrong.status).to.equal(2);
      expect(wrong.stderr).to.match(/^--data: expected a file that ends in \.csv/);
    }));
});
