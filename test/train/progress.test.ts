import { expect } from "chai";
import type { TrainerEvent } from "../../lib/train/events";
import type { ProgressMode } from "../../lib/train/options";
import { Progress } from "../../lib/train/progress";
import {
  formatBar,
  formatBarLine,
  formatBatches,
  formatDuration,
  formatLearningRate,
  formatLine,
  formatMeasure,
  formatNorm,
  formatRate,
  formatShare,
} from "../../lib/train/progress-format";
import type { ProgressState } from "../../lib/train/progress-state";
import { thrown } from "../support/rejection";
import { END, evaluateEvent, logEvent, START, stepEvent } from "../support/run-events";

const state: ProgressState = {
  device: "cuda:0",
  step: 50,
  totalSteps: 200,
  epoch: 0.75,
  epochs: 3,
  loss: 1.23456,
  learningRate: 4.5e-5,
  gradNorm: 0.98765,
  examplesPerSecond: 123.4,
  tokensPerSecond: 4567,
  paddingShare: 0.1249,
  peakBytes: 1.25 * 2 ** 30,
  secondsLeft: 125,
};

describe("progress formatting", () => {
  it("writes durations in two units at most", () => {
    expect([0, 7.4, 59.6, 125, 3599, 3725, 90_000].map(formatDuration)).to.deep.equal([
      "0s",
      "7s",
      "1m 00s",
      "2m 05s",
      "59m 59s",
      "1h 02m",
      "25h 00m",
    ]);
    expect([NaN, Infinity].map(formatDuration)).to.deep.equal(["?", "?"]);
  });

  it("writes rates with three digits or a unit", () => {
    expect([0.5, 7.314, 42, 412.7, 12_345, 1_234_567].map(formatRate)).to.deep.equal([
      "0.500",
      "7.31",
      "42.0",
      "413",
      "12.3k",
      "1.2M",
    ]);
  });

  it("writes learning rates in exponent form", () => {
    expect([0, 5e-5, 4.213e-5, 1, 2e-10].map(formatLearningRate)).to.deep.equal([
      "0",
      "5e-5",
      "4.21e-5",
      "1e+0",
      "2e-10",
    ]);
  });

  it("writes norms, shares and metrics of any size", () => {
    expect([0, 0.98765, 12.34, 9999, 123_456, NaN].map(formatNorm)).to.deep.equal([
      "0.00",
      "0.988",
      "12.3",
      "1.00e+4",
      "1.2e+5",
      "NaN",
    ]);
    expect([0, 0.1249, 1].map(formatShare)).to.deep.equal(["0%", "12%", "100%"]);
    expect([0, 0.5, -1.25, 1.5e-4, 2.5e7, NaN, Infinity].map(formatMeasure)).to.deep.equal([
      "0.0000",
      "0.5000",
      "-1.2500",
      "1.500e-4",
      "2.500e+7",
      "NaN",
      "Infinity",
    ]);
  });

  it("fills the bar in proportion and never beyond its ends", () => {
    expect([-1, 0, 0.5, 1, 2].map((share) => formatBar(share, 4))).to.deep.equal([
      "░░░░",
      "░░░░",
      "██░░",
      "████",
      "████",
    ]);
  });

  it("shows everything in a plain line", () => {
    expect(formatLine(state)).to.equal(
      "step 50/200  epoch 0.75  loss 1.2346  lr 4.5e-5  grad norm 0.988  123 examples/s  4.6k tokens/s  12% padding  1.3 GiB peak  2m 05s left  cuda:0",
    );
  });

  it("leaves out what is not known yet", () => {
    expect(formatLine({ device: "cpu", step: 0, totalSteps: 9, epoch: 0 })).to.equal("step 0/9  epoch 0.00  cpu");
  });

  it("has a bar for the epoch and one for the steps, in words where there is room and in short forms where not", () => {
    expect(formatBarLine(state, 200)).to.equal(
      `epoch 1/3 ████████░░  step 50/200  ${formatBar(0.25, 30)}   25%  loss 1.2346  lr 4.5e-5  grad norm 0.988  123 examples/s  4.6k tokens/s  12% padding  1.3 GiB peak  2m 05s left  cuda:0`,
    );
    expect(formatBarLine(state, 140)).to.equal(
      `epoch 1/3 ████████░░ 50/200 ${formatBar(0.25, 23)}  25% loss 1.2346 lr 4.5e-5 grad 0.988 123ex/s 4.6ktok/s 12%pad 1.3GiB 2m05s left cuda:0`,
    );
  });

  it("drops the least important first where a terminal is narrow, the bar only after that", () => {
    expect(formatBarLine(state, 120)).to.match(
      /^epoch 1\/3 █+░+ 50\/200 █+░+ {2}25% loss 1.2346 lr 4.5e-5 grad 0.988 123ex\/s 4.6ktok\/s 12%pad 1.3GiB 2m05s left$/,
    );
    expect(formatBarLine(state, 80)).to.match(
      /^epoch 0.75 50\/200 █+░+ {2}25% loss 1.2346 lr 4.5e-5 grad 0.988 2m05s left$/,
    );
    expect(formatBarLine(state, 60)).to.match(/^50\/200 █+░+ {2}25% loss 1.2346 lr 4.5e-5 2m05s left$/);
    expect(formatBarLine(state, 37)).to.match(/^█+░+ {2}25% loss 1.2346 2m05s left$/);
    expect(formatBarLine(state, 24)).to.equal(" 25% loss 1.2346");
    expect(formatBarLine(state, 6)).to.equal(" 25%");
  });

  it("fits every width of terminal, the longest numbers, too", () => {
    const long: ProgressState = {
      ...state,
      device: "cuda:15",
      step: 1_234_567,
      totalSteps: 4_000_000,
      epoch: 99.99,
      epochs: 324,
      loss: -1.234e-10,
      learningRate: 4.213e-10,
      gradNorm: 1.2e5,
      examplesPerSecond: 999.9,
      tokensPerSecond: 123_456_789,
      paddingShare: 1,
      peakBytes: 1023.9 * 2 ** 30,
      secondsLeft: 359_999,
    };
    for (const each of [
      state,
      long,
      { device: "cpu", step: 0, totalSteps: 0, epoch: 0 },
      { ...state, step: 200, epoch: 3, secondsLeft: 0, loss: NaN, gradNorm: NaN },
    ]) {
      for (let columns = 0; columns <= 260; columns++) {
        expect(formatBarLine(each, columns).length).to.be.at.most(Math.max(0, columns - 1));
        expect(
          formatBatches({ operation: "evaluate", done: 3, total: 12_345, secondsLeft: 359_999 }, columns).length,
        ).to.be.at.most(Math.max(0, columns - 1));
      }
    }
  });

  it("shows an epoch as whole at its end, and the next one from its first step", () => {
    const epoch = (done: number): string => formatBarLine({ ...state, epoch: done }, 140).slice(0, 20);
    expect([0, 0.1, 1, 1.1, 3].map(epoch)).to.deep.equal([
      "epoch 1/3 ░░░░░░░░░░",
      "epoch 1/3 █░░░░░░░░░",
      "epoch 1/3 ██████████",
      "epoch 2/3 █░░░░░░░░░",
      "epoch 3/3 ██████████",
    ]);
  });

  it("shows an evaluation's batches and the time that is left", () => {
    const batches = { operation: "evaluate", done: 3, total: 12, secondsLeft: 65 };
    expect(formatBatches(batches, 120)).to.equal(`evaluate  ${formatBar(0.25, 30)}  25%  batch 3/12  1m 05s left`);
    expect(formatBatches(batches, 50)).to.match(/^evaluate {2}█+░+ {2}25% {2}batch 3\/12 {2}1m 05s left$/);
    expect(formatBatches(batches, 30)).to.match(/^evaluate {2}█+░+ {2}25%$/);
    expect(formatBatches(batches, 10)).to.equal(" 25%");
  });
});

describe("Progress", () => {
  /** What a run at one step per second writes. */
  function written(mode: ProgressMode, isTTY: boolean, events: readonly TrainerEvent[], columns = 160): string {
    let text = "";
    let clock = 0;
    const output = { isTTY, columns, write: (part: string) => (text += part) };
    const progress = new Progress(mode, { output, notebook: undefined, now: () => clock });
    for (const event of events) {
      progress.onEvent(event);
      clock += 1000;
    }
    progress.close();
    return text;
  }

  it("writes plain lines without control characters where there is no terminal, with all that is known", () => {
    const text = written("auto", false, [
      START,
      stepEvent(1),
      logEvent(1),
      stepEvent(4),
      logEvent(4),
      evaluateEvent(4, { weightedF1: 0.1 }),
      END,
    ]);
    expect(text).to.not.match(/[\r\x1b]/);
    const lines = text.trimEnd().split("\n");
    expect(lines[0]).to.equal("training on cpu: 32 examples, 4 batches per epoch, 4 steps, 1 of warm-up");
    // The last step is shown, however soon.
    expect(lines.at(-3)).to.equal(
      "step 4/4  epoch 1.00  loss 0.2500  lr 1e-5  grad norm 2.00  8.00 examples/s  50.0 tokens/s  25% padding  2.0 KiB peak  0s left  cpu",
    );
    expect(lines.at(-2)).to.equal("evaluated at step 4  loss 0.5000  accuracy 0.7500  macroF1 0.7000");
    expect(lines.at(-1)).to.equal("trained 2 of 4 steps in 1m 04s, stopped by SIGINT  mean loss 1.0000");
  });

  it("does not flood a log: lines of steps keep their distance", () => {
    const text = written("lines", false, [START, logEvent(1), logEvent(2), logEvent(3)]);
    expect(text.trimEnd().split("\n")).to.have.length(1);
  });

  it("rewrites one line in a terminal and leaves it closed", () => {
    const text = written("auto", true, [START, stepEvent(1), logEvent(1), stepEvent(2)]);
    const [first, rest = ""] = text.split("\n");
    expect(first).to.contain("training on cpu");
    expect(rest.split("\r\x1b[2K").slice(1)).to.have.length(3);
    expect(text.endsWith("\n")).to.equal(true);
  });

  it("estimates the time left from the steps done since the run began or went on", () => {
    const text = written("bar", true, [START, stepEvent(1), stepEvent(2)]); // step 2 two seconds after the start
    expect(text).to.match(/step 2\/4 .* 2s left/);
    const resumed = written("bar", true, [
      { ...START, totalSteps: 10 },
      {
        type: "resume",
        step: 5,
        epoch: 1,
        folder: "runs/checkpoint-5\u001b[2J",
        passedOver: [{ folder: "runs/checkpoint-6", reason: "cut short" }],
      },
      stepEvent(6),
    ]);
    expect(resumed)
      .to.contain("passed over runs/checkpoint-6: cut short\n")
      .and.to.contain("going on at step 5 from runs/checkpoint-5\\u001b[2J\n");
    expect(resumed).to.match(/step 6\/10 .* 8s left/); // one step in two seconds
  });

  it("gives an evaluation a bar of its own, in the place of the other, with the time it needs", () => {
    let text = "";
    let clock = 0;
    const progress = new Progress("bar", {
      output: { columns: 100, write: (part) => (text += part) },
      notebook: undefined,
      now: () => clock,
    });
    for (let done = 1; done <= 3; done++, clock += 1000) progress.batches("evaluate", done, 6);
    const shown = text.split("\r\x1b[2K").slice(1);
    expect(shown.map((line) => line.replace(/[█░]+/, "…"))).to.deep.equal([
      "evaluate  …  16%  batch 1/6",
      "evaluate  …  33%  batch 2/6  4s left",
      "evaluate  …  50%  batch 3/6  3s left",
    ]);
    progress.close();
    progress.close();
    expect(text.match(/\n/g)).to.have.length(1);
  });

  it("is silent on request, and refuses to be a notebook's where there is none", () => {
    expect(written("silent", true, [START, stepEvent(1), logEvent(1), END])).to.equal("");
    expect(thrown(() => new Progress("notebook", { notebook: undefined }), "ERR_INVALID_ARG").message).to.contain(
      "tslab",
    );
  });
});
