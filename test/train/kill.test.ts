/**
 * A training process that is killed again and again, also in the middle of writing, and still ends with the weights of
 * one that was not.
 */
import { spawn } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { expect } from "chai";
import { compile, type Compiled } from "../support/compiled";
import { inFolder } from "../support/tiny-bert";

/** Kills that are to hit a training that is under way. */
const KILLS = 30;

interface Outcome {
  readonly lines: readonly string[];
  readonly killed: boolean;
}

/** Runs the program; kills it so many milliseconds after its first step, if it is still there. */
async function run(program: string, outputDir: string, killAfter?: number): Promise<Outcome> {
  const child = spawn(process.execPath, [program, outputDir], { stdio: ["ignore", "pipe", "inherit"] });
  const closed = new Promise<NodeJS.Signals | null>((resolve) =>
    child.once("close", (_code, signal) => resolve(signal)),
  );
  const lines: string[] = [];
  let timer: Promise<void> | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (killAfter !== undefined && line === "step") timer ??= wait(killAfter).then(() => void child.kill("SIGKILL"));
  }
  const signal = await closed;
  return { lines, killed: signal === "SIGKILL" };
}

describe("killed training", () => {
  let sources: Compiled;
  before(() => (sources = compile(["test/support/fit-with-checkpoints.ts", "test/support/tiny-bert.ts"])));
  after(() => sources.remove());

  it(`ends with the weights of an unbroken run after ${KILLS} kills at random moments`, async function () {
    this.timeout(600_000);
    const program = sources.file("test/support/fit-with-checkpoints.ts");
    await inFolder(async (root) => {
      const unbroken = await run(program, join(root, "unbroken"));
      const expected = JSON.parse(unbroken.lines.at(-1) as string) as { steps: number; weights: string };
      expect(expected.steps).to.equal(64);
      let kills = 0;
      let resumes = 0;
      let unfinished = 0;
      for (let folder = 0; kills < KILLS; folder++) {
        const outputDir = join(root, `killed-${folder}`);
        for (;;) {
          // Some hit the steps before the first checkpoint, some the writing of one, some the gap between two.
          const { lines, killed } = await run(program, outputDir, kills < KILLS ? Math.random() * 250 : undefined);
          if (lines.some((line) => line.startsWith("resumed"))) resumes++;
          if (killed) {
            kills++;
            if ((await readdir(outputDir)).some((name) => name.startsWith("."))) unfinished++;
            continue;
          }
          expect(JSON.parse(lines.at(-1) as string), lines.join("\n")).to.include({
            steps: 64,
            weights: expected.weights,
          });
          expect((await readdir(outputDir)).filter((name) => name.startsWith("."))).to.deep.equal([]);
          break;
        }
      }
      expect(resumes).to.be.above(KILLS / 3);
      expect(unfinished, "kills in the middle of writing").to.be.above(0);
    });
  });
});
