/**
 * A search that is killed again and again, also in the middle of a trial, and still ends with the scores of one that
 * was not.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { expect } from "chai";
import { compile, type Compiled } from "../support/compiled";
import { inFolder } from "../support/tiny-bert";

const KILLS = 3;

/** Runs the program; kills it so many milliseconds after its first step, if it is still there. */
async function run(
  program: string,
  args: readonly string[],
  killAfter?: number,
): Promise<{ readonly lines: readonly string[]; readonly killed: boolean }> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const closed = new Promise<NodeJS.Signals | null>((resolve) =>
    child.once("close", (_code, endedBy) => resolve(endedBy)),
  );
  const lines: string[] = [];
  let timer: Promise<void> | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (killAfter !== undefined && line === "step") timer ??= wait(killAfter).then(() => void child.kill("SIGKILL"));
  }
  return { lines, killed: (await closed) === "SIGKILL" };
}

describe("a killed search", () => {
  let sources: Compiled;
  let program: string;
  before(() => {
    sources = compile(["test/support/search-with-trainer.ts", "test/support/tiny-bert.ts"]);
    program = sources.file("test/support/search-with-trainer.ts");
  });
  after(() => sources.remove());

  it(`ends with the scores of an unbroken one after ${KILLS} kills at random moments, and after Ctrl-C`, async function () {
    this.timeout(120_000);
    await inFolder(async (root) => {
      const unbroken = (await run(program, [join(root, "unbroken")])).lines.at(-1) as string;
      expect(JSON.parse(unbroken)).to.include({ stoppedBy: "end" });
      let kills = 0;
      for (let folder = 0; kills < KILLS; folder++) {
        for (;;) {
          const { lines, killed } = await run(
            program,
            [join(root, `killed-${folder}`)],
            kills < KILLS ? Math.random() * 150 : undefined,
          );
          if (killed) kills++;
          else {
            expect(lines.at(-1)).to.equal(unbroken);
            break;
          }
        }
      }
      const interrupted = await run(program, [join(root, "interrupted"), "interrupt"]);
      expect(JSON.parse(interrupted.lines.at(-1) as string)).to.include({ stoppedBy: "SIGINT" });
      expect(interrupted.lines, "the step in progress was the last").to.have.length(11);
      expect((await run(program, [join(root, "interrupted")])).lines.at(-1)).to.equal(unbroken);
    });
  });
});
