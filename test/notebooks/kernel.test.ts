import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { type NotebookEnvironment, notebookEnvironment } from "../../scripts/notebooks/environment";
import { runWith } from "../../scripts/notebooks/run-with";
import { type Compiled, compile } from "../support/compiled";
import { inFolder } from "../support/tiny-bert";

interface Cell {
  readonly code: string;
  readonly interruptAt?: string;
}

interface Outcome {
  readonly status: string;
  readonly text: string;
  readonly stderr: string;
  readonly html: readonly string[];
}

describe("where people type", function () {
  this.timeout(180_000); // kernels and compiling start slowly where much else runs
  let compiled: Compiled;
  before(() => void (compiled = compile(["test/support/tiny-bert.ts"])));
  after(() => compiled.remove());

  /** Loads the library, with a tiny model that trains for as long as one lets it; "step 5" is printed once. */
  const preparation = (folder: string): string => `
    const { DataLoader, memory, show, Tensor, Trainer } = require(${JSON.stringify(compiled.file("lib/index.ts"))});
    const { tinyBert, tinyData, tinyTokenizer } = require(${JSON.stringify(compiled.file("test/support/tiny-bert.ts"))});
    const model = tinyBert();
    const loader = new DataLoader(tinyData(64), { tokenizer: await tinyTokenizer(), batchSize: 8, shuffle: true });
    const callbacks = [(event) => { if (event.type === "step" && event.step === 5) console.log("step", event.step); }];
    const options = { outputDir: ${JSON.stringify(join(folder, "run"))}, saveStrategy: "steps", saveSteps: 1e6, lrSchedulerType: "constant", callbacks };
    const said = ({ stoppedBy, steps, totalSteps }) => JSON.stringify({ stoppedBy, steps, totalSteps });`;

  describe("in a notebook of tslab", () => {
    let environment: NotebookEnvironment;
    before(async function () {
      this.timeout(300_000); // the first time it is installed
      environment = await notebookEnvironment();
    });

    async function cells(folder: string, all: readonly Cell[]): Promise<Outcome[]> {
      const file = join(folder, "cells.json");
      await writeFile(file, JSON.stringify(all));
      // Not where the run is written: the kernel watches its folder, and stumbles over new .json files there.
      const own = join(folder, "notebooks");
      await mkdir(own);
      return JSON.parse(
        await runWith(environment, own, [join(__dirname, "../support/kernel_session.py"), file]),
      ) as Outcome[];
    }

    it("an interrupted fit ends its step, writes a checkpoint and resolves, and the next cell goes on with it", async () => {
      await inFolder(async (folder) => {
        const [prepared, interrupted, continued, after, kernel] = await cells(folder, [
          { code: `${preparation(folder)}` },
          {
            code: "const trainer = new Trainer(model, { ...options, maxSteps: 1e6 });\nconst first = await trainer.fit(loader);\nconsole.log(said(first));",
            interruptAt: "step 5",
          },
          {
            code: "let from;\nconst watch = [(event) => { if (event.type === 'resume') from = event.step; }];\nconst second = new Trainer(model, { ...options, callbacks: watch, maxSteps: first.steps + 5, progress: 'silent' });\nconst end = await second.fit(loader, { resume: 'auto' });\nconsole.log(said(end), from === first.steps);",
          },
          {
            code: "await second.evaluate(loader);\nshow(Tensor.from([1, 2]));\nconsole.log(process.listenerCount('SIGINT'), process.listenerCount('SIGTERM'));",
          },
          {
            code: "await new Promise((resolve) => setTimeout(resolve, 300));\nconsole.log('waiting');\nawait new Promise((resolve) => setTimeout(resolve, 60_000));",
            interruptAt: "waiting",
          },
        ]);
        expect(prepared).to.deep.equal({ status: "ok", text: "", stderr: "", html: [] });

        expect({ ...interrupted, html: 0 }, interrupted?.stderr).to.deep.include({ status: "ok", stderr: "" });
        const first = JSON.parse(interrupted?.text.trim().split("\n").at(-1) ?? "null") as {
          stoppedBy: string;
          steps: number;
          totalSteps: number;
        };
        expect(first).to.include({ stoppedBy: "SIGINT", totalSteps: 1e6 });
        expect(first.steps).to.be.within(5, 100_000);
        expect(interrupted?.html.at(-1))
          .to.contain("stopped by SIGINT")
          .and.to.contain("<svg")
          .and.to.contain("<progress");

        expect({ ...continued, html: 0 }, continued?.stderr).to.deep.include({ status: "ok", stderr: "" });
        expect(continued?.text.trim()).to.equal(
          `${JSON.stringify({ stoppedBy: "end", steps: first.steps + 5, totalSteps: first.steps + 5 })} true`,
        );

        // Nothing is left of the runs: the model is free, the listeners are the kernel's.
        expect({ ...after, html: 0 }, after?.stderr).to.deep.include({ status: "ok", stderr: "", text: "1 0\n" });
        expect(after?.html.at(-1)).to.contain("Tensor float32 [2]").and.to.contain("<table");
        // And an interrupt is the kernel's again.
        expect(kernel?.status).to.equal("error");
        expect(kernel?.stderr).to.contain("Interrupted asynchronously");
      });
    });
  });

  it("at Node's prompt Ctrl-C ends a fit's step, which resolves, and the next line goes on with it", async function () {
    if (process.platform === "win32") this.skip(); // no pseudo-terminals there
    await inFolder(async (folder) => {
      const lines = preparation(folder)
        .trim()
        .split("\n")
        .map((line) => line.trim());
      const steps: [wait: string, keys: string][] = [
        ...lines.map((line): [string, string] => ["\n> ", `${line}\r`]),
        ["\n> ", "Tensor.from([[1, 2]])\r"],
        ["tensor([[1., 2.]])", ""],
        [
          "\n> ",
          "const first = await new Trainer(model, { ...options, maxSteps: 1e6, progress: 'silent' }).fit(loader)\r",
        ],
        ["step 5", "\u0003"],
        ["\n> ", "said(first)\r"],
        ["SIGINT", ""],
        [
          "\n> ",
          "said(await new Trainer(model, { ...options, maxSteps: first.steps + 5, progress: 'silent' }).fit(loader, { resume: 'auto' }))\r",
        ],
        ['stoppedBy":"end', ""],
        ["\n> ", "process.listenerCount('SIGINT') + 10 * require('repl').repl.listenerCount('SIGINT')\r"],
        ["10", ".exit\r"],
      ];
      const file = join(folder, "steps.json");
      await writeFile(file, JSON.stringify(steps));
      const { stdout } = await promisify(execFile)(process.env["PYTHON"] ?? "python3", [
        join(__dirname, "../support/prompt_session.py"),
        process.execPath,
        file,
      ]);
      expect(stdout).to.not.contain("Uncaught").and.to.not.contain("interrupted by");
      const [first, second] = [...stdout.matchAll(/'(\{"stoppedBy".*?\})'/g)].map(
        ([, json]) => JSON.parse(json ?? "") as { stoppedBy: string; steps: number },
      );
      expect(first?.stoppedBy).to.equal("SIGINT");
      expect(second).to.include({ stoppedBy: "end", steps: (first?.steps ?? NaN) + 5 });
    });
  });
});
