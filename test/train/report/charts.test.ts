import { expect } from "chai";
import fc from "fast-check";
import { axisOver, extent, roundNumbers } from "../../../lib/train/report/charts/axes";
import { confusionMap } from "../../../lib/train/report/charts/confusion-map";
import { lineChart } from "../../../lib/train/report/charts/line-chart";
import { reliabilityChart } from "../../../lib/train/report/charts/reliability-chart";
import { scatterChart } from "../../../lib/train/report/charts/scatter-chart";
import { thin } from "../../../lib/train/report/charts/thin";

/** Places of the points of each curve. */
const curves = (svg: string): number[][][] =>
  [...svg.matchAll(/<polyline points="([^"]*)"/g)].map(([, list]) =>
    (list as string).split(" ").map((point) => point.split(",").map(Number)),
  );

describe("roundNumbers", () => {
  it("gives few multiples of 1, 2 or 5 times a power of ten, within the range", () => {
    expect(roundNumbers(0, 1, 5)).to.deep.equal([0, 0.2, 0.4, 0.6000000000000001, 0.8, 1]);
    expect(roundNumbers(1, 10, 5, true)).to.deep.equal([2, 4, 6, 8, 10]);
    expect(roundNumbers(3, 5, 6, true)).to.deep.equal([3, 4, 5]);
    expect(roundNumbers(2, 2, 5)).to.deep.equal([2]);
    const range = fc.double({ min: -1e12, max: 1e12, noNaN: true });
    fc.assert(
      fc.property(range, fc.double({ min: 1e-3, max: 1e12, noNaN: true }), (low, length) => {
        const high = low + length;
        const numbers = roundNumbers(low, high, 5);
        expect(numbers.length).to.be.within(1, 6);
        const slack = 1e-6 * length + 1e-9 * Math.abs(low);
        for (const number of numbers) expect(number).to.be.within(low - slack, high + slack);
      }),
    );
  });

  it("labels an axis with them in short", () => {
    expect(axisOver([0, 5e-5]).ticks.map(({ text }) => text)).to.deep.equal([
      "0",
      "1e-5",
      "2e-5",
      "3e-5",
      "4e-5",
      "5e-5",
    ]);
    expect(axisOver([0.1, 0.65]).ticks.map(({ text }) => text)).to.deep.equal(["0.2", "0.4", "0.6"]);
  });

  it("finds the ends of more numbers than a call takes as arguments", () => {
    expect(extent(Array.from({ length: 500_000 }, (_, at) => at))).to.deep.equal([0, 499_999]);
  });
});

describe("thin", () => {
  it("leaves short curves alone", () => {
    expect(
      thin([
        { step: 1, value: 2 },
        { step: 2, value: -1 },
      ]),
    ).to.deep.equal([
      { step: 1, value: 2, low: 2, high: 2 },
      { step: 2, value: -1, low: -1, high: -1 },
    ]);
  });

  it("makes means of long ones, and loses no peak", () => {
    const values = Array.from({ length: 10_000 }, (_, at) => (at === 4321 ? 99 : Math.sin(at)));
    const thinned = thin(values.map((value, step) => ({ step, value })));
    expect(thinned).to.have.length(300);
    expect(Math.max(...thinned.map(({ high }) => high))).to.equal(99);
    expect(Math.min(...thinned.map(({ low }) => low))).to.equal(Math.min(...values));
    // 10,000 points in 300 stretches: of 33 or 34 each, the first from 0 to 32
    expect(thinned[0]?.step).to.equal(16);
    expect(thinned[0]?.value).to.be.closeTo(values.slice(0, 33).reduce((sum, value) => sum + value) / 33, 1e-12);
  });
});

describe("lineChart", () => {
  it("draws to scale, leaves out what is not a number, and marks the best", () => {
    const points = [
      { step: 1, value: 4 },
      { step: 2, value: NaN },
      { step: 3, value: 2 },
      { step: 5, value: 0 },
      { step: 6, value: null as unknown as number },
    ];
    const chart = lineChart({
      title: "losses",
      curves: [{ name: "loss", colour: "#000000", points }],
      mark: { step: 3, text: "the best" },
    });
    const [[[left = 0, top = 0] = [], [middle, half] = [], [right = 0, bottom = 0] = []] = []] = curves(chart);
    expect([left < right, top < bottom]).to.deep.equal([true, true]); // pixels count downwards
    expect([middle, half]).to.deep.equal([(left + right) / 2, (top + bottom) / 2]);
    expect(chart).to.match(new RegExp(`<path d="M${middle} [^>]*><title>the best</title>`));
    expect(chart).to.not.contain("NaN");
  });

  it("draws at most some hundred points of a curve of any length, with a band for the rest", () => {
    const points = Array.from({ length: 100_000 }, (_, step) => ({ step, value: step % 7 }));
    const chart = lineChart({ title: "losses", curves: [{ name: "loss", colour: "#000000", points }] });
    expect(curves(chart)[0]).to.have.length(300);
    expect(/<polygon points="([^"]*)"/.exec(chart)?.[1]?.split(" ")).to.have.length(600);
    expect(chart.length).to.be.lessThan(20_000);
  });

  it("is nothing without points, and a mark where there is one", () => {
    expect(
      lineChart({
        title: "losses",
        curves: [{ name: "loss", colour: "#000000", points: [{ step: 1, value: Infinity }] }],
      }),
    ).to.equal("");
    expect(
      lineChart({ title: "losses", curves: [{ name: "loss", colour: "#000000", points: [{ step: 1, value: 0.5 }] }] }),
    ).to.contain("<title>loss, step 1: 0.5000</title>");
  });
});

describe("reliabilityChart", () => {
  it("has a point for each bin, on the diagonal where what is stated comes true", () => {
    const bins = [
      { from: 0, to: 0.5, count: 10, confidence: 0.25, accuracy: 0.25 },
      { from: 0.5, to: 1, count: 30, confidence: 0.75, accuracy: 0.5 },
      { from: 1, to: 1, count: 5, confidence: 1, accuracy: 1 },
    ];
    const chart = reliabilityChart({ bins, stated: "stated", true: "true" });
    const [points = []] = curves(chart);
    const [, x0 = 0, y0 = 0, x1 = 0, y1 = 0] = (
      /<path d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)"/.exec(chart) as RegExpExecArray
    ).map(Number);
    const distances = points.map(([x = 0, y = 0]) => y - (y0 + ((x - x0) / (x1 - x0)) * (y1 - y0)));
    expect(distances[0]).to.be.closeTo(0, 0.02);
    expect(distances[1]).to.be.closeTo(0.25 * (y0 - y1), 0.02); // a quarter below
    expect(distances[2]).to.be.closeTo(0, 0.02);
    expect(chart).to.contain("<title>30 predictions: stated 75.0%, true 50.0%</title>");
  });
});

describe("scatterChart", () => {
  it("has right predictions on the diagonal, and nothing where there is no point", () => {
    const chart = scatterChart([
      { row: 0, actual: -1, predicted: -1 },
      { row: 1, actual: 1, predicted: 1 },
      { row: 2, actual: 0, predicted: 0.5 },
      { row: 3, actual: NaN, predicted: 0 },
    ]);
    const dots = [...chart.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => `${x} ${y}`);
    expect(dots).to.have.length(3);
    expect(chart).to.contain(`<path d="M${dots[0]}L${dots[1]}"`);
    expect(scatterChart([])).to.equal("");
  });
});

describe("confusionMap", () => {
  const names = (size: number): string[] => Array.from({ length: size }, (_, id) => `class ${id}`);
  const counts = (size: number): number[][] =>
    names(size).map((_, row) =>
      names(size).map((_name, column) => (row === column ? 8 : column === (row + 1) % size ? 2 : 0)),
    );

  it("writes the counts of few classes out, the stronger coloured the more of their row they are", () => {
    const map = confusionMap({
      labels: ["ham", "spam"],
      counts: [
        [9, 1],
        [0, 0],
      ],
    });
    expect([...map.matchAll(/<td class="number[^"]*"[^>]*>(\d+)</g)].map(([, count]) => Number(count))).to.deep.equal([
      9, 1, 0, 0,
    ]);
    const [right = 0, wrong = 0] = [...map.matchAll(/rgba\(\d+,\d+,\d+,([\d.]+)\)/g)].map(([, alpha]) => Number(alpha));
    expect(right).to.be.greaterThan(wrong);
    expect(map)
      .to.contain('title="ham predicted as spam: 1 (10.0%)"')
      .and.to.contain('title="spam predicted as spam: 0"');
  });

  it("draws cells that are not empty for many classes", () => {
    const map = confusionMap({ labels: names(50), counts: counts(50) });
    expect([...map.matchAll(/<rect [^>]*><title>/g)]).to.have.length(100);
    expect(map).to.contain("<title>class 49 predicted as class 0: 2 (20.0%)</title>");
  });

  it("keeps the fifty classes with the most errors, and their shares", () => {
    const all = counts(300);
    (all[299] as number[])[150] = 90;
    const map = confusionMap({ labels: names(300), counts: all });
    expect(map).to.contain("<title>class 299 predicted as class 150: 90 (90.0%)</title>");
    expect(new Set([...map.matchAll(/<title>(class \d+)<\/title>/g)].map(([, name]) => name))).to.have.property(
      "size",
      50,
    );
    expect(map.length).to.be.lessThan(100_000);
  });
});
