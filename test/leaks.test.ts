/** Memory over some hundred training steps; `npm run leaks` is the same over thousands. */
import { expect } from "chai";
import { judge, runVariant } from "../scripts/leaks/judge";
import { slopeOf } from "../scripts/leaks/readings";
import type { Readings } from "../scripts/leaks/readings";

describe("training steps", function () {
  this.timeout(300_000);
  this.slow(120_000);
  const readings = new Map<string, Readings>();

  for (const [name, steps] of [
    ["trainer", 500],
    ["scoped", 500],
    ["unscoped", 500],
    ["graph-scoped", 60],
    ["graph-unscoped", 60],
    ["graph-settled", 60],
    ["nodes-settled", 4000],
  ] as const) {
    it(`leave nothing behind: ${name}`, async () => {
      readings.set(name, await runVariant(name, steps));
      expect(judge(name, readings).failures, JSON.stringify(readings.get(name))).to.deep.equal([]);
    });
  }
});

describe("the verdict on readings", () => {
  const flat: Readings = { steps: 5000, liveTensors: [7, 7], slope: 0.5, peak: 300, seconds: 1 };
  const failures = (name: "scoped" | "unscoped", readings: Readings): readonly string[] =>
    judge(
      name,
      new Map([
        ["scoped", flat],
        [name, readings],
      ]),
    ).failures;

  it("finds one live tensor more, a slope, and a peak beyond the bound", () => {
    expect(failures("scoped", flat)).to.deep.equal([]);
    expect(failures("scoped", { ...flat, liveTensors: [7, 8] })).to.deep.equal(["live tensors are not flat"]);
    expect(failures("scoped", { ...flat, slope: 1 })).to.have.length(1);
    expect(failures("unscoped", { ...flat, liveTensors: [7, 900], slope: 19, peak: 1099 })).to.deep.equal([]);
    expect(failures("unscoped", { ...flat, slope: 20 })).to.have.length(1);
    expect(failures("unscoped", { ...flat, peak: 1100 })).to.have.length(1); // 2 · 300 + 500
  });

  it("takes the slope by least squares", () => {
    expect(
      slopeOf([
        [0, 1],
        [1, 3],
        [2, 5],
      ]),
    ).to.equal(2);
    expect(
      slopeOf([
        [0, 0],
        [1, 1],
        [2, 0],
      ]),
    ).to.equal(0);
  });
});
