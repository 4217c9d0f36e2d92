import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { EXIT_CODE } from "../../lib/cli/exit-code";
import { createProgram } from "../../lib/cli/program";
import { fillFolder } from "../support/cli-folder";
import { commandLine } from "../support/run-cli";
import { inFolder } from "../support/tiny-bert";

const text = readFileSync(join(__dirname, "../../docs/cli.md"), "utf8");

describe("docs/cli.md", function () {
  this.timeout(180_000); // many processes, where others have the machine, too

  it("has examples that run, one after the other", async function () {
    this.timeout(600_000);
    const examples = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, code]) => code as string);
    expect(examples.length).to.be.greaterThan(7);
    await inFolder(async (folder) => {
      await fillFolder(folder);
      await writeFile(join(folder, "run.yaml"), /```yaml\n([\s\S]*?)```/.exec(text)?.[1] ?? "");
      await mkdir(join(folder, "bin"));
      await writeFile(
        join(folder, "bin/torchwright"),
        `#!/bin/sh\nexec "${process.execPath}" "${commandLine()}" "$@"\n`,
      );
      await chmod(join(folder, "bin/torchwright"), 0o755);
      const env = { ...process.env, PATH: `${join(folder, "bin")}${delimiter}${process.env["PATH"] ?? ""}` };
      const { stdout } = await promisify(execFile)("bash", ["-euo", "pipefail", "-c", examples.join("\n")], {
        cwd: folder,
        env,
      });
      expect(stdout)
        .to.include("saved runs/tickets/model\n")
        .and.include("saved runs/configured/model\n")
        .and.include('"id":7,"body":"the meal was poor"');
      const result = JSON.parse(await readFile(join(folder, "result.json"), "utf8")) as object;
      expect(result).to.deep.include({ steps: 3, model: "runs/adapter/model" });
      expect((await readFile(join(folder, "answers.jsonl"), "utf8")).trim().split("\n")).to.have.length(60);
    });
  });

  it("names every command, and every flag that it names exists", () => {
    const { commands } = createProgram();
    for (const command of commands) expect(text, command.name()).to.match(new RegExp(`\`${command.name()}\``));
    const flags = new Set(
      commands.flatMap((command) => command.options.flatMap((option) => [option.long, option.short])),
    );
    const named = [...text.matchAll(/--[a-z][a-z0-9-]*/g)]
      .map(([flag]) => flag)
      .filter((flag) => !["--help"].includes(flag));
    expect(named.length).to.be.greaterThan(60);
    expect([...new Set(named)].filter((flag) => !flags.has(flag))).to.deep.equal([]);
  });

  it("has the exit codes that there are", () => {
    const told = [...text.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
    expect(told).to.deep.equal(Object.values(EXIT_CODE));
  });
});
