import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { bashCompletion } from "../../lib/cli/completion/bash";
import { describeCommands } from "../../lib/cli/completion/described";
import { fishCompletion } from "../../lib/cli/completion/fish";
import { zshCompletion } from "../../lib/cli/completion/zsh";
import { TRAIN_SECTIONS } from "../../lib/cli/commands/train";
import { createProgram } from "../../lib/cli/program";
import { flagName } from "../../lib/cli/settings/setting";
import { inFolder } from "../support/tiny-bert";

const commands = describeCommands(createProgram());

/** What bash offers for each line, whose last word is being typed. */
async function offered(folder: string, lines: readonly (readonly string[])[]): Promise<string[][]> {
  const script = [
    bashCompletion("torchwright", commands),
    'offer() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _torchwright; printf "%s\\t" "${COMPREPLY[@]}"; echo; }',
    ...lines.map((words) => `offer torchwright ${words.map((word) => `'${word}'`).join(" ")}`),
    "complete -p torchwright",
  ].join("\n");
  const { stdout, stderr } = await promisify(execFile)("bash", ["-euc", script], { cwd: folder });
  expect(stderr).to.equal("");
  const all = stdout.split("\n").slice(0, -1);
  expect(all.pop()).to.match(/-F _torchwright torchwright$/);
  return all.map((line) => line.split("\t").slice(0, -1).sort());
}

describe("shell completion", () => {
  it("knows all commands of the program, with all of their options", () => {
    expect(commands.map(({ name }) => name)).to.include.members([
      "train",
      "evaluate",
      "predict",
      "export",
      "inspect",
      "setup",
      "doctor",
      "build",
      "completion",
    ]);
    const flags = commands.find(({ name }) => name === "train")?.options.flatMap((option) => option.flags);
    expect(flags).to.include.members(
      TRAIN_SECTIONS.flatMap(({ settings }) => settings.map((setting) => `--${flagName(setting)}`)),
    );
  });

  it("offers commands, options, their values and files, in bash itself", async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, "tickets of May.csv"), "");
      await mkdir(join(folder, "minilm"));
      const [names, one, saving, strategies, models, files, shells, after] = await offered(folder, [
        [""],
        ["ev"],
        ["train", "--save-"],
        ["train", "--save-strategy", ""],
        ["train", "--model", "mini"],
        ["train", "tick"],
        ["completion", ""],
        ["predict", "minilm", "--abs"],
      ]);
      expect(names).to.deep.equal([...commands.map(({ name }) => name), "--help", "--version"].sort());
      expect(one).to.deep.equal(["evaluate"]);
      expect(saving).to.deep.equal(["--save-seconds", "--save-steps", "--save-strategy", "--save-total-limit"]);
      expect(strategies).to.deep.equal(["epoch", "no", "seconds", "steps"]);
      expect(models).to.deep.equal(["minilm"]);
      expect(files).to.deep.equal(["tickets of May.csv"]);
      expect(shells).to.deep.equal(["bash", "fish", "zsh"]);
      expect(after).to.deep.equal(["--abstain-below"]);
    });
  });

  it("says the same in zsh's and fish's words, with quotes and brackets of descriptions escaped", () => {
    const some = [
      {
        name: "try",
        description: "it's a [try]: now",
        choices: [],
        options: [
          { flags: ["-k", "--kind"], description: "what's [it]: a or b", takesValue: true, choices: ["a", "b"] },
        ],
      },
    ];
    const zsh = zshCompletion("tool", some);
    expect(zsh).to.include("'*--kind[what'\\''s \\[it\\]\\: a or b]:value:(a b)'").and.include("#compdef tool");
    const fish = fishCompletion("tool", some);
    expect(fish).to.include(
      "complete -c tool -n '__fish_seen_subcommand_from try' -s k -l kind -x -a 'a b' -d 'what\\'s [it]: a or b'",
    );
    expect(zshCompletion("torchwright", commands)).to.include("*--learning-rate[");
    expect(fishCompletion("torchwright", commands)).to.include("-l learning-rate -r -F");
  });
});
