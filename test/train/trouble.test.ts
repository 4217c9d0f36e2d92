import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { DataLoader } from "../../lib/data/data-loader";
import type { ModelInputs, ModelOutput, TextClassifier } from "../../lib/models/model";
import { memory } from "../../lib/tensor/memory";
import type { Tensor } from "../../lib/tensor/tensor";
import type { Tokenizer } from "../../lib/text/tokenizer";
import { Trainer } from "../../lib/train/trainer";
import { inFolder, tinyBert, tinyData, tinyTokenizer } from "../support/tiny-bert";
import { REGISTER } from "../support/register";

let tokenizer: Tokenizer;
const loaderOf = (rows: number): DataLoader =>
  new DataLoader(tinyData(rows), { tokenizer, batchSize: 8, shuffle: true, device: "cpu" });
const weights = (model: TextClassifier): number[] =>
  model.parameters().flatMap((p) => Array.from(p.toTypedArray() as Float32Array));
const reason = (error: unknown): unknown => error;

/** The model with its loss spoilt at one forward pass. */
function spoilt(model: TextClassifier, at: number, spoil: (loss: Tensor) => Tensor): TextClassifier {
  let calls = 0;
  const forward = async (batch: ModelInputs): Promise<ModelOutput> => {
    const output = await model.forward(batch);
    calls += 1;
    return calls === at ? { logits: output.logits, loss: spoil(output.loss) } : output;
  };
  return new Proxy(model, {
    get: (target, name) => {
      if (name === "forward") return forward;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

describe("Trainer in trouble", () => {
  before(async () => {
    tokenizer = await tinyTokenizer();
  });

  describe("with a loss or gradient that is not finite", () => {
    /** Weights after three good steps of ten. */
    async function afterThreeSteps(): Promise<number[]> {
      const model = tinyBert();
      const controller = new AbortController();
      const stop = (event: { type: string; step?: number }): void =>
        void (event.type === "step" && event.step === 3 && controller.abort());
      await new Trainer(model, {
        maxSteps: 10,
        learningRate: 1e-3,
        progress: "silent",
        signal: controller.signal,
        callbacks: [stop],
      }).fit(loaderOf(32));
      const result = weights(model);
      model.dispose();
      return result;
    }

    for (const [what, spoil] of [
      ["a NaN loss", (loss: Tensor) => loss.mul(NaN)],
      ["an infinite loss", (loss: Tensor) => loss.mul(Infinity)],
      // sqrt has an infinite slope at 0: the loss stays finite, its gradient does not
      ["a gradient that is not finite", (loss: Tensor) => loss.add(loss.sub(loss.detach()).sqrt())],
    ] as const) {
      for (const logEvery of [1, 3, 7, 100]) {
        it(`${what} at step 4 stops at the next log (every ${logEvery}), names the step and keeps the weights of step 3`, async () => {
          const model = tinyBert();
          const before = memory().liveTensors;
          const steps: number[] = [];
          const trainer = new Trainer(spoilt(model, 4, spoil), {
            maxSteps: 10,
            learningRate: 1e-3,
            logEvery,
            progress: "silent",
            callbacks: [(event) => void (event.type === "step" && steps.push(event.step))],
          });
          const error = await trainer.fit(loaderOf(32)).catch(reason);
          expect(error).to.include({ code: "ERR_NON_FINITE" });
          expect((error as Error).message)
            .to.contain("at step 4 of 10")
            .and.to.match(what.includes("gradient") ? /gradient norm/ : /a loss/);
          // the next log is at a multiple of logEvery or, with 4 batches per epoch, at an epoch's end
          expect(steps.at(-1)).to.equal(Math.min(Math.ceil(4 / logEvery) * logEvery, 4));
          expect(weights(model)).to.deep.equal(await afterThreeSteps());
          expect(memory().liveTensors).to.equal(before);
          model.dispose();
        });
      }
    }

    for (const [what, spoil] of [
      ["a NaN loss", (loss: Tensor) => loss.mul(NaN)],
      ["a gradient that is not finite", (loss: Tensor) => loss.add(loss.sub(loss.detach()).sqrt())],
    ] as const) {
      it(`${what} is skipped and counted where that is wanted, and training goes on from the weights before`, async () => {
        const run = async (at: number, logEvery: number) => {
          const model = tinyBert();
          // The schedule goes on at a step that is skipped; a constant one shows nothing but the weights. Without
          // dropout.
          const trainer = new Trainer(spoilt(model, at, spoil), {
            maxSteps: 6,
            learningRate: 1e-3,
            logEvery,
            lrSchedulerType: "constant",
            nonFinite: "skip",
            progress: "silent",
          });
          const history = await trainer.fit(loaderOf(32));
          const result = { history, weights: weights(model) };
          model.dispose();
          return result;
        };
        const each = await run(4, 1);
        expect(each.history).to.include({ steps: 6, skippedSteps: 1, stoppedBy: "end" });
        expect(each.history.log.map(({ skippedSteps }) => skippedSteps)).to.deep.equal([
          undefined,
          undefined,
          undefined,
          1,
          undefined,
          undefined,
        ]);
        expect(each.history.log[3]?.loss).to.be.NaN;
        expect(each.history.log[3]?.gradNorm).to.equal(each.history.log[2]?.gradNorm);
        const losses = each.history.log.filter((_, i) => i !== 3).map(({ loss }) => loss);
        expect(losses.every(Number.isFinite)).to.equal(true);
        expect(each.history.loss).to.be.closeTo(losses.reduce((sum, loss) => sum + loss) / 5, 1e-6);
        const never = await run(0, 1);
        expect(each.history.log.slice(0, 3).map(({ loss }) => loss)).to.deep.equal(
          never.history.log.slice(0, 3).map(({ loss }) => loss),
        );
        expect(each.weights).to.not.deep.equal(never.weights);
        expect(each.weights.every(Number.isFinite)).to.equal(true);
        const some = await run(4, 3); // logs at 3, at the epoch's end after 4, at 6
        expect(some.history.log.map(({ step, skippedSteps }) => [step, skippedSteps])).to.deep.equal([
          [3, undefined],
          [4, 1],
          [6, undefined],
        ]);
        expect(some.weights).to.deep.equal(each.weights);
      });
    }

    it("stops at the step after one with a learning rate far too high", async () => {
      const model = tinyBert();
      const error = await new Trainer(model, { maxSteps: 10, learningRate: 1e30, logEvery: 1, progress: "silent" })
        .fit(loaderOf(32))
        .catch(reason);
      expect(error).to.include({ code: "ERR_NON_FINITE" });
      expect((error as Error).message).to.match(/at step [23] of 10/);
      expect(weights(model).every(Number.isFinite)).to.equal(true);
      model.dispose();
    });

    it("later good batches do not move the weights before the log, and a new fit starts clean", async () => {
      const model = tinyBert();
      const trainer = new Trainer(
        spoilt(model, 4, (loss) => loss.mul(NaN)),
        { maxSteps: 10, learningRate: 1e-3, logEvery: 100, progress: "silent" },
      );
      const error = await trainer.fit(loaderOf(80)).catch(reason); // ten batches per epoch: six good ones after the bad one
      expect((error as Error).message).to.contain("at step 4 of 10");
      expect(weights(model).every(Number.isFinite)).to.equal(true);
      expect(await trainer.fit(loaderOf(80))).to.include({ steps: 10, stoppedBy: "end" });
      model.dispose();
    });
  });

  describe("with two users of one model", () => {
    it("refuses a second fit, an evaluation and a prediction while the first runs, which goes on undisturbed", async () => {
      const model = tinyBert();
      const options = { maxSteps: 6, progress: "silent" } as const;
      const first = new Trainer(model, options).fit(loaderOf(32));
      for (const second of [
        new Trainer(model, options).fit(loaderOf(32)),
        new Trainer(model, options).evaluate(loaderOf(32)),
        new Trainer(model, options).predict(loaderOf(32)),
      ]) {
        expect(await second.catch(reason)).to.include({ code: "ERR_BUSY" });
      }
      expect(await first).to.include({ steps: 6, stoppedBy: "end" });
      expect(await new Trainer(model, options).fit(loaderOf(32))).to.include({ steps: 6 });
      model.dispose();
    });

    it("lets two models train side by side", async () => {
      const models = [tinyBert(), tinyBert()];
      const histories = await Promise.all(
        models.map((model) => new Trainer(model, { maxSteps: 3, progress: "silent" }).fit(loaderOf(32))),
      );
      expect(histories.map(({ steps }) => steps)).to.deep.equal([3, 3]);
      for (const model of models) model.dispose();
    });
  });

  describe("asked to stop", () => {
    it("finishes the step at an abort and resolves with what was done", async () => {
      const model = tinyBert();
      const controller = new AbortController();
      const { signal } = controller;
      const stop = (event: { type: string; step?: number }): void =>
        void (event.type === "step" && event.step === 2 && controller.abort());
      const history = await new Trainer(model, { signal, callbacks: [stop], logEvery: 100, progress: "silent" }).fit(
        loaderOf(80),
        { evalLoader: loaderOf(8) },
      );
      expect(history).to.include({ stoppedBy: "abort", steps: 2, totalSteps: 30, examples: 16 });
      expect(history.log.map(({ step }) => step)).to.deep.equal([2]);
      expect(history.evaluations).to.deep.equal([]);
      model.dispose();
    });

    it("does nothing under a signal that was aborted before", async () => {
      const model = tinyBert();
      const before = weights(model);
      const history = await new Trainer(model, { signal: AbortSignal.abort(), progress: "silent" }).fit(loaderOf(32));
      expect(history).to.include({ stoppedBy: "abort", steps: 0 });
      expect(weights(model)).to.deep.equal(before);
      model.dispose();
    });

    const start = (...args: string[]): ChildProcess =>
      spawn(process.execPath, ["-r", REGISTER, join(__dirname, "../support/fit-until-signal.ts"), ...args], {
        stdio: ["ignore", "pipe", "inherit"],
      });

    /** Sends a signal once training runs; resolves with the output and how the process ended. */
    async function interrupted(
      child: ChildProcess,
      how: NodeJS.Signals,
      times: number,
    ): Promise<{ lines: string[]; code: number | null; signal: NodeJS.Signals | null }> {
      let text = "";
      child.stdout?.setEncoding("utf8");
      child.stdout?.on("data", (part: string) => {
        if (text === "") {
          for (let i = 0; i < times; i++) setTimeout(() => child.kill(how), 300 + i * 500);
        }
        text += part;
      });
      return new Promise((resolve) =>
        child.once("close", (code, signal) => resolve({ lines: text.trim().split("\n"), code, signal })),
      );
    }

    for (const how of ["SIGINT", "SIGTERM"] as const) {
      it(`takes ${how}: finishes the step, resolves, stops listening, and the process ends well`, async () => {
        const { lines, code, signal } = await interrupted(start(), how, 1);
        expect({ code, signal }).to.deep.equal({ code: 0, signal: null });
        const outcome = JSON.parse(lines[1] ?? "null") as Record<string, unknown>;
        expect(outcome).to.include({ stoppedBy: how, listeners: 0, busy: false });
        expect(outcome["steps"]).to.be.greaterThan(0);
        expect(outcome["lastLogged"]).to.equal(outcome["steps"]);
      });

      it(`leaves a second ${how} to Node, which ends the process`, async () => {
        expect(await interrupted(start("hang"), how, 2)).to.deep.equal({ lines: ["step"], code: null, signal: how });
      });
    }
  });

  describe("with outputDir", () => {
    it("writes the settings, the outcome and one line per event", async () => {
      await inFolder(async (folder) => {
        const model = tinyBert();
        const outputDir = join(folder, "a", "run");
        const history = await new Trainer(model, { maxSteps: 3, logEvery: 2, outputDir, progress: "silent" }).fit(
          loaderOf(16),
          { evalLoader: loaderOf(8) },
        );
        const record = JSON.parse(await readFile(join(outputDir, "training.json"), "utf8")) as Record<string, never>;
        expect(record).to.deep.include({
          labels: ["good", "bad"],
          plan: { totalSteps: 3, warmupSteps: 0 },
          data: { examples: 16, batchSize: 8, batches: 2 },
        });
        expect(record["options"]).to.include({ maxSteps: 3, learningRate: 5e-5, seed: 42 });
        expect(record["outcome"]).to.include({ steps: 3, stoppedBy: "end", loss: history.loss });
        const lines = (await readFile(join(outputDir, "log.jsonl"), "utf8"))
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line) as Record<string, unknown>);
        expect(lines.map(({ type }) => type)).to.deep.equal([
          "run",
          "start",
          "log",
          "evaluate",
          "log",
          "evaluate",
          "end",
        ]);
        expect(lines[2]).to.deep.include({ ...history.log[0] });
        model.dispose();
      });
    });

    it("refuses a folder that cannot be made, before the first step", async () => {
      await inFolder(async (folder) => {
        await writeFile(join(folder, "file"), "");
        const model = tinyBert();
        const before = weights(model);
        const error = await new Trainer(model, { outputDir: join(folder, "file", "run"), progress: "silent" })
          .fit(loaderOf(8))
          .catch(reason);
        expect(error).to.include({ code: "ERR_FILE_WRITE" });
        expect(weights(model)).to.deep.equal(before);
        await mkdir(join(folder, "run"));
        model.dispose();
      });
    });
  });
});
