import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";

const WATCH = join(__dirname, "../../scripts/notebooks/end-with-parent.js");

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe("a notebook's kernel", () => {
  it("ends when Jupyter is killed", async function () {
    if (process.platform === "win32") this.skip(); // processes keep the number of a parent that is gone
    const kernel = `require("child_process").spawn(process.execPath, ["-r", ${JSON.stringify(WATCH)}, "-e", "console.log(process.pid); setInterval(() => {}, 1000)"], { stdio: "inherit" })`;
    const jupyter = spawn(process.execPath, ["-e", kernel], { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = (await once(jupyter.stdout, "data")) as [Buffer];
    const pid = Number(line);
    expect(lives(pid)).to.equal(true);
    jupyter.kill("SIGKILL");
    const deadline = performance.now() + 20_000;
    while (lives(pid) && performance.now() < deadline) await delay(50);
    expect(lives(pid)).to.equal(false);
  });
});
