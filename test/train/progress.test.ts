import { expect } from "chai";
import type { Evaluation } from "../../lib/train/evaluation";
import type { History, TrainerEvent } from "../../lib/train/events";
import type { ProgressMode } from "../../lib/train/options";
import { Progress } from "../../lib/train/progress";
import { formatBar, formatBarLine, formatDuration, formatLearningRate, formatLine, formatRate } from "../../lib/train/progress-format";

const state = {
  device: "cuda:0", step: 50, totalSteps: 200, epoch: 0.75, loss: 1.23456, learningRate: 4.5e-5, examplesPerSecond: 123.4,
  tokensPerSecond: 4567, secondsLeft: 125,
};

describe("progress formatting", () => {
  it("writes durations in two units at most", () => {
    expect([0, 7.4, 59.6, 125, 3599, 3725, 90_000].map(formatDuration)).to.deep.equal(
      ["0s", "7s", "1m 00s", "2m 05s", "59m 59s", "1h 02m", "25h 00m"],
    );
    expect([NaN, Infinity].map(formatDuration)).to.deep.equal(["?", "?"]);
  });

  it("writes rates with three digits or a unit", () => {
    expect([0.5, 7.314, 42, 412.7, 12_345, 1_234_567].map(formatRate)).to.deep.equal(["0.500", "7.31", "42.0", "413", "12.3k", "1.2M"]);
  });

  it("writes learning rates in exponent form", () => {
    expect([0, 5e-5, 4.213e-5, 1, 2e-10].map(formatLearningRate)).to.deep.equal(["0", "5e-5", "4.21e-5", "1e+0", "2e-10"]);
  });

  it("fills the bar in proportion and never beyond its ends", () => {
    expect([-1, 0, 0.5, 1, 2].map((share) => formatBar(share, 4))).to.deep.equal(["░░░░", "░░░░", "██░░", "████", "████"]);
  });

  it("shows loss, learning rate, examples and tokens per second, time left and the device", () => {
    expect(formatLine(state)).to.equal(
      "step 50/200  epoch 0.75  loss 1.2346  lr 4.5e-5  123 examples/s  4.6k tokens/s  2m 05s left  cuda:0",
    );
  });

  it("leaves out what is not known yet", () => {
    expect(formatLine({ device: "cpu", step: 0, totalSteps: 9, epoch: 0 })).to.equal("step 0/9  epoch 0.00  cpu");
  });

  it("fits every width of terminal, dropping the bar first", () => {
    for (const columns of [0, 1, 20, 80, 105, 120, 200]) {
      expect(formatBarLine(state, columns).length).to.be.at.most(Math.max(0, columns - 1));
    }
    expect(formatBarLine(state, 200)).to.contain("█").and.to.contain(" 25%  step 50/200");
    expect(formatBarLine(state, 50)).to.not.contain("█");
  });

  it("shows all of it with a bar in 80 columns, in short forms", () => {
    expect(formatBarLine(state, 80)).to.equal("██░░░░░░░  25% 50/200 loss 1.2346 lr 4.5e-5 123ex/s 4.6ktok/s 2m05s left cuda:0");
    const wide = { ...state, step: 123_456, totalSteps: 400_000, loss: 12.3456, learningRate: 4.213e-10, examplesPerSecond: 999.9, tokensPerSecond: 123_456, secondsLeft: 86_399 };
    const line = formatBarLine(wide, 80);
    expect(line).to.match(/^█+░+ {2}30% loss 12\.35 lr 4\.21e-10 1000ex\/s 123\.5ktok\/s 23h59m left cuda:0$/);
    expect(line.length).to.be.at.most(79);
  });
});

describe("Progress", () => {
  const history: History = {
    stoppedBy: "SIGINT", steps: 2, totalSteps: 4, epochs: 0.5, loss: 1, skippedSteps: 0, examples: 16, tokens: 99, seconds: 65, device: "cpu", log: [], evaluations: [],
  };
  const metrics = { loss: 0.5, accuracy: 0.75, macroF1: 0.7, seconds: 1 } as Evaluation;
  const log = (step: number): TrainerEvent => ({
    type: "log", step, epoch: step / 4, loss: 1, learningRate: 1e-5, gradNorm: 1, examplesPerSecond: 8, tokensPerSecond: 50,
  });
  const step = (number: number): TrainerEvent => ({ type: "step", step: number, epoch: number / 4, learningRate: 1e-5, examples: 8, tokens: 50 });
  const start: TrainerEvent = { type: "start", totalSteps: 4, warmupSteps: 1, batches: 4, examples: 32, device: "cpu" };

  /** What a run at one step per second writes. */
  function written(mode: ProgressMode, isTTY: boolean, events: readonly TrainerEvent[]): string {
    let text = "";
    let clock = 0;
    const progress = new Progress(mode, { isTTY, columns: 160, write: (part) => (text += part) }, () => clock);
    for (const event of events) {
      void progress.onEvent(event);
      clock += 1000;
    }
    progress.close();
    return text;
  }

  it("writes plain lines without control characters where there is no terminal", () => {
    const text = written("auto", false, [start, step(1), log(1), step(4), log(4), { type: "evaluate", step: 4, epoch: 1, metrics }, { type: "end", history }]);
    expect(text).to.not.match(/[\r\x1b]/);
    const lines = text.trimEnd().split("\n");
    expect(lines[0]).to.equal("training on cpu: 32 examples, 4 batches per epoch, 4 steps, 1 of warm-up");
    expect(lines.at(-3)).to.match(/^step 4\/4 .* cpu$/); // the last step is shown, however soon
    expect(lines.at(-2)).to.equal("evaluated at step 4  loss 0.5000  accuracy 0.7500  macro-F1 0.7000");
    expect(lines.at(-1)).to.equal("trained 2 of 4 steps in 1m 05s, stopped by SIGINT  mean loss 1.0000");
  });

  it("does not flood a log: lines of steps keep their distance", () => {
    const text = written("lines", false, [start, log(1), log(2), log(3)]);
    expect(text.trimEnd().split("\n")).to.have.length(1);
  });

  it("rewrites one line in a terminal and leaves it closed", () => {
    const text = written("auto", true, [start, step(1), log(1), step(2)]);
    const [first, rest = ""] = text.split("\n");
    expect(first).to.contain("training on cpu");
    expect(rest.split("\r\x1b[2K").slice(1)).to.have.length(3);
    expect(text.endsWith("\n")).to.equal(true);
  });

  it("estimates the time left from the steps done", () => {
    const text = written("bar", true, [start, step(1), step(2)]); // step 2 two seconds after the start
    expect(text).to.contain("step 2/4  epoch 0.50  lr 1e-5  2s left");
  });

  it("is silent on request", () => {
    expect(written("silent", true, [start, step(1), log(1), { type: "end", history }])).to.equal("");
  });
});
