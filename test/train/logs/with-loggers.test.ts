import { expect } from "chai";
import type { TrainerLogger } from "../../../lib/train/logs/trainer-logger";
import { asLogger, logValues } from "../../../lib/train/logs/trainer-logger";
import { withLoggers } from "../../../lib/train/logs/with-loggers";
import { evaluateEvent, logEvent, runInfo, START, stepEvent } from "../../support/run-events";

describe("withLoggers", () => {
  /** Loggers that note what is done to them; those named fail at it. */
  function noting(
    names: readonly string[],
    failures: readonly string[] = [],
  ): { readonly loggers: TrainerLogger[]; readonly notes: string[] } {
    const notes: string[] = [];
    const note = async (what: string): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve));
      notes.push(what);
      if (failures.includes(what.replace(/:.*/, ""))) throw new Error(what);
    };
    const loggers = names.map((name) => ({
      open: () => note(`open ${name}`),
      onEvent: () => undefined,
      close: (error?: unknown) => note(`close ${name}${error === undefined ? "" : `: ${(error as Error).message}`}`),
    }));
    return { loggers, notes };
  }

  const message = async (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => "none",
      (error: unknown) => (error as Error).message,
    );

  it("opens them in order, awaits the work, and closes them in reverse order", async () => {
    const { loggers, notes } = noting(["a", "b"]);
    expect(await withLoggers(loggers, runInfo(), async () => notes.push("work"))).to.equal(3);
    expect(notes).to.deep.equal(["open a", "open b", "work", "close b", "close a"]);
  });

  it("closes all of them after a failure, which it tells them and throws", async () => {
    const { loggers, notes } = noting(["a", "b"], ["close b"]);
    expect(await message(withLoggers(loggers, runInfo(), () => Promise.reject(new Error("no memory"))))).to.equal(
      "no memory",
    );
    expect(notes).to.deep.equal(["open a", "open b", "close b: no memory", "close a: no memory"]);
  });

  it("closes those that were opened where one could not be", async () => {
    const { loggers, notes } = noting(["a", "b", "c"], ["open b"]);
    expect(await message(withLoggers(loggers, runInfo(), async () => notes.push("work")))).to.equal("open b");
    expect(notes).to.deep.equal(["open a", "open b", "close a: open b"]);
  });

  it("closes the others where one could not be closed, and throws that", async () => {
    const { loggers, notes } = noting(["a", "b"], ["close a", "close b"]);
    expect(await message(withLoggers(loggers, runInfo(), async () => undefined))).to.equal("close b");
    expect(notes.slice(2)).to.deep.equal(["close b", "close a"]);
  });

  it("takes loggers that only listen, and plain functions as such", async () => {
    const seen: string[] = [];
    const loggers = [
      asLogger((event) => void seen.push(event.type)),
      asLogger({ onEvent: ({ type }) => void seen.push(type) }),
    ];
    await withLoggers(loggers, runInfo(), async () => {
      for (const logger of loggers) await logger.onEvent(START);
    });
    expect(seen).to.deep.equal(["start", "start"]);
  });
});

describe("logValues", () => {
  it("gives numbers by Hugging Face's names, and those of no metric as they are called", () => {
    expect(logValues(logEvent(2, { lossScale: 1024 }))).to.deep.equal({
      step: 2,
      values: {
        epoch: 0.5,
        loss: 0.5,
        learning_rate: 1e-5,
        grad_norm: 2,
        examples_per_second: 8,
        tokens_per_second: 50,
        padding_share: 0.25,
        loss_scale: 1024,
        memory_allocated_bytes: 1000,
        memory_peak_bytes: 2048,
      },
    });
    expect(logValues(evaluateEvent(3, { "Top-5 Error": 0.25, myF2: 1 }))).to.deep.equal({
      step: 3,
      values: {
        epoch: 0.75,
        eval_loss: 0.5,
        eval_accuracy: 0.75,
        eval_macro_f1: 0.7,
        "eval_Top-5 Error": 0.25,
        eval_my_f2: 1,
        eval_runtime: 2,
        eval_samples_per_second: 10,
      },
    });
    expect([START, stepEvent(1)].map(logValues)).to.deep.equal([undefined, undefined]);
  });
});
