import { execFile } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { inFolder, tinyBert, tinyData, writeTokenizer } from "./support/tiny-bert";

const EXAMPLES = join(__dirname, "../examples");

/** A folder with what the examples expect: a model, its tokenizer, and a CSV file of tickets. */
async function prepare(folder: string): Promise<void> {
  const model = tinyBert(["x", "y"]);
  await model.save(join(folder, "minilm"));
  model.dispose();
  await writeTokenizer(join(folder, "minilm"));
  const rows = Array.from(tinyData(60), ({ text, label }) => `"${String(text)}",${label as string}`);
  await writeFile(join(folder, "tickets.csv"), `body,queue\n${rows.join("\n")}\n`);
}

async function run(name: string, cwd: string): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(
    process.execPath,
    ["-r", require.resolve("ts-node/register/transpile-only"), join(__dirname, "support/run-program.ts"), join(EXAMPLES, name)],
    { cwd, env: { ...process.env, TS_NODE_PROJECT: join(__dirname, "../tsconfig.json") } },
  );
}

describe("the examples run as they read", () => {
  it("fine-tune.mts, then classify.mts on what it saved", async () => {
    await inFolder(async (folder) => {
      await prepare(folder);
      const { stdout, stderr } = await run("fine-tune.mts", folder);
      expect(stdout).to.match(/accuracy: [01]/).and.to.contain("macroF1");
      expect(stderr).to.contain("training on ").and.to.contain("step 6/6").and.to.not.contain("Warning");
      expect(await readdir(join(folder, "runs/tickets"))).to.include.members(["model", "log.jsonl", "training.json"]);
      const config = JSON.parse(await readFile(join(folder, "runs/tickets/model/config.json"), "utf8")) as { id2label: unknown };
      expect(config.id2label).to.deep.equal({ 0: "bad", 1: "good" });
      expect((await run("classify.mts", folder)).stdout.trim().split("\n")).to.have.length(3);
    });
  });

  it("training-loop.mts", async () => {
    await inFolder(async (folder) => {
      await prepare(folder);
      const { stdout } = await run("training-loop.mts", folder);
      expect(stdout.trim().split("\n").map((line) => line.replace(/[\d.]+$/, ""))).to.deep.equal(
        [1, 2, 3].map((epoch) => `epoch ${epoch}: mean loss `),
      );
    });
  });

  it("custom-head.mts", async () => {
    await inFolder(async (folder) => {
      await prepare(folder);
      const { stdout } = await run("custom-head.mts", folder);
      expect(stdout).to.match(/^accuracy [01]\.\d\d\n(?:bad|good), with a probability of [01]\.\d\d\n$/);
      expect(await readdir(join(folder, "runs/custom-head"))).to.include.members(["config.json", "model.safetensors", "vocab.txt"]);
    });
  });

  it("search.mts", async () => {
    await inFolder(async (folder) => {
      await prepare(folder);
      const { stdout, stderr } = await run("search.mts", folder);
      expect(stdout).to.contain("Search of 9 trials to maximize the score: 3 done, 6 pruned").and.to.contain("learningRate:");
      expect(stderr.match(/^trial /gm)).to.have.length(12);
      expect(await readdir(join(folder, "runs/search"))).to.include.members(["trials.jsonl", "report.html", "trial-0"]);
    });
  });
});
