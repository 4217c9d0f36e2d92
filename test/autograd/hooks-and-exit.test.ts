/** Ending the process, or a worker, from inside of a hook: while a backward pass waits for JavaScript. */
import { spawnSync } from "node:child_process";
import path from "node:path";
import { expect } from "chai";
import { REGISTER } from "../support/register";

const LIBRARY = path.join(__dirname, "..", "..", "lib", "index");

/** Runs a program whose hook `end`s it, in the pass that `pass` starts. */
function run(pass: "backward" | "backwardSync", end: string, inWorker: boolean): ReturnType<typeof spawnSync> {
  const body = `
    const { Tensor } = require(${JSON.stringify(LIBRARY)});
    const x = Tensor.from([1, 2], { requiresGrad: true });
    x.registerHook(() => { ${end} });
    void x.sum().${pass}();
    setInterval(() => {}, 1000);`;
  const worker = `
    const { Worker } = require("node:worker_threads");
    const worker = new Worker(${JSON.stringify(`require(${JSON.stringify(REGISTER)});${body}`)}, { eval: true });
    worker.on("error", () => {});
    worker.on("exit", (code) => { console.log("worker", code); });`;
  const options = { encoding: "utf8", timeout: 60_000, cwd: path.join(__dirname, "..", "..") } as const;
  return spawnSync(process.execPath, ["-r", REGISTER, "-e", inWorker ? worker : body], options);
}

describe("a hook that ends everything", function () {
  this.timeout(240_000);
  this.slow(60_000);

  for (const pass of ["backward", "backwardSync"] as const) {
    it(`by process.exit, in ${pass}`, () => {
      const { status, signal, stderr } = run(pass, "process.exit(7);", false);
      expect([status, signal, stderr]).to.deep.equal([7, null, ""]);
    });

    it(`by process.exit in a worker, in ${pass}`, () => {
      const { status, signal, stdout, stderr } = run(pass, "process.exit(7);", true);
      expect([status, signal, stdout, stderr]).to.deep.equal([0, null, "worker 7\n", ""]);
    });
  }

  it("by an error that nobody catches", () => {
    const { status, signal, stderr } = run("backward", 'throw new RangeError("on purpose");', false);
    expect([status, signal]).to.deep.equal([1, null]);
    expect(stderr).to.contain("RangeError: on purpose");
  });
});
