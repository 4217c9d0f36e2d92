/** `nn.init` against `torch.nn.init`: `scripts/golden/nn.py` wrote what is expected here. */
import { expect } from "chai";
import { nn } from "../../lib/index";
import { manualSeed } from "../../lib/tensor/device";
import { ops } from "../../lib/tensor/ops";
import { scope } from "../../lib/tensor/scope";
import type { Tensor } from "../../lib/tensor/tensor";
import { thrown } from "../support/rejection";
import { expectDrawn, golden, tolerance } from "./golden";

const { init } = nn;

const FILLS: Readonly<Record<string, () => Tensor>> = {
  uniform_: () => init.uniform_(ops.empty([5, 7]), -0.5, 2),
  normal_: () => init.normal_(ops.empty([5, 7]), 1, 0.02),
  "normal_ small": () => init.normal_(ops.empty([3]), 1, 0.02),
  constant_: () => init.constant_(ops.empty([2, 3]), 0.3),
  ones_: () => init.ones_(ops.empty([2, 3])),
  zeros_: () => init.zeros_(ops.empty([2, 3])),
  truncNormal_: () => init.truncNormal_(ops.empty([20, 9])),
  "truncNormal_ narrow": () => init.truncNormal_(ops.empty([20, 9]), { mean: 0.5, std: 1, a: 0.1, b: 0.6 }),
  "truncNormal_ tail": () => init.truncNormal_(ops.empty([20, 9]), { mean: 0, std: 1, a: 1.5, b: 4 }),
  xavierUniform_: () => init.xavierUniform_(ops.empty([6, 11]), init.calculateGain("tanh")),
  xavierNormal_: () => init.xavierNormal_(ops.empty([6, 11])),
  kaimingUniform_: () => init.kaimingUniform_(ops.empty([6, 11]), { mode: "fan_out", nonlinearity: "relu" }),
  kaimingNormal_: () => init.kaimingNormal_(ops.empty([6, 4, 3]), { a: 0.2 }),
  "orthogonal_ tall": () => init.orthogonal_(ops.empty([9, 4])),
  "orthogonal_ wide": () => init.orthogonal_(ops.empty([4, 3, 3]), 2),
};

describe("nn.init", () => {
  it("has a test for every golden entry", () => {
    expect(Object.keys(FILLS)).to.deep.equal(Object.keys(golden.inits));
  });

  for (const [name, fill] of Object.entries(FILLS)) {
    it(`${name} fills as PyTorch does under the same seed`, () => {
      // A factorisation by LAPACK may differ in its last bit from processor to processor.
      const within = name.startsWith("orthogonal_") ? 1e-6 : tolerance();
      manualSeed(golden.seed);
      scope(() => expectDrawn(new Map([["", fill()]]), golden.inits[name] ?? {}, within));
    });
  }

  it("gives PyTorch's gains", () => {
    for (const [name, gain] of Object.entries(golden.gains)) {
      const [nonlinearity, slope] = name.split(" ") as [Parameters<typeof init.calculateGain>[0], string | undefined];
      expect(init.calculateGain(nonlinearity, slope === undefined ? undefined : Number(slope)), name).to.equal(gain);
    }
  });

  it("orthogonal_ makes orthonormal columns, times the gain", () => {
    scope(() => {
      const q = init.orthogonal_(ops.empty([7, 3]), 3);
      const product = q.t().matmul(q).sub(ops.eye(3).mul(9)); // QᵀQ = gain² · I
      expect(Number(product.abs().max().item())).to.be.below(1e-5);
    });
  });

  it("truncNormal_ stays inside its bounds", () => {
    scope(() => {
      const drawn = init.truncNormal_(ops.empty([5000]), { std: 3, a: -1, b: 2 });
      expect(Number(drawn.min().item())).to.be.at.least(-1);
      expect(Number(drawn.max().item())).to.be.at.most(2);
    });
  });

  it("fills parameters in place without recording, and returns what it was given", () => {
    using layer = new nn.Linear(3, 2);
    expect(init.ones_(layer.weight)).to.equal(layer.weight);
    expect(layer.weight.toArray()).to.deep.equal([
      [1, 1, 1],
      [1, 1, 1],
    ]);
    expect(layer.weight.isLeaf && layer.weight.requiresGrad).to.be.true;
  });

  it("refuses too few dimensions, unknown names and impossible bounds", () => {
    using vector = ops.empty([3]);
    using matrix = ops.empty([3, 3]);
    for (const fill of [
      init.xavierUniform_,
      init.xavierNormal_,
      init.kaimingUniform_,
      init.kaimingNormal_,
      init.orthogonal_,
    ]) {
      expect(thrown(() => fill(vector), "ERR_INVALID_ARG").message).to.contain("at least 2 dimensions, got [3]");
    }
    thrown(() => init.kaimingUniform_(matrix, { nonlinearity: "softmax" as "relu" }), "ERR_INVALID_ARG");
    thrown(() => init.kaimingUniform_(matrix, { mode: "fan_both" as "fan_in" }), "ERR_INVALID_ARG");
    thrown(() => init.truncNormal_(matrix, { a: 2, b: 1 }), "ERR_INVALID_ARG");
    thrown(() => init.truncNormal_(matrix, { std: 0 }), "ERR_INVALID_ARG");
    thrown(() => init.uniform_("matrix" as unknown as Tensor), "ERR_INVALID_ARG");
  });
});
