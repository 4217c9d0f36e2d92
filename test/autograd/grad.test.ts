/** `grad` and the synchronous backward. */
import { expect } from "chai";
import { backward, grad, gradSync } from "../../lib/tensor/backward";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import { rejection, thrown } from "../support/rejection";

const leaf = (data: number[]): Tensor => Tensor.from(data, { dtype: "float64", requiresGrad: true });

describe("grad of outputs with respect to inputs", () => {
  it("gives the gradients and leaves .grad alone", () =>
    scope(async () => {
      const [x, y] = [leaf([1, 2]), leaf([3, 4])];
      const gradients = await grad(x.mul(y).sum(), [x, y]);
      expect(gradients.map((gradient) => gradient.toArray())).to.deep.equal([
        [3, 4],
        [1, 2],
      ]);
      expect([x.grad, y.grad]).to.deep.equal([undefined, undefined]);
    }));

  it("is differentiated again with createGraph: x³ gives 3x², 6x, 6", () =>
    scope(() => {
      const x = leaf([2, -1]);
      const [first] = gradSync(x.pow(3).sum(), x, { createGraph: true });
      const [second] = gradSync((first as Tensor).sum(), x, { createGraph: true });
      const [third] = gradSync((second as Tensor).sum(), x);
      expect([first, second, third].map((gradient) => gradient?.toArray())).to.deep.equal([
        [12, 3],
        [12, -6],
        [6, 6],
      ]);
    }));

  it("takes a gradient for each output, and inputs inside of the graph", () =>
    scope(async () => {
      const x = leaf([1, 2]);
      const inner = x.mul(2);
      const weight = Tensor.from([10, 100], { dtype: "float64" });
      const [gradient] = await grad([inner.mul(inner), inner.sum()], inner, { gradOutputs: [weight, undefined] });
      expect(gradient?.toArray(), "2 · inner · weight + 1").to.deep.equal([41, 801]);
    }));

  it("of an input that no output depends on is an error, or undefined with allowUnused", () =>
    scope(async () => {
      const [x, other] = [leaf([1]), leaf([1])];
      await rejection(grad(x.sum(), other), "ERR_OPERATOR_FAILED");
      const [unused, used] = await grad(x.sum(), [other, x], { allowUnused: true });
      expect([unused, used?.toArray()]).to.deep.equal([undefined, [1]]);
    }));

  it("refuses what has no history and what is no tensor", () =>
    scope(async () => {
      const x = leaf([1]);
      await rejection(grad(Tensor.from([1]), x), "ERR_NO_GRAD_HISTORY");
      thrown(() => gradSync(x.detach(), x), "ERR_NO_GRAD_HISTORY");
      await rejection(grad(x.sum(), [5 as never]), "ERR_INVALID_ARG");
      await rejection(grad(undefined as never, x), "ERR_INVALID_ARG");
      await rejection(grad(x.sum(), x, { gradOutputs: [] }), "ERR_INVALID_ARG");
      await rejection(grad(x.sum(), x, { createGraph: 1 as never }), "ERR_INVALID_ARG");
    }));
});

describe("backwardSync", () => {
  it("has accumulated when it returns, in program order after queued work", () =>
    scope(async () => {
      const x = leaf([1, 2]);
      const queued = x.mul(x).sum().backward();
      x.sum().backwardSync();
      expect(x.grad?.toArray()).to.deep.equal([3, 5]);
      await queued;
      thrown(() => x.mul(3).backwardSync(), "ERR_OPERATOR_FAILED");
      thrown(() => x.detach().backwardSync(), "ERR_NO_GRAD_HISTORY");
    }));

  it("accumulates in the inputs that are named, and nowhere else", () =>
    scope(async () => {
      const [x, y] = [leaf([2]), leaf([3])];
      x.mul(y)
        .sum()
        .backwardSync(undefined, { inputs: [y] });
      expect([x.grad, y.grad?.toArray()]).to.deep.equal([undefined, [2]]);
      await backward([x.mul(2).sum(), x.mul(y).sum()], undefined, { inputs: [x] });
      expect([x.grad?.toArray(), y.grad?.toArray()]).to.deep.equal([[5], [2]]);
    }));
});

describe("retainGrad", () => {
  it("keeps the gradient of a tensor inside of the graph", () =>
    scope(() => {
      const x = leaf([1, 2]);
      const inner = x.mul(3);
      inner.retainGrad();
      inner.mul(inner).sum().backwardSync();
      expect([inner.grad?.toArray(), x.grad?.toArray()]).to.deep.equal([
        [6, 12],
        [18, 36],
      ]);
    }));
});
