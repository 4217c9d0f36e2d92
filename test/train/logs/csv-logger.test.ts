import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { CsvLogger } from "../../../lib/train/logs/csv-logger";
import type { TrainerEvent } from "../../../lib/train/events";
import type { RunInfo } from "../../../lib/train/logs/trainer-logger";
import { rejection } from "../../support/rejection";
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

const HEADER =
  "step,epoch,loss,learning_rate,grad_norm,skipped_steps,examples_per_second,tokens_per_second,padding_share,memory_allocated_bytes,memory_peak_bytes," +
  "eval_loss,eval_runtime,eval_samples_per_second";

async function write(path: string, events: readonly TrainerEvent[], run: RunInfo = runInfo()): Promise<string> {
  const logger = new CsvLogger(path);
  await logger.open(run);
  for (const event of events) await logger.onEvent(event);
  return readFile(path, "utf8");
}

describe("CsvLogger", () => {
  it("writes a header and a row for each log and evaluation, as RFC 4180 has it", () =>
    inFolder(async (folder) => {
      const path = join(folder, "made", "log.csv");
      const text = await write(path, [
        START,
        stepEvent(1),
        logEvent(1),
        logEvent(2, { skippedSteps: 1, loss: NaN }),
        evaluateEvent(2),
        END,
      ]);
      expect(text).to.equal(
        [
          `${HEADER},eval_accuracy,eval_macro_f1`,
          "1,0.25,1,0.00001,2,,8,50,0.25,1000,2048,,,,,",
          "2,0.5,NaN,0.00001,2,1,8,50,0.25,1000,2048,,,,,",
          "2,0.5,,,,,,,,,,0.5,2,10,0.75,0.7",
          "",
        ].join("\r\n"),
      );
    }));

  it("is whole after every event", () =>
    inFolder(async (folder) => {
      const path = join(folder, "log.csv");
      const logger = new CsvLogger(path);
      const lines = async (): Promise<number> => (await readFile(path, "utf8")).split("\r\n").length - 1;
      await logger.open(runInfo());
      expect(await lines()).to.equal(1);
      for (const [i, event] of [logEvent(1), evaluateEvent(1), logEvent(2), evaluateEvent(2)].entries()) {
        await logger.onEvent(event);
        expect(await lines()).to.equal(i + 2);
      }
    }));

  it("adds a column for a metric that comes later, whatever it is called", () =>
    inFolder(async (folder) => {
      const path = join(folder, "log.csv");
      const name = 'cost, "in €"\nper day';
      await write(path, [logEvent(1), evaluateEvent(1), logEvent(2), evaluateEvent(2, { [name]: 3.5 })]);
      const text = await readFile(path, "utf8");
      const [header, ...rows] = [
        text.slice(0, text.indexOf("\r\n")),
        ...text
          .slice(text.indexOf("\r\n") + 2)
          .trimEnd()
          .split("\r\n"),
      ];
      expect(header).to.equal(`${HEADER},eval_accuracy,eval_macro_f1,"eval_cost, ""in €""\nper day"`);
      expect(rows.map((row) => row.split(",").length)).to.deep.equal([17, 17, 17, 17]);
      expect(rows.map((row) => row.split(",").at(-1))).to.deep.equal(["", "", "", "3.5"]);
    }));

  it("goes on without a second header, and without the rows behind the checkpoint", () =>
    inFolder(async (folder) => {
      const path = join(folder, "log.csv");
      const past = [logEvent(1), logEvent(2), evaluateEvent(2)];
      const whole = await write(path, [...past, logEvent(3), logEvent(4)]);
      // Killed in the middle of a row, behind a checkpoint at step 2.
      await write(path, [...past, logEvent(3, { loss: 77 })]);
      await writeFile(path, `${await readFile(path, "utf8")}4,1,0.2`);
      const resumed = { step: 2, log: [logEntry(1), logEntry(2)], evaluations: [evaluationEntry(2)] };
      expect(await write(path, [logEvent(3), logEvent(4)], runInfo(resumed))).to.equal(whole);
    }));

  it("writes thousands of rows of the past", () =>
    inFolder(async (folder) => {
      const log = Array.from({ length: 2500 }, (_, i) => logEntry(i + 1));
      const lines = (
        await write(join(folder, "log.csv"), [logEvent(2501)], runInfo({ step: 2500, log, evaluations: [] }))
      )
        .trimEnd()
        .split("\r\n");
      expect(lines.slice(1).map((line) => Number(line.split(",")[0]))).to.deep.equal(
        Array.from({ length: 2501 }, (_, i) => i + 1),
      );
    }));

  it("puts the file of an earlier run aside where one begins anew", () =>
    inFolder(async (folder) => {
      const path = join(folder, "log.csv");
      const earlier = await write(path, [logEvent(1)]);
      const later = await write(path, [logEvent(2)]);
      expect(later).to.not.contain("\r\n1,");
      expect(await readFile(join(folder, "superseded-log.csv"), "utf8")).to.equal(earlier);
    }));

  it("says which file it could not write", () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, "file"), "");
      const path = join(folder, "file", "log.csv");
      expect((await rejection(write(path, []), "ERR_FILE_WRITE")).message).to.contain(path);
    }));
});
