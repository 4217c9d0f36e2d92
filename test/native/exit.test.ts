/**
 * Ways to end a process or a worker in the middle of a step: each in a process of its own, because a crash would end
 * this one.
 */
import { spawn } from "node:child_process";
import { expect } from "chai";
import type { Compiled } from "../support/compiled";
import { compile } from "../support/compiled";

const PROGRAM = "test/support/mid-step.ts";

interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe("ending in the middle of a step", function () {
  this.timeout(240_000);
  this.slow(30_000);
  let compiled: Compiled;

  before(() => {
    compiled = compile([PROGRAM]);
  });

  after(() => compiled.remove());

  function run(how: string, delay: number): Promise<Outcome> {
    const child = spawn(process.execPath, [compiled.file(PROGRAM), how, String(delay)], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (data: Buffer) => (stdout += data.toString()));
    child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
    return new Promise((resolve) => child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr })));
  }

  /** Two at a time; each run ends at another moment of the step. */
  async function runMany(how: string, runs: number, check: (outcome: Outcome) => void): Promise<void> {
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < runs) {
        const delay = 11 * next++;
        const outcome = await run(how, delay);
        expect(outcome.signal, `killed after ${delay} ms: ${outcome.stderr}`).to.equal(null);
        check(outcome);
      }
    };
    await Promise.all([lane(), lane()]);
  }

  it("process.exit gives its code, 20 times", () =>
    runMany("exit", 20, ({ code, stderr }) => {
      expect(code, stderr).to.equal(7);
      expect(stderr).to.equal("");
    }));

  it("process.exit(0) gives 0 and says nothing, 10 times", () =>
    runMany("exit-without-error", 10, ({ code, stdout, stderr }) => {
      expect(code, stderr).to.equal(0);
      expect(stdout + stderr).to.equal("");
    }));

  it("an uncaught exception gives 1 and its own stack, 20 times", () =>
    runMany("throw", 20, ({ code, stderr }) => {
      expect(code, stderr).to.equal(1);
      expect(stderr).to.contain("Error: thrown on purpose").and.to.contain("mid-step.js");
    }));

  it("a natural end finishes the step and gives process.exitCode, 20 times", () =>
    runMany("end", 20, ({ code, stdout, stderr }) => {
      expect(code, stderr).to.equal(3);
      expect(stdout).to.equal("stepped\n");
      expect(stderr).to.equal("");
    }));

  it("terminate() ends several workers, and the main thread trains on", () =>
    runMany("terminate", 4, ({ code, stdout, stderr }) => {
      expect(code, stderr).to.equal(0);
      expect(stdout).to.equal("1,1\n");
    }));

  it("eight workers train and end in any order, by themselves or by terminate() in mid-step, three times over", () =>
    runMany("eight", 2, ({ code, stdout, stderr }) => {
      expect(code, stderr).to.equal(0);
      expect(stdout).to.equal("01010101,01010101,01010101\n");
      expect(stderr).to.equal("");
    }));

  it("process.exit in a worker ends the worker alone, and another can follow", () =>
    runMany("worker-exit", 3, ({ code, stdout, stderr }) => {
      expect(code, stderr).to.equal(0);
      expect(stdout).to.equal("4,0\n");
    }));

  it("an uncaught exception in a worker ends the worker alone, and another can follow", () =>
    runMany("worker-throw", 3, ({ code, stdout, stderr }) => {
      expect(code, stderr).to.equal(0);
      expect(stdout).to.equal("1,0\n");
    }));

  it("process.exit beside a worker's step gives its code", () =>
    runMany("exit-beside-worker", 4, ({ code, stderr }) => {
      expect(code, stderr).to.equal(7);
    }));
});
