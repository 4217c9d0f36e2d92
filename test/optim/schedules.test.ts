/** Schedules against Hugging Face's and PyTorch's, whose rates `scripts/golden/schedules.py` writes. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { ConstantSchedule } from "../../lib/optim/schedules/constant";
import { CosineSchedule, CosineWithRestartsSchedule } from "../../lib/optim/schedules/cosine";
import { InverseSqrtSchedule } from "../../lib/optim/schedules/inverse-sqrt";
import { LinearSchedule } from "../../lib/optim/schedules/linear";
import { OneCycleSchedule } from "../../lib/optim/schedules/one-cycle";
import { PolynomialSchedule } from "../../lib/optim/schedules/polynomial";
import { ReduceOnPlateau, type ReduceOnPlateauOptions } from "../../lib/optim/schedules/reduce-on-plateau";
import type { Schedule, ScheduledOptimizer } from "../../lib/optim/schedules/schedule";
import { thrown } from "../support/rejection";

interface Golden {
  readonly lr: number;
  readonly metrics: readonly (number | null)[];
  readonly schedules: readonly {
    readonly name: keyof typeof SCHEDULES;
    readonly options: object;
    readonly rates: readonly number[];
  }[];
  readonly plateaus: readonly { readonly options: ReduceOnPlateauOptions; readonly rates: readonly number[] }[];
}

const golden = JSON.parse(readFileSync(path.join(__dirname, "..", "golden", "schedules.json"), "utf8")) as Golden;

const SCHEDULES: Readonly<Record<string, new (optimizer: ScheduledOptimizer, options: never) => Schedule>> = {
  linear: LinearSchedule,
  cosine: CosineSchedule,
  cosineWithRestarts: CosineWithRestartsSchedule,
  polynomial: PolynomialSchedule,
  constant: ConstantSchedule,
  inverseSqrt: InverseSqrtSchedule,
  oneCycle: OneCycleSchedule,
};

const optimizerAt = (...lrs: number[]): { readonly groups: { readonly initialLr: number; lr: number }[] } => ({
  groups: lrs.map((lr) => ({ initialLr: lr, lr })),
});

function make(name: string, optimizer: ScheduledOptimizer, options: object): Schedule {
  const Class = SCHEDULES[name] as new (optimizer: ScheduledOptimizer, options: object) => Schedule;
  return new Class(optimizer, options);
}

describe("schedules", () => {
  for (const { name, options, rates } of golden.schedules) {
    it(`give the reference's rates: ${name} ${JSON.stringify(options)}`, () => {
      const schedule = make(name, optimizerAt(golden.lr), options);
      for (const [step, rate] of rates.entries()) {
        expect(schedule.lr, `step ${step}`).to.be.closeTo(rate, 1e-12 * golden.lr);
        schedule.step();
      }
    });

    it(`go on from a state: ${name} ${JSON.stringify(options)}`, () => {
      const unbroken = make(name, optimizerAt(golden.lr), options);
      for (let step = 0; step < 17; step++) unbroken.step();
      const later = make(name, optimizerAt(golden.lr), options);
      later.load(JSON.parse(JSON.stringify(unbroken.state())) as { step: number });
      for (let step = 17; step < 30; step++) {
        expect(later.lr).to.equal(unbroken.lr);
        for (const schedule of [later, unbroken]) schedule.step();
      }
    });
  }

  it("are exact where a line needs no rounding, and stay where they end", () => {
    const schedule = new LinearSchedule(optimizerAt(2), { warmupSteps: 2, totalSteps: 6 });
    const rates = Array.from({ length: 9 }, () => {
      const { lr } = schedule;
      schedule.step();
      return lr;
    });
    expect(rates).to.deep.equal([0, 1, 2, 1.5, 1, 0.5, 0, 0, 0]);
    for (const [Class, last] of [
      [CosineSchedule, 0],
      [CosineWithRestartsSchedule, 0],
      [OneCycleSchedule, 1 / 25 / 1e4],
      [PolynomialSchedule, 1e-7],
    ] as const) {
      const ended = new Class(optimizerAt(1), { warmupSteps: 1, totalSteps: 5 });
      for (let step = 0; step < 5; step++) ended.step();
      expect(ended.lr, Class.name).to.be.closeTo(last, 1e-15);
    }
    const alone = new OneCycleSchedule(optimizerAt(1), { totalSteps: 1 });
    expect(alone.lr).to.be.within(0, 1);
  });

  it("scale each group from its own rate", () => {
    const optimizer = optimizerAt(4, 2);
    new LinearSchedule(optimizer, { warmupSteps: 4, totalSteps: 8 }).step();
    expect(optimizer.groups.map(({ lr }) => lr)).to.deep.equal([1, 0.5]);
  });

  it("refuse what is no step or no share", () => {
    const optimizer = optimizerAt(1);
    const wrong: (() => unknown)[] = [
      [-1, 5],
      [6, 5],
      [0.5, 5],
      [0, NaN],
      ["1", 5],
      [0, Infinity],
    ].flatMap(([warmupSteps, totalSteps]) =>
      ["linear", "cosine", "cosineWithRestarts", "polynomial"].map(
        (name) => () => make(name, optimizer, { warmupSteps, totalSteps }),
      ),
    );
    const run = { warmupSteps: 0, totalSteps: 5 };
    wrong.push(
      () => new CosineSchedule(optimizer, { ...run, numCycles: -1 }),
      () => new CosineSchedule(optimizer, { ...run, minLrRate: 1.1 }),
      () => new CosineWithRestartsSchedule(optimizer, { ...run, numCycles: 0.5 }),
      () => new PolynomialSchedule(optimizer, { ...run, lrEnd: 2 }),
      () => new PolynomialSchedule(optimizer, { ...run, power: NaN }),
      () => new ConstantSchedule(optimizer, { warmupSteps: 1.5 }),
      () => new InverseSqrtSchedule(optimizer, { timescale: 0 }),
      () => new OneCycleSchedule(optimizer, { totalSteps: 0 }),
      () => new OneCycleSchedule(optimizer, { totalSteps: 5, pctStart: 2 }),
      () => new OneCycleSchedule(optimizer, { totalSteps: 5, divFactor: 0 }),
      () => new LinearSchedule(optimizer, run).load({ step: -1 }),
    );
    for (const call of wrong) thrown(call, "ERR_INVALID_ARG");
    expect(optimizer.groups[0]?.lr).to.equal(1);
  });
});

describe("ReduceOnPlateau", () => {
  for (const { options, rates } of golden.plateaus) {
    it(`gives PyTorch's rates, also from a state: ${JSON.stringify(options)}`, () => {
      const optimizer = optimizerAt(golden.lr);
      let schedule = new ReduceOnPlateau(optimizer, options);
      for (const [i, metric] of golden.metrics.entries()) {
        schedule.step(metric ?? NaN);
        expect(schedule.lr, `metric ${i}`).to.be.closeTo(rates[i] as number, 1e-15);
        const state = JSON.parse(JSON.stringify(schedule.state())) as ReturnType<ReduceOnPlateau["state"]>;
        (optimizer.groups[0] as { lr: number }).lr = NaN;
        schedule = new ReduceOnPlateau(optimizer, options);
        schedule.load(state);
      }
    });
  }

  it("refuses what makes no sense", () => {
    const optimizer = optimizerAt(1);
    for (const options of [
      { mode: "up" },
      { factor: 1 },
      { factor: -1 },
      { patience: 0.5 },
      { threshold: -1 },
      { thresholdMode: "x" },
      { cooldown: -1 },
      { minLr: -1 },
      { eps: NaN },
    ]) {
      thrown(() => new ReduceOnPlateau(optimizer, options as never), "ERR_INVALID_ARG");
    }
    thrown(() => new ReduceOnPlateau(optimizer).step("1" as never), "ERR_INVALID_ARG");
    thrown(
      () => new ReduceOnPlateau(optimizerAt(1, 2)).load(new ReduceOnPlateau(optimizer).state()),
      "ERR_INVALID_ARG",
    );
  });
});
