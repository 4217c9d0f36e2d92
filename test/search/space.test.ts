import { expect } from "chai";
import * as hp from "../../lib/search/hp";
import { checkSpace, Sampler } from "../../lib/search/space";
import { thrown } from "../support/rejection";

const SPACE = { learningRate: hp.logUniform(1e-5, 1e-3), batchSize: hp.choice([16, 32]), layers: hp.integer(1, 6) };
const FINITE = { a: hp.choice(["x", "y", "z"]), b: hp.integer(1, 4), c: hp.uniform(0, 1, { step: 0.5 }) };

describe("what a trial draws", () => {
  it("depends on the seed and its number alone", () => {
    for (const space of [SPACE, FINITE]) {
      const forwards = new Sampler(space, 7);
      const backwards = new Sampler(space, 7);
      const drawn = Array.from({ length: 10 }, (_, i) => forwards.draw(i));
      expect(drawn.map((_, i) => backwards.draw(9 - i)).reverse()).to.deep.equal(drawn);
      expect(Array.from({ length: 10 }, (_, i) => new Sampler(space, 8).draw(i))).to.not.deep.equal(drawn);
    }
  });

  it("does not depend on the order of names in the program", () => {
    const { learningRate, batchSize, layers } = SPACE;
    for (let trial = 0; trial < 5; trial++) {
      expect(new Sampler({ layers, batchSize, learningRate }, 3).draw(trial)).to.deep.equal(
        new Sampler({ learningRate, batchSize, layers }, 3).draw(trial),
      );
    }
  });

  it("has a seed of its own", () => {
    const sampler = new Sampler(SPACE, 7);
    const seeds = Array.from({ length: 100 }, (_, i) => sampler.draw(i).seed);
    expect(new Set(seeds).size).to.equal(100);
    for (const seed of seeds) expect(seed).to.be.within(0, 2 ** 31 - 1);
  });

  it("has values that do not hang together", () => {
    const sampler = new Sampler({ a: hp.uniform(0, 1), b: hp.uniform(0, 1) }, 1);
    const pairs = Array.from({ length: 4000 }, (_, i) => sampler.draw(i).values as { a: number; b: number });
    // Of independent ones the sum of products about the mean is 0, with a deviation of 1/12 · √n; and so it is from
    // trial to trial.
    const about = (x: number, y: number): number => (x - 0.5) * (y - 0.5);
    const within = pairs.reduce((sum, { a, b }) => sum + about(a, b), 0);
    const across = pairs.slice(1).reduce((sum, { a }, i) => sum + about(a, pairs[i]?.a as number), 0);
    for (const sum of [within, across]) expect(Math.abs(sum)).to.be.below((4 / 12) * Math.sqrt(pairs.length));
  });

  it("is each combination of a finite space once, in an order by the seed", () => {
    const orderOf = (seed: number): string[] => {
      const sampler = new Sampler(FINITE, seed);
      expect(sampler.size).to.equal(36);
      return Array.from({ length: 36 }, (_, i) => JSON.stringify(sampler.draw(i).values));
    };
    expect(new Set(orderOf(1)).size).to.equal(36);
    expect(orderOf(1)).to.not.deep.equal(orderOf(2));
    expect(new Set(orderOf(1))).to.deep.equal(new Set(orderOf(2)));
    expect(new Sampler(SPACE, 1).size).to.equal(Infinity);
    expect(
      new Sampler({ a: hp.choice([1, 2]), log: hp.integer(1, 2, { log: true }) }, 1).size,
      "not equally likely",
    ).to.equal(Infinity);
  });

  it("comes first alike often for each combination", () => {
    const space = { a: hp.choice([0, 1, 2]), b: hp.choice([0, 1]) };
    const counts = new Map<string, number>();
    for (let seed = 0; seed < 3000; seed++) {
      const key = JSON.stringify(new Sampler(space, seed).draw(0).values);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).to.equal(6);
    for (const count of counts.values()) expect(count).to.be.closeTo(500, 4 * Math.sqrt(3000 * (1 / 6) * (5 / 6)));
  });

  it("names what is no distribution", () => {
    expect(thrown(() => checkSpace({ lr: 1e-3 }), "ERR_INVALID_ARG").message)
      .to.contain("expected lr to be a distribution")
      .and.to.contain("got 0.001");
    for (const bad of [
      undefined,
      null,
      [],
      {},
      5,
      "lr",
      { lr: undefined },
      { lr: [1, 2] },
      { lr: { quantile: () => 1, count: 1, settings: {} } },
    ]) {
      thrown(() => checkSpace(bad), "ERR_INVALID_ARG");
    }
  });
});
