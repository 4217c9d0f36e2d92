import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { DataLoader } from "../../lib/data/data-loader";
import { memory } from "../../lib/tensor/memory";
import type { Tokenizer } from "../../lib/text/tokenizer";
import { eventStream } from "../../lib/train/event-stream";
import type { History, TrainerCallback, TrainerEvent } from "../../lib/train/events";
import type { TrainerOptions } from "../../lib/train/options";
import { type FitOptions, Trainer } from "../../lib/train/trainer";
import { HISTORY, START, stepEvent } from "../support/run-events";
import { inFolder, tinyBert, tinyData, tinyTokenizer } from "../support/tiny-bert";

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2));

describe("eventStream", () => {
  /** A run of so many steps that notes what it goes through. */
  function run(steps: number, failAt?: number) {
    const notes: string[] = [];
    const start = async (listener: TrainerCallback, signal: AbortSignal): Promise<History> => {
      notes.push("begun");
      await listener(START);
      for (let step = 1; step <= steps && !signal.aborted; step++) {
        if (step === failAt) throw new Error(`failed at ${step}`);
        notes.push(`step ${step}`);
        await listener(stepEvent(step));
      }
      await turn(); // a checkpoint is written
      await listener({ type: "end", history: HISTORY });
      notes.push(signal.aborted ? "aborted" : "ended");
      return HISTORY;
    };
    return { notes, stream: eventStream(start) };
  }

  it("begins with the first event that is asked for, and gives all of them in order, and then the history", async () => {
    const { notes, stream } = run(2);
    await turn();
    expect(notes).to.deep.equal([]);
    const types: string[] = [];
    for (;;) {
      const { value, done } = await stream.next();
      if (done === true) {
        expect(value).to.equal(HISTORY);
        break;
      }
      types.push(value.type);
    }
    expect(types).to.deep.equal(["start", "step", "step", "end"]);
    expect(notes.at(-1)).to.equal("ended");
  });

  it("lets the run wait while an event is held", async () => {
    const { notes, stream } = run(3);
    for await (const event of stream) {
      if (event.type !== "step") continue;
      await turn();
      expect(notes.at(-1)).to.equal(`step ${event.step}`);
    }
  });

  it("aborts the run where the loop is left, and is over when the run is", async () => {
    const { notes, stream } = run(5);
    for await (const event of stream) if (event.type === "step" && event.step === 2) break;
    expect(notes).to.deep.equal(["begun", "step 1", "step 2", "aborted"]);
    expect(await stream.next()).to.deep.equal({ value: undefined, done: true });
  });

  it("aborts the run where the loop's body throws, which is what comes out", async () => {
    const { notes, stream } = run(5);
    const thrown = await (async () => {
      for await (const event of stream) if (event.type === "step") throw new Error("mine");
    })().catch((error: unknown) => error);
    expect(thrown).to.have.property("message", "mine");
    expect(notes.at(-1)).to.equal("aborted");
  });

  it("throws what the run fails with, from the loop or where it is left", async () => {
    const message = async (work: () => Promise<void>): Promise<unknown> =>
      work().then(
        () => "none",
        (error: unknown) => (error as Error).message,
      );
    const types: string[] = [];
    expect(
      await message(async () => {
        for await (const { type } of run(5, 2).stream) types.push(type);
      }),
    ).to.equal("failed at 2");
    expect(types).to.deep.equal(["start", "step"]);
    const never = eventStream(async (listener, signal) => {
      await listener(START);
      throw new Error(`no space, ${signal.aborted ? "aborted" : "going on"}`);
    });
    expect(
      await message(async () => {
        for await (const _ of never) break;
      }),
    ).to.equal("no space, aborted");
    expect(
      await message(async () => {
        for await (const _ of run(5, 1).stream) expect(_.type).to.equal("start");
      }),
    ).to.equal("failed at 1");
  });

  it("does nothing where nobody asks", async () => {
    const { notes, stream } = run(1);
    await stream.return(HISTORY);
    expect(notes).to.deep.equal([]);
  });
});

describe("the events of a fit as a loop", () => {
  let tokenizer: Tokenizer;
  before(async () => (tokenizer = await tinyTokenizer()));

  const loader = (rows = 32): DataLoader =>
    new DataLoader(tinyData(rows), { tokenizer, batchSize: 8, shuffle: true, device: "cpu" });

  /** As `trainer.run(loader, fit)` of a new Trainer. */
  function events(model: ReturnType<typeof tinyBert>, options: TrainerOptions, fit: FitOptions = {}) {
    return eventStream((listener, signal) =>
      new Trainer(model, { progress: "silent", ...options, callbacks: [listener], signal }).fit(loader(), fit),
    );
  }

  it("are those that callbacks get", async () => {
    const model = tinyBert();
    const seen: TrainerEvent["type"][] = [];
    for await (const { type } of events(model, { maxSteps: 3, logEvery: 2 }, { evalLoader: loader(8) })) {
      seen.push(type);
    }
    expect(seen).to.deep.equal(["start", "step", "step", "log", "step", "log", "evaluate", "end"]);
    model.dispose();
  });

  it("stop with a checkpoint where the loop is left; nothing stays behind, and the model is free", () =>
    inFolder(async (outputDir) => {
      const model = tinyBert();
      const before = { tensors: memory().liveTensors, listeners: process.listenerCount("SIGINT") };
      for await (const event of events(model, { epochs: 9, outputDir, saveStrategy: "epoch" })) {
        if (event.type === "step" && event.step === 3) break;
      }
      expect(existsSync(join(outputDir, "checkpoint-3", "manifest.json"))).to.equal(true);
      expect({ tensors: memory().liveTensors, listeners: process.listenerCount("SIGINT") }).to.deep.equal(before);
      const resumed: number[] = [];
      for await (const event of events(model, { maxSteps: 5, outputDir, saveStrategy: "epoch" }, { resume: "auto" })) {
        if (event.type === "step") resumed.push(event.step);
      }
      expect(resumed).to.deep.equal([4, 5]);
      model.dispose();
    }));
});
