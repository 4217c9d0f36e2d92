/** The layers against PyTorch's: `scripts/golden/nn.py` wrote what is expected here. */
import { expect } from "chai";
import { join } from "node:path";
import { checkpoint, nn } from "../../lib/index";
import { manualSeed } from "../../lib/tensor/device";
import { ops } from "../../lib/tensor/ops";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import { float32, GOLDEN, largestDifference, readSafetensors, type StoredTensor } from "../support/golden";
import { rejection, thrown } from "../support/rejection";
import { expectDrawn, golden, tolerance } from "./golden";

const LAYERS: Readonly<Record<string, () => nn.Module>> = {
  Linear: () => new nn.Linear(7, 5),
  "Linear without bias": () => new nn.Linear(7, 5, { bias: false }),
  "Linear in float64": () => new nn.Linear(7, 5, { dtype: "float64" }),
  Embedding: () => new nn.Embedding(9, 4),
  "Embedding with padding": () => new nn.Embedding(9, 4, { paddingIdx: -2 }),
  LayerNorm: () => new nn.LayerNorm([3, 4]),
  "LayerNorm without bias": () => new nn.LayerNorm(4, { bias: false }),
  Sequential: () => new nn.Sequential(new nn.Linear(4, 6), new nn.ReLU(), new nn.Linear(6, 2)),
};

describe("nn layers: initial values", () => {
  it("have a test for every golden entry", () => {
    expect(Object.keys(LAYERS)).to.deep.equal(Object.keys(golden.layers));
  });

  for (const [name, make] of Object.entries(LAYERS)) {
    it(`${name} begins as PyTorch's does under the same seed`, () => {
      const within = tolerance();
      manualSeed(golden.seed);
      using layer = make();
      expectDrawn(layer.stateDict(), golden.layers[name] ?? {}, within);
      expect(layer.parameters().every(({ requiresGrad, isLeaf }) => requiresGrad && isLeaf)).to.be.true;
    });
  }
});

describe("nn layers: forward and backward", () => {
  it("a head with all of them gives PyTorch's output and gradients", async () => {
    using head = new nn.Sequential(
      new nn.Linear(6, 16),
      new nn.GELU(),
      new nn.LayerNorm(16),
      new nn.Dropout(0),
      new nn.Linear(16, 3),
    );
    const stored = readSafetensors(join(GOLDEN, "nn.safetensors"));
    const { input, output, gradients, inputGradient } = golden.head;
    await scope(async () => {
      head.loadStateDict(
        new Map(
          [...head.stateDict().keys()].map((name) => {
            const tensor = stored.get(`head.${name}`) as StoredTensor;
            return [name, Tensor.from(float32(tensor), { shape: tensor.shape })];
          }),
        ),
      );
      const x = Tensor.from(input, { requiresGrad: true });
      const y = head.forward(x);
      expect(y.shape).to.deep.equal([4, 3]);
      expect(largestDifference(y.toTypedArray(), output.flat())).to.be.at.most(1e-6);
      await y.mul(y).sum().backward();
      expect(largestDifference(x.grad?.toTypedArray() as Float32Array, inputGradient)).to.be.at.most(1e-5);
      x.grad = undefined;
    });
    expect(head.namedParameters().map(([name]) => name)).to.deep.equal(Object.keys(gradients));
    for (const [name, parameter] of head.namedParameters()) {
      expect(
        largestDifference(parameter.grad?.toTypedArray() as Float32Array, gradients[name] ?? []),
        name,
      ).to.be.at.most(2e-5);
    }
  });

  it("a checkpointed block gives the same gradients, dropout included", async () => {
    using block = new nn.Sequential(new nn.Linear(6, 16), new nn.GELU(), new nn.Dropout(0.3), new nn.Linear(16, 3));
    using x = Tensor.from(golden.head.input);
    const gradients = async (run: () => Tensor): Promise<unknown> => {
      manualSeed(9);
      await scope(async () => run().sum().backward());
      const found = block.parameters().map(({ grad }) => grad?.toArray());
      block.zeroGrad();
      return found;
    };
    const plain = await gradients(() => block.forward(x));
    expect(await gradients(() => checkpoint((hidden) => block.forward(hidden), [x]))).to.deep.equal(plain);
    expect(plain).to.not.deep.equal(await gradients(() => block.eval().forward(x)));
  });

  it("Dropout scales what it keeps while training, and does nothing in eval mode", () => {
    scope(() => {
      const dropout = new nn.Dropout(0.25);
      const ones = ops.ones([1000]);
      const values = new Set(dropout.forward(ones).toTypedArray() as Float32Array);
      expect([...values].sort()).to.deep.equal([0, Math.fround(1 / 0.75)]);
      dropout.eval();
      expect(new Set(dropout.forward(ones).toTypedArray() as Float32Array)).to.deep.equal(new Set([1]));
      expect(new Set(new nn.Dropout(1).forward(ones).toTypedArray() as Float32Array)).to.deep.equal(new Set([0]));
    });
  });

  it("the padding row of an Embedding gets no gradient", async () => {
    using words = new nn.Embedding(4, 2, { paddingIdx: 1 });
    await scope(async () =>
      words
        .forward(Tensor.from([[0n, 1n, 3n, 3n]]))
        .sum()
        .backward(),
    );
    expect(words.weight.grad?.toArray()).to.deep.equal([
      [1, 1],
      [0, 0],
      [0, 0],
      [2, 2],
    ]);
  });

  it("LayerNorm over two dimensions, with and without weights, gives mean 0 and variance 1", () => {
    scope(() => {
      const x = ops.randn([5, 3, 4]).mul(7).add(2);
      for (const options of [{}, { elementwiseAffine: false }, { bias: false }]) {
        using norm = new nn.LayerNorm([3, 4], options);
        const rows = norm.forward(x).reshape([5, 12]);
        expect(Number(rows.mean([1]).abs().max().item())).to.be.below(1e-6);
        expect(Number(rows.mul(rows).mean([1]).sub(1).abs().max().item())).to.be.below(1e-5);
      }
    });
  });

  it("activations are what their formulas say", () => {
    scope(() => {
      const values = [-2, -0.5, 0, 0.5, 3];
      const x = Tensor.from(values);
      const near = (layer: { forward(x: Tensor): Tensor }, formula: (v: number) => number): void => {
        expect(largestDifference(layer.forward(x).toTypedArray(), values.map(formula))).to.be.at.most(1e-6);
      };
      near(new nn.ReLU(), (v) => Math.max(v, 0));
      near(new nn.Tanh(), Math.tanh);
      near(
        new nn.GELU({ approximate: "tanh" }),
        (v) => (v / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3))),
      );
      // GELU(x) − GELU(−x) = x, as Φ(x) + Φ(−x) = 1
      const gelu = new nn.GELU();
      const odd = gelu.forward(x).sub(gelu.forward(x.neg()));
      expect(largestDifference(odd.toTypedArray(), values)).to.be.at.most(1e-6);
    });
  });
});

describe("nn layers: what they refuse", () => {
  it("sizes that are no whole numbers, and options out of range", () => {
    for (const make of [
      () => new nn.Linear(-1, 2),
      () => new nn.Linear(2, 1.5),
      () => new nn.Linear("3" as unknown as number, 2),
      () => new nn.Embedding(4, NaN),
      () => new nn.Embedding(4, 2, { paddingIdx: 4 }),
      () => new nn.Embedding(4, 2, { paddingIdx: -5 }),
      () => new nn.LayerNorm([3, -4]),
      () => new nn.LayerNorm([]),
      () => new nn.LayerNorm(3, { eps: -1 }),
      () => new nn.Dropout(1.1),
      () => new nn.Dropout(NaN),
      () => new nn.GELU({ approximate: "sigmoid" as "none" }),
      () => new nn.Parameter([1] as unknown as Tensor),
      () => new nn.Sequential("layer" as unknown as nn.Layer),
    ]) {
      thrown(make, "ERR_INVALID_ARG");
    }
    thrown(() => new nn.Linear(2, 2, { device: "gpu" }), "ERR_UNKNOWN_DEVICE");
    using ids = Tensor.from([1n]);
    thrown(() => new nn.Parameter(ids), "ERR_INVALID_ARG");
    new nn.Parameter(ids, { requiresGrad: false }).dispose();
  });

  it("inputs of another shape, and any use after dispose", () => {
    const layer = new nn.Linear(3, 2);
    scope(() => {
      thrown(() => layer.forward(ops.ones([4, 4])), "ERR_SHAPE_MISMATCH");
      layer.dispose();
      layer.dispose();
      thrown(() => layer.forward(ops.ones([4, 3])), "ERR_TENSOR_DISPOSED");
    });
    thrown(() => layer.parameters(), "ERR_MODULE_DISPOSED");
    thrown(() => layer.stateDict(), "ERR_MODULE_DISPOSED");
  });

  it("Sequential refuses a layer that gives no tensor, sync or async", async () => {
    class Wrong extends nn.Module {
      constructor(private readonly later: boolean) {
        super();
      }
      forward(_: Tensor): Tensor | Promise<Tensor> {
        return (this.later ? Promise.resolve(1) : 1) as unknown as Tensor;
      }
    }
    using x = ops.ones([1]);
    thrown(() => new nn.Sequential(new Wrong(false)).forward(x), "ERR_OUTPUT_NOT_UNDERSTOOD");
    await rejection(new nn.Sequential(new Wrong(true)).forward(x) as Promise<Tensor>, "ERR_OUTPUT_NOT_UNDERSTOOD");
  });
});
