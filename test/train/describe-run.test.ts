import { inspect } from "node:util";
import { expect } from "chai";
import { historyWithReading, learningRateWithReading } from "../../lib/train/describe-run";
import type { History } from "../../lib/train/events";
import { textChart } from "../../lib/train/report/charts/text-chart";
import { evaluationEntry, HISTORY, logEntry } from "../support/run-events";

const history = (more: Partial<History>): History => historyWithReading({ ...HISTORY, ...more });

describe("textChart", () => {
  const points = (values: readonly number[]) => values.map((value, at) => ({ step: at + 1, value }));

  it("draws to scale: the greatest on top, the least below, steps from left to right", () => {
    const lines = textChart([{ name: "loss", letter: "x", points: points([3, 2, 1]) }]);
    expect(lines[0]).to.contain("x loss");
    const plot = lines.slice(1, 11).map((line) => line.slice(line.indexOf("┤") + 1));
    expect(lines[1]).to.match(/^3\.0000 ┤x/);
    expect(lines[10]).to.match(/^1\.0000 ┤/);
    expect(
      plot.flatMap((line, row) => [...line].flatMap((letter, column) => (letter === "x" ? [[row, column]] : []))),
    ).to.deep.equal([
      [0, 0],
      [5, 30],
      [9, 59],
    ]);
    expect(lines.at(-1)).to.match(/1 +3 {2}step$/);
  });

  it("takes the mean where a column has many points, leaves out what is not finite, and stays as wide as it is", () => {
    const long = Array.from({ length: 60_000 }, (_, at) => (at % 2 === 0 ? 1 : 3));
    const lines = textChart([{ name: "loss", letter: "x", points: points([NaN, ...long, Infinity]) }]);
    expect(Math.max(...lines.map(({ length }) => length))).to.be.at.most(80);
    const [top = NaN, bottom = NaN] = [lines[1], lines[10]].map((line) => parseFloat(line ?? ""));
    expect([bottom, top]).to.satisfy(([least = 0, most = 0]: number[]) => least > 1.99 && most < 2.01); // means of about a thousand points that are 1 and 3 in turn
    expect(textChart([{ name: "loss", letter: "x", points: points([NaN]) }])).to.deep.equal([]);
    expect(textChart([{ name: "loss", letter: "x", points: points([2]) }])[6]).to.equal("2.0000 ┤x");
  });
});

describe("console.log of a run", () => {
  it("prints how it ended, its curves and its evaluations, and inside of something how it ended", () => {
    const own = history({
      log: [1, 2, 3, 4].map((step) => logEntry(step)),
      evaluations: [evaluationEntry(2), evaluationEntry(4)] as unknown as History["evaluations"],
    });
    const text = inspect(own);
    expect(text.split("\n")[0]).to.equal("trained 2 of 4 steps in 1m 04s, stopped by SIGINT  mean loss 1.0000");
    expect(text)
      .to.contain("• training loss   ○ held-out loss")
      .and.to.match(/\n +step +epoch +loss +accuracy +macroF1\n +2 +0\.50 /);
    expect(inspect([own])).to.equal("[ trained 2 of 4 steps in 1m 04s, stopped by SIGINT  mean loss 1.0000 ]");
    expect(structuredClone({ ...own, evaluations: [] })).to.deep.equal({ ...own, evaluations: [] });
    expect(inspect(history({}))).to.equal("trained 2 of 4 steps in 1m 04s, stopped by SIGINT  mean loss 1.0000");
  });

  it("prints a search for a learning rate with its suggestion", () => {
    const points = [1e-8, 1e-4, 1].map((learningRate, at) => ({ learningRate, loss: at, smoothedLoss: at }));
    expect(inspect(learningRateWithReading({ points, suggestion: 1e-4 })))
      .to.contain("Learning rates 1e-8 to 1e+0 in 3 steps: 1e-4 is suggested")
      .and.to.contain("• smoothed loss");
    expect(inspect([learningRateWithReading({ points, suggestion: undefined })])).to.contain("none is suggested");
  });
});
