/** A disk that is full, by a limit on the size of files: writing begins and then fails, as it does there. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { Trainer } from "../../lib/train/trainer";
import { DataLoader } from "../../lib/data/data-loader";
import { compile, type Compiled } from "../support/compiled";
import { rejection } from "../support/rejection";
import { inFolder, tinyBert, tinyData, tinyTokenizer } from "../support/tiny-bert";

/** `prlimit` is Linux's; elsewhere there is no such limit to test with. */
const onLinux = process.platform === "linux" ? it : it.skip;

describe("a place that cannot be written", () => {
  let sources: Compiled;
  before(
    () =>
      (sources = compile([
        "test/support/fit-with-checkpoints.ts",
        "test/support/save-torchscript.ts",
        "test/support/tiny-bert.ts",
      ])),
  );
  after(() => sources.remove());

  interface Ended {
    readonly code: number | null;
    readonly stdout: string;
    readonly stderr: string;
  }

  /** Runs a program, with files of at most so many bytes. */
  function run(
    place: string,
    bytes: number | "unlimited",
    signalAfter?: RegExp,
    program = "fit-with-checkpoints",
  ): Promise<Ended> {
    const args = [`--fsize=${bytes}`, process.execPath, sources.file(`test/support/${program}.ts`), place];
    return new Promise((resolve) => {
      const child = execFile("prlimit", args, (error, stdout, stderr) =>
        resolve({ code: error ? (error.code as unknown as number) : 0, stdout, stderr }),
      );
      let seen = "";
      let signalled = false;
      child.stdout?.on("data", (text: string) => {
        if (!signalled && signalAfter?.test((seen += text))) signalled = child.kill("SIGTERM"); // a second one would end it at once
      });
    });
  }

  /** Of all files below a folder, by name. */
  async function hashes(folder: string): Promise<Record<string, string>> {
    const names = (await readdir(folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    return Object.fromEntries(
      await Promise.all(
        names.sort().map(
          async (name) =>
            [
              name,
              createHash("sha256")
                .update(await readFile(name))
                .digest("hex"),
            ] as const,
        ),
      ),
    );
  }

  onLinux(
    "in the middle of a run is an error with a code; the checkpoints before stay whole, and the run goes on from them later",
    async () => {
      await inFolder(async (root) => {
        const unbroken = await run(join(root, "unbroken"), "unlimited");
        const folder = join(root, "run");
        const begun = await run(folder, "unlimited", /(?:step\s+){7}/);
        expect(begun.code, begun.stderr).to.equal(0); // SIGTERM ends it well
        const before = (await readdir(folder)).filter((name) => name.startsWith("checkpoint-"));
        expect(before).to.not.have.length(0);
        const whole = Object.fromEntries(
          await Promise.all(before.map(async (name) => [name, await hashes(join(folder, name))] as const)),
        );

        // Less than the weights need, more than all else.
        const full = await run(folder, 40_000);
        expect(full.code).to.equal(1);
        expect(full.stdout).to.match(/^resumed at/);
        expect(full.stderr)
          .to.match(/model\.safetensors could not be written/)
          .and.to.match(/ERR_FILE_WRITE/);
        expect((await readdir(folder)).filter((name) => name.includes("checkpoint-"))).to.have.members(before);
        for (const name of before) expect(await hashes(join(folder, name))).to.deep.equal(whole[name]);

        const finished = await run(folder, "unlimited");
        expect(finished.code, finished.stderr).to.equal(0);
        expect(JSON.parse(finished.stdout.trim().split("\n").at(-1) ?? "")).to.include({
          resumed: true,
          weights: (JSON.parse(unbroken.stdout.trim().split("\n").at(-1) ?? "") as { weights: string }).weights,
        });
      });
    },
  );

  onLinux("for TorchScript is an error with a code, the process goes on, and the file before stays", async () => {
    await inFolder(async (root) => {
      const file = join(root, "model.pt");
      expect((await run(file, "unlimited", undefined, "save-torchscript")).stdout).to.equal("saved good,bad\n");
      const before = await hashes(root);
      const full = await run(file, 40_000, undefined, "save-torchscript");
      expect([full.stdout, full.code], full.stderr).to.deep.equal(["ERR_FILE_WRITE good,bad\n", 0]);
      expect(await hashes(root)).to.deep.equal(before);
    });
  });

  onLinux("from the start is an error before the first step, with the model as it was", async () => {
    const model = tinyBert();
    const before = model.parameters().map((parameter) => parameter.toArray());
    const steps: number[] = [];
    const trainer = new Trainer(model, {
      outputDir: "/sys/torchwright",
      saveStrategy: "epoch",
      progress: "silent",
      callbacks: [(event) => void (event.type === "step" && steps.push(event.step))],
    });
    await rejection(
      trainer.fit(new DataLoader(tinyData(8), { tokenizer: await tinyTokenizer(), device: "cpu" })),
      "ERR_FILE_WRITE",
    );
    expect(steps).to.deep.equal([]);
    expect(model.parameters().map((parameter) => parameter.toArray())).to.deep.equal(before);
    model.dispose();
  });
});
