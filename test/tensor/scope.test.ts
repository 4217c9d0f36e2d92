/** Who frees what and when; every count of live tensors is exact. */
import { expect } from "chai";
import { emptyCache, memory, resetPeakMemory } from "../../lib/tensor/memory";
import { ops } from "../../lib/tensor/ops";
import { keep, scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";

const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2));

describe("memory", () => {
  let start = 0;
  const made = (): number => memory().liveTensors - start;

  beforeEach(async () => {
    globalThis.gc?.();
    await tick();
    Tensor.from(0).dispose(); // libtorch is open from here
    start = memory().liveTensors;
  });

  describe("scope", () => {
    it("frees what was made inside but what is returned: alone, in arrays, objects, maps and sets", () => {
      const kept: Tensor[] = [];
      const inside = (): Tensor => Tensor.from([1]).add(1);
      kept.push(scope(inside));
      kept.push(...scope(() => [inside(), inside()]));
      kept.push(scope(() => ({ x: { y: inside() } })).x.y);
      kept.push(...scope(() => new Map([["a", inside()]])).values());
      kept.push(...scope(() => new Set([inside()])));
      expect(made()).to.equal(6);
      expect(kept.map((tensor) => tensor.toArray())).to.deep.equal(Array(6).fill([2]));
      kept.forEach((tensor) => tensor.dispose());
      expect(made()).to.equal(0);
    });

    it("goes through what holds itself once, and frees all where a result cannot be looked through", () => {
      const ring: { inner: Tensor; self?: unknown } = { inner: Tensor.from([1]) };
      const made = scope(() => {
        const own = { inner: Tensor.from([2]).add(1), self: undefined as unknown };
        own.self = [own, new Map([["again", own]])];
        return own;
      });
      ring.self = ring;
      expect(made.inner.toArray()).to.deep.equal([3]);
      expect(scope(() => ring)).to.equal(ring);
      [made, ring].forEach(({ inner }) => inner.dispose());
      const failure = new Error("no");
      const closed = (): unknown =>
        scope(() => ({
          inner: Tensor.from([4]),
          get broken(): never {
            throw failure;
          },
        }));
      expect(closed).to.throw(failure);
      expect(memory().liveTensors).to.equal(start);
    });

    it("leaves alone what was there before, and what was disposed inside", () => {
      using before = Tensor.from([1]);
      scope(() => {
        before.add(1).dispose();
        return before;
      });
      expect(before.disposed).to.equal(false);
      expect(made()).to.equal(1);
    });

    it("hands what an inner one returns to the outer one", () => {
      const result = scope(() => {
        const inner = scope(() => Tensor.from([1]));
        expect(inner.disposed).to.equal(false);
        return inner.add(1);
      });
      expect(made()).to.equal(1);
      result.dispose();
    });

    it("frees everything when the function throws, and passes the error on", async () => {
      const mine = new RangeError("mine");
      expect(() =>
        scope(() => {
          Tensor.from([1]);
          throw mine;
        }),
      ).to.throw(mine);
      expect(
        await scope(async () => {
          Tensor.from([1]);
          await tick();
          Tensor.from([1]);
          throw mine;
        }).catch((error: unknown) => error),
      ).to.equal(mine);
      expect(made()).to.equal(0);
    });

    it("holds across await, also where scopes interleave", async () => {
      const work = (delay: number): Promise<Tensor> =>
        scope(async () => {
          const x = Tensor.from([delay]);
          for (let i = 0; i < 5; i++) {
            x.add(1);
            await new Promise((resolve) => setTimeout(resolve, delay));
          }
          const [value] = await x.mul(2).read();
          return Tensor.from([Number(value)]);
        });
      const results = await Promise.all([work(1), work(3), work(2)]);
      expect(made()).to.equal(3);
      expect(results.map((result) => result.item())).to.deep.equal([2, 6, 4]);
      results.forEach((result) => result.dispose());
    });

    it("keep takes a tensor out, from an inner scope too", () => {
      const kept: Tensor[] = [];
      scope(() => {
        kept.push(keep(Tensor.from([1])));
        const ofOuter = Tensor.from([2]);
        scope(() => kept.push(keep(ofOuter)));
        Tensor.from([3]);
      });
      expect(kept.map((tensor) => tensor.disposed)).to.deep.equal([false, false]);
      expect(made()).to.equal(2);
      expect(keep(kept[0] as Tensor), "outside of any scope").to.equal(kept[0]);
      kept.forEach((tensor) => tensor.dispose());
    });

    it("does not own what unawaited work makes after its end", async () => {
      let late: Promise<Tensor> | undefined;
      scope(() => {
        late = tick().then(() => Tensor.from([1]));
      });
      const tensor = await late;
      expect(tensor?.disposed).to.equal(false);
      expect(made()).to.equal(1);
      tensor?.dispose();
    });

    it("works inside a finished one's asynchronous leftovers, which the collector then frees", async () => {
      scope(() => void tick().then(() => Tensor.from([1]).add(1)));
      await tick();
      await tick();
      for (let turn = 0; turn < 20 && made() > 0; turn++) {
        globalThis.gc?.();
        await tick();
      }
      expect(made()).to.equal(0);
    });
  });

  it("using frees at the end of the block, dispose twice is once", () => {
    const x = Tensor.from([1]);
    {
      using y = x.add(1);
      expect(y.item()).to.equal(2);
      expect(made()).to.equal(2);
    }
    expect(made()).to.equal(1);
    x.dispose();
    x.dispose();
    x[Symbol.dispose]();
    expect(made()).to.equal(0);
  });

  it("the collector frees what nobody disposes", async () => {
    for (let i = 0; i < 100; i++) Tensor.from([i]);
    expect(made()).to.be.at.least(1);
    for (let turn = 0; turn < 50 && made() > 0; turn++) {
      globalThis.gc?.();
      await tick();
    }
    expect(made()).to.equal(0);
  });

  it("a gradient belongs to its tensor and goes with it", async () => {
    const x = Tensor.from([1, 2], { requiresGrad: true });
    await scope(() => x.mul(x).sum().backward());
    expect(x.grad).to.equal(x.grad);
    expect(made()).to.equal(2);
    x.dispose();
    expect(made()).to.equal(0);
  });

  it("bytes are counted with their peak, and go when the last view goes", () => {
    const before = memory().cpuBytes;
    resetPeakMemory();
    const x = ops.zeros([1 << 20]); // 4 MiB
    const view = x.view([1 << 10, 1 << 10]);
    x.dispose();
    expect(memory().cpuBytes - before).to.be.within(4 << 20, 5 << 20);
    view.dispose();
    expect(memory().cpuBytes - before).to.be.at.most(1 << 16);
    expect(memory().cpuPeakBytes - before).to.be.at.least(4 << 20);
    emptyCache();
    expect(memory().cpuCachedBytes).to.equal(0);
  });

  it("slots are reused and counted right over many generations", () => {
    for (let i = 0; i < 5000; i++) Tensor.from([i]).dispose();
    const many = Array.from({ length: 1000 }, (_, i) => Tensor.from([i]));
    expect(made()).to.equal(1000);
    for (const [i, tensor] of many.entries()) if (i % 2) tensor.dispose();
    const more = Array.from({ length: 500 }, () => Tensor.from([-1]));
    expect(many.filter((tensor) => !tensor.disposed).map((tensor) => tensor.item())).to.deep.equal(
      Array.from({ length: 500 }, (_, i) => 2 * i),
    );
    [...many, ...more].forEach((tensor) => tensor.dispose());
    expect(made()).to.equal(0);
  });
});
