/** Dropout on the CPU is our own kernel: bit for bit what PyTorch's three steps give, on the same random numbers. */
import { expect } from "chai";
import { F } from "../../lib/functional/functional";
import { grad } from "../../lib/tensor/backward";
import { manualSeed } from "../../lib/tensor/device";
import { ops } from "../../lib/tensor/ops";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";

/** What PyTorch does: a mask of the input's type, divided, multiplied; its numbers from the same generator. */
const reference = (x: Tensor, p: number): Tensor =>
  ops.mul(
    x,
    ops
      .emptyLike(x)
      .bernoulli_(1 - p)
      .div_(1 - p),
  );

/**
 * Exactly equal, laid out alike, and what is drawn next too. `before` words are drawn first, so that masks begin
 * anywhere in the state.
 */
function sameAsReference(x: Tensor, p: number, before = 0): boolean {
  const run = (dropout: (x: Tensor, p: number) => Tensor): Tensor[] => {
    manualSeed(5);
    for (let i = 0; i < before; i++) ops.rand([1]);
    const y = dropout(x, p);
    return [y, ops.rand([700])];
  };
  const [ours, oursNext] = run((input, probability) => F.dropout(input, probability)) as [Tensor, Tensor];
  const [theirs, theirsNext] = run(reference) as [Tensor, Tensor];
  const inMemory = (tensor: Tensor): Tensor => ops.asStrided(tensor, [x.numel], [1], 0);
  return ops.equal(ours, theirs) && ops.equal(inMemory(ours), inMemory(theirs)) && ops.equal(oursNext, theirsNext);
}

describe("dropout on the CPU", () => {
  it("draws PyTorch's masks at every size, wherever in its state the generator stands", () => {
    for (const size of [0, 1, 2, 311, 312, 313, 623, 624, 625, 2495, 2496, 2497, 2808, 5000, 100_003]) {
      for (const before of [0, 1, 2, 3, 622, 623, 624, 625]) {
        scope(() => {
          expect(sameAsReference(ops.randn([size]), 0.1, before), `${size} numbers after ${before} words`).to.equal(
            true,
          );
        });
      }
    }
  });

  it("rounds as PyTorch does, in every floating type and for every p", () => {
    for (const dtype of ["float32", "float64", "bfloat16", "float16"] as const) {
      for (const p of [0.1, 0.5, 0.3, 1 / 3, 0.999_999, 1e-9, 1 - 2 ** -30]) {
        scope(() => {
          expect(sameAsReference(ops.randn([997]).to(dtype), p), `${dtype} p=${p}`).to.equal(true);
        });
      }
    }
  });

  it("keeps layouts: transposed, sliced, expanded, channels last, without dimensions", () => {
    scope(() => {
      const x = ops.randn([6, 40, 10]);
      const views = {
        transposed: x.transpose(0, 2),
        sliced: x.narrow(1, 3, 30).select(2, 1),
        steps: ops.slice(x.reshape([-1]), 0, 0, 2400, 3),
        expanded: ops.randn([1, 50]).expand([30, 50]),
        "channels last": ops.contiguous(ops.randn([2, 3, 20, 20]), { memoryFormat: "channels_last" }),
        "no dimension": ops.randn([]),
      };
      for (const [name, view] of Object.entries(views)) expect(sameAsReference(view, 0.4), name).to.equal(true);
    });
  });

  it("multiplies what it drops by zero: an infinite number becomes NaN, a negative one -0", () => {
    scope(() => {
      manualSeed(1);
      const infinite = F.dropout(Tensor.from(new Float32Array(100).fill(Infinity)), 0.5).toArray() as number[];
      expect(new Set(infinite)).to.deep.equal(new Set([Infinity, NaN]));
      const negative = F.dropout(Tensor.from(new Float32Array(100).fill(-3)), 0.5).toArray() as number[];
      expect(negative.some((number) => Object.is(number, -0))).to.equal(true);
      expect(negative.some((number) => number === -6)).to.equal(true);
    });
  });

  it("has the gradient and the second derivative of a product with its mask", async () => {
    await scope(async () => {
      const results = [];
      for (const dropout of [(x: Tensor) => F.dropout(x, 0.3), (x: Tensor) => reference(x, 0.3)]) {
        manualSeed(9);
        const x = ops.randn([40, 30]);
        x.requiresGrad = true;
        const y = dropout(x.pow(3));
        expect(y.requiresGrad).to.equal(true);
        const [first] = await grad(y.pow(2).sum(), [x], { createGraph: true });
        const [second] = await grad((first as Tensor).sum(), [x]);
        results.push([y.toArray(), first?.toArray(), second?.toArray()]);
      }
      expect(results[0]).to.deep.equal(results[1]);
    });
  });

  it("gives the input itself when not training or with p = 0, and zeros with p = 1", () => {
    scope(() => {
      const x = ops.randn([10]);
      expect(F.dropout(x, 0.5, false).toArray()).to.deep.equal(x.toArray());
      expect(F.dropout(x, 0).toArray()).to.deep.equal(x.toArray());
      expect(F.dropout(x, 1).abs().toArray()).to.deep.equal(new Array<number>(10).fill(0));
    });
  });
});
