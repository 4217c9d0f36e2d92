import { expect } from "chai";
import { randomBelow, shuffle, xoshiro128 } from "../../lib/data/random";

describe("seeded random numbers", () => {
  it("are xoshiro128**'s", () => {
    // From the authors' C program with the state {1, 2, 3, 4}.
    const state = Uint32Array.of(1, 2, 3, 4);
    const expected = [
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ];
    expect(expected.map(() => xoshiro128(state))).to.deep.equal(expected);
  });

  it("are spread evenly, for every bound", () => {
    const below = randomBelow(1);
    for (const bound of [1, 2, 3, 7, 10]) {
      const counts = new Array<number>(bound).fill(0);
      for (let i = 0; i < 7000; i++) counts[below(bound)]!++;
      // Five standard deviations of a binomial count.
      const expected = 7000 / bound;
      const tolerance = 5 * Math.sqrt(expected * (1 - 1 / bound)) + 1e-9;
      for (const count of counts) expect(Math.abs(count - expected)).to.be.at.most(tolerance);
    }
  });

  it("depend on all of the seed and of the stream", () => {
    const draw = (seed: number, stream?: number): string => {
      const below = randomBelow(seed, stream);
      return Array.from({ length: 4 }, () => below(1e9)).join();
    };
    const seeds = [0, 1, -1, 2 ** 40, 42];
    const draws = seeds.flatMap((seed) => [draw(seed), draw(seed, 1), draw(seed, 2 ** 40)]);
    expect(new Set(draws).size).to.equal(draws.length);
    expect(draw(42, 3)).to.equal(draw(42, 3));
  });

  it("shuffle every order equally often", () => {
    const below = randomBelow(7);
    const counts = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = shuffle([0, 1, 2], below).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).to.equal(6);
    for (const count of counts.values()) expect(count).to.be.within(850, 1150);
  });
});
