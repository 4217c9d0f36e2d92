import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { expect } from "chai";
import { TensorBoardLogger } from "../../../lib/train/logs/tensorboard-logger";
import type { TrainerEvent } from "../../../lib/train/events";
import type { RunInfo } from "../../../lib/train/logs/trainer-logger";
import { type ReadEvent, readEvents } from "../../support/event-file";
import {
  END,
  evaluateEvent,
  evaluationEntry,
  logEntry,
  logEvent,
  runInfo,
  START,
  stepEvent,
} from "../../support/run-events";
import { inFolder } from "../../support/tiny-bert";

async function write(folder: string, events: readonly TrainerEvent[], run: RunInfo = runInfo()): Promise<void> {
  const logger = new TensorBoardLogger(folder);
  await logger.open(run);
  for (const event of events) await logger.onEvent(event);
  await logger.close();
}

/** The events of each file of each run, in the order in which TensorBoard reads them. */
async function read(folder: string): Promise<ReadEvent[][][]> {
  const runs = (await readdir(folder)).sort();
  return Promise.all(
    runs.map(async (run) => {
      const files = (await readdir(join(folder, run))).sort();
      return Promise.all(files.map(async (file) => readEvents(await readFile(join(folder, run, file)))));
    }),
  );
}

const scalars = (events: readonly ReadEvent[]): [string, number, number][] =>
  events.flatMap(({ scalar, step }): [string, number, number][] => (scalar ? [[scalar.tag, scalar.value, step]] : []));

describe("TensorBoardLogger", () => {
  it("writes what Hugging Face's TensorBoardCallback does, under its names, and more in their manner", () =>
    inFolder(async (folder) => {
      await write(folder, [
        START,
        stepEvent(1),
        logEvent(2, { skippedSteps: 1 }),
        evaluateEvent(2, { "my metric": 3 }),
        END,
      ]);
      const [[events = []] = []] = await read(folder);
      expect(events[0]?.version).to.equal("brain.Event:2");
      expect(events[1]?.text).to.deep.equal({
        tag: "args/text_summary",
        text: '{\n  "epochs": 1,\n  "learningRate": 0.00001\n}',
        plugin: "text",
        dtype: 7,
        shape: [1],
      });
      const single = Math.fround;
      expect(scalars(events)).to.deep.equal([
        ["train/epoch", 0.5, 2],
        ["train/loss", 0.5, 2],
        ["train/learning_rate", single(1e-5), 2],
        ["train/grad_norm", 2, 2],
        ["train/examples_per_second", 8, 2],
        ["train/tokens_per_second", 50, 2],
        ["train/padding_share", 0.25, 2],
        ["train/skipped_steps", 1, 2],
        ["train/memory_allocated_bytes", 1000, 2],
        ["train/memory_peak_bytes", 2048, 2],
        ["train/epoch", 0.5, 2],
        ["eval/loss", 0.5, 2],
        ["eval/accuracy", 0.75, 2],
        ["eval/macro_f1", single(0.7), 2],
        ["eval/my metric", 3, 2],
        ["eval/runtime", 2, 2],
        ["eval/samples_per_second", 10, 2],
        ["train/epoch", 0.5, 2],
        ["train/train_runtime", 64, 2],
        ["train/train_samples_per_second", 0.25, 2],
        ["train/train_steps_per_second", 0.03125, 2],
        ["train/train_loss", 1, 2],
      ]);
    }));

  it("has on disk what it was told, before the run goes on", () =>
    inFolder(async (folder) => {
      const logger = new TensorBoardLogger(folder);
      await logger.open(runInfo());
      for (let step = 1; step <= 3; step++) {
        await logger.onEvent(logEvent(step));
        const [[events = []] = []] = await read(folder);
        expect(events.filter(({ scalar }) => scalar?.tag === "train/loss")).to.have.length(step);
      }
      await logger.close();
    }));

  it("gives each run a folder; one that goes on has another file in the newest, which hides what came behind its checkpoint", () =>
    inFolder(async (folder) => {
      await write(folder, [logEvent(1)]);
      await wait(2); // folders are named by the millisecond
      await write(folder, [logEvent(1), logEvent(2), logEvent(3)]);
      await write(
        folder,
        [logEvent(3), logEvent(4)],
        runInfo({ step: 2, log: [logEntry(1), logEntry(2)], evaluations: [evaluationEntry(2)] }),
      );
      const runs = await read(folder);
      expect(runs.map((files) => files.length)).to.deep.equal([1, 2]);
      const resumed = runs[1]?.[1] ?? [];
      // As SummaryWriter(purge_step=3): step 3 and what follows are forgotten.
      expect(resumed.slice(0, 2).map(({ step, session }) => [step, session])).to.deep.equal([
        [3, undefined],
        [3, 1],
      ]);
      expect(
        scalars(resumed)
          .filter(([tag]) => tag === "train/loss")
          .map(([, , step]) => step),
      ).to.deep.equal([3, 4]);
    }));

  it("goes on in a folder of its own where the earlier ones are gone", () =>
    inFolder(async (folder) => {
      await write(join(folder, "runs"), [logEvent(3)], runInfo({ step: 2, log: [], evaluations: [] }));
      expect(await read(join(folder, "runs"))).to.have.length(1);
    }));
});
