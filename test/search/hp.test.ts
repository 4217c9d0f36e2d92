import { expect } from "chai";
import fc from "fast-check";
import { randomBelow, randomUnit } from "../../lib/data/random";
import type { Distribution } from "../../lib/search/distribution";
import * as hp from "../../lib/search/hp";
import { readGolden } from "../support/golden";
import { thrown } from "../support/rejection";

interface Golden {
  readonly logUniform: readonly {
    readonly low: number;
    readonly high: number;
    readonly shares: readonly number[];
    readonly quantiles: readonly number[];
  }[];
}

/** Draws of a seed. */
function draws<T>(distribution: Distribution<T>, count: number, seed = 1): T[] {
  const unit = randomUnit(randomBelow(seed));
  return Array.from({ length: count }, () => distribution.quantile(unit()));
}

/** How often each value came, by value. */
function frequencies<T>(values: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1 / values.length);
  return counts;
}

/**
 * Largest distance between the share of draws below a value and what it should be (Kolmogorov–Smirnov): of n draws it
 * is above 1.95/√n once in a thousand seeds.
 */
function distance(values: readonly number[], shareBelow: (value: number) => number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return Math.max(
    ...sorted.map((value, i) =>
      Math.max(Math.abs(shareBelow(value) - i / values.length), Math.abs(shareBelow(value) - (i + 1) / values.length)),
    ),
  );
}

const N = 20_000;
const BOUND = 1.95 / Math.sqrt(N);
const shares = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const finite = fc.double({ min: -1e6, max: 1e6, noNaN: true });

describe("hp.uniform", () => {
  it("draws all numbers of the range alike", () => {
    expect(distance(draws(hp.uniform(-2, 6), N), (value) => (value + 2) / 8)).to.be.below(BOUND);
  });

  it("keeps to its bounds", () => {
    fc.assert(
      fc.property(finite, finite, shares, (a, b, share) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        expect(hp.uniform(low, high).quantile(share)).to.be.within(low, high);
      }),
      { seed: 1 },
    );
    expect(hp.uniform(3, 3).quantile(0.7)).to.equal(3);
  });

  it("with a step draws low, low + step, …, each alike and without rounding's digits, high included where it is hit", () => {
    const counts = frequencies(draws(hp.uniform(0, 0.3, { step: 0.1 }), N));
    expect([...counts.keys()].sort()).to.deep.equal([0, 0.1, 0.2, 0.3]);
    for (const share of counts.values()) expect(share).to.be.closeTo(0.25, 4 * Math.sqrt((0.25 * 0.75) / N));
    expect(new Set(draws(hp.uniform(1, 2, { step: 0.4 }), 100))).to.deep.equal(new Set([1, 1.4, 1.8]));
  });

  it("refuses bounds and steps that make no sense", () => {
    for (const bad of [
      [1, 0],
      [NaN, 1],
      [0, Infinity],
      ["0", 1],
      [undefined, 1],
      [-1.7e308, 1.7e308],
    ] as [number, number][]) {
      thrown(() => hp.uniform(...bad), "ERR_INVALID_ARG");
    }
    for (const step of [0, -1, NaN, "0.1" as unknown as number, 1e-300]) {
      thrown(() => hp.uniform(0, 1, { step }), "ERR_INVALID_ARG");
    }
    expect(thrown(() => hp.uniform(1, 0), "ERR_INVALID_ARG").message).to.equal(
      "hp.uniform: expected high to be at least low (1), got 0",
    );
  });
});

describe("hp.logUniform", () => {
  for (const { low, high, shares: at, quantiles } of readGolden<Golden>("search.json").logUniform) {
    it(`has SciPy's quantiles from ${low} to ${high}`, () => {
      for (const [i, share] of at.entries()) {
        expect(hp.logUniform(low, high).quantile(share)).to.be.closeTo(quantiles[i] as number, 1e-12 * high);
      }
    });
  }

  it("draws each power of ten alike", () => {
    const drawn = draws(hp.logUniform(1e-6, 1e-2), N);
    expect(distance(drawn, (value) => Math.log10(value / 1e-6) / 4)).to.be.below(BOUND);
  });

  it("keeps to its bounds", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-12, max: 1e12, noNaN: true }),
        fc.double({ min: 1e-12, max: 1e12, noNaN: true }),
        shares,
        (a, b, share) => {
          const [low, high] = [Math.min(a, b), Math.max(a, b)];
          expect(hp.logUniform(low, high).quantile(share)).to.be.within(low, high);
        },
      ),
      { seed: 1 },
    );
  });

  it("refuses what has no logarithm", () => {
    for (const bad of [
      [0, 1],
      [-1, 1],
      [1, 0.5],
      [1, NaN],
    ] as [number, number][]) {
      thrown(() => hp.logUniform(...bad), "ERR_INVALID_ARG");
    }
  });
});

describe("hp.integer", () => {
  it("draws whole numbers, both bounds included, each alike", () => {
    const counts = frequencies(draws(hp.integer(-1, 3), N));
    expect([...counts.keys()].sort((a, b) => a - b)).to.deep.equal([-1, 0, 1, 2, 3]);
    for (const share of counts.values()) expect(share).to.be.closeTo(0.2, 4 * Math.sqrt((0.2 * 0.8) / N));
  });

  it("with a step draws low, low + step, …", () => {
    expect(new Set(draws(hp.integer(2, 9, { step: 3 }), 100))).to.deep.equal(new Set([2, 5, 8]));
  });

  it("with log gives each number the room of one, as Optuna: k is as log (k − ½) to log (k + ½)", () => {
    const counts = frequencies(draws(hp.integer(1, 8, { log: true }), N));
    const whole = Math.log(8.5 / 0.5);
    for (let k = 1; k <= 8; k++) {
      const expected = Math.log((k + 0.5) / (k - 0.5)) / whole;
      expect(counts.get(k), `${k}`).to.be.closeTo(expected, 4 * Math.sqrt((expected * (1 - expected)) / N));
    }
  });

  it("keeps to its bounds", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.nat(1e6),
        fc.integer({ min: 1, max: 100 }),
        shares,
        (low, more, step, share) => {
          const high = low + more;
          for (const distribution of [
            hp.integer(low, high),
            hp.integer(low, high, { log: true }),
            hp.integer(low, high, { step }),
          ]) {
            const value = distribution.quantile(share);
            expect(value).to.be.within(low, high);
            expect(Number.isInteger(value)).to.equal(true);
          }
        },
      ),
      { seed: 1 },
    );
  });

  it("refuses fractions, and step with log", () => {
    for (const bad of [
      [0.5, 1],
      [1, 0],
      [0, "2"],
      [0, 2 ** 53],
    ] as [number, number][]) {
      thrown(() => hp.integer(...bad), "ERR_INVALID_ARG");
    }
    for (const step of [0, 1.5, -1]) thrown(() => hp.integer(0, 9, { step }), "ERR_INVALID_ARG");
    thrown(() => hp.integer(1, 9, { step: 2, log: true }), "ERR_INVALID_ARG");
    thrown(() => hp.integer(0, 9, { log: true }), "ERR_INVALID_ARG");
    thrown(() => hp.integer(1, 9, { log: "yes" as unknown as boolean }), "ERR_INVALID_ARG");
  });
});

describe("hp.choice", () => {
  it("draws the options alike, of whatever type JSON has", () => {
    const counts = frequencies(draws(hp.choice([16, "auto", null, true]), N));
    expect(new Set(counts.keys())).to.deep.equal(new Set([16, "auto", null, true]));
    for (const share of counts.values()) expect(share).to.be.closeTo(0.25, 4 * Math.sqrt((0.25 * 0.75) / N));
  });

  it("gives a copy each time, so that no trial changes what another gets", () => {
    const option = { power: 2, names: ["a"] };
    const distribution = hp.choice([option]);
    (distribution.quantile(0) as { power: number }).power = 3;
    option.names.push("b");
    expect(distribution.quantile(0)).to.deep.equal({ power: 2, names: ["a"] });
  });

  it("refuses what JSON cannot hold, nothing, and one option twice", () => {
    const circle: unknown[] = [];
    circle.push(circle);
    for (const option of [NaN, Infinity, undefined, new Date(0), () => 1, 1n, circle, { a: undefined }, new Map()]) {
      thrown(() => hp.choice([option as number]), "ERR_INVALID_ARG");
    }
    for (const options of [[], 16, "ab", undefined, new Array(2)]) {
      thrown(() => hp.choice(options as number[]), "ERR_INVALID_ARG");
    }
    thrown(() => hp.choice([1, 2, 1]), "ERR_INVALID_ARG");
  });
});
