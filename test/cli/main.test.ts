import { closeSync, existsSync, openSync } from "node:fs";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { expect } from "chai";
import { COLUMNS, fillFolder } from "../support/cli-folder";
import { commandLine, endOf, startCommandLine } from "../support/run-cli";
import { inFolder } from "../support/tiny-bert";

/** A device on which there is never room, which other systems do not have. */
const onLinux = process.platform === "linux" ? it : it.skip;

describe("what torchwright writes", function () {
  this.timeout(60_000); // many processes, where others have the machine, too

  it("may find no reader, as behind head", () =>
    inFolder(async (folder) => {
      for (const args of [
        ["train", "--help"],
        ["completion", "zsh"],
      ]) {
        const child = startCommandLine(args, folder);
        child.stdout.destroy();
        const { code, stderr } = await endOf(child);
        expect({ code, stderr }, args.join(" ")).to.deep.equal({ code: 0, stderr: "" });
      }
    }));

  it("is read by nobody, and a run ends as it would", () =>
    inFolder(async (folder) => {
      await fillFolder(folder);
      const child = startCommandLine(
        [
          "train",
          "tickets.csv",
          "--model",
          "minilm",
          ...COLUMNS,
          "--max-steps",
          "2",
          "--progress",
          "lines",
          "--output",
          "out",
        ],
        folder,
      );
      child.stdout.destroy();
      child.stderr.destroy();
      expect(await endOf(child)).to.include({ code: 0, signal: null });
      expect(existsSync(join(folder, "out/model/model.safetensors"))).to.equal(true);
    }));

  onLinux("finds no room: one line says so, and the code is 1", async () => {
    const full = openSync("/dev/full", "w");
    try {
      const { code, stderr } = await endOf(
        spawn(process.execPath, [commandLine(), "completion", "bash"], { stdio: ["ignore", full, "pipe"] }),
      );
      expect(code).to.equal(1);
      expect(stderr).to.match(/^error: standard output: ENOSPC.* \[ERR_FILE_WRITE\]\n$/);
    } finally {
      closeSync(full);
    }
  });
});
