/** gradcheck itself: what it accepts, what it catches, and what it says. */
import { expect } from "chai";
import { gradcheck } from "../../lib/autograd/gradcheck";
import { ops } from "../../lib/tensor/ops";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import { rejection } from "../support/rejection";

const leaf = (data: number | number[] | number[][]): Tensor =>
  Tensor.from(data, { dtype: "float64", requiresGrad: true });
/** x², whose gradient lacks a factor of 2. */
const wrong = (x: Tensor): Tensor => x.detach().mul(x);

describe("gradcheck", () => {
  it("accepts right gradients: several inputs and outputs, synchronous or not", () =>
    scope(async () => {
      const [x, w] = [
        leaf([
          [0.5, -1, 2],
          [3, 0.25, -0.75],
        ]),
        leaf([
          [1, 2],
          [0.5, -0.5],
          [-1, 1.5],
        ]),
      ];
      expect(await gradcheck((a, b) => [a.matmul(b), a.sum().mul(b.exp())], [x, w])).to.equal(true);
      expect(await gradcheck(async (a) => a.tanh(), [x])).to.equal(true);
      expect(await gradcheck((a) => a.mul(2), [leaf(3)]), "zero dimensions").to.equal(true);
      expect(await gradcheck((a) => a.mul(2), [leaf([])]), "no elements").to.equal(true);
    }));

  it("takes inputs that lie transposed in memory, and leaves those without grad alone", () =>
    scope(async () => {
      const x = ops.transpose(
        Tensor.from(
          [
            [0.5, -1, 2],
            [3, 0.25, -0.75],
          ],
          { dtype: "float64" },
        ),
        0,
        1,
      );
      x.requiresGrad = true;
      const index = Tensor.from([1n, 0n]);
      expect(await gradcheck((a, i) => a.mul(a).indexSelect(1, i), [x, index])).to.equal(true);
    }));

  it("takes complex outputs", () =>
    scope(async () => {
      expect(await gradcheck((a) => ops.fftFft(a), [leaf([1, 2, -0.5])])).to.equal(true);
    }));

  it("catches a wrong gradient, and names the places and both values", () =>
    scope(async () => {
      const inputs = [leaf([1, 2]), leaf([3, 0.5])];
      const { message } = await rejection(
        gradcheck((a, b) => [a.add(b), wrong(b)], inputs),
        "ERR_GRADIENT_MISMATCH",
      );
      expect(message).to.match(
        /^gradcheck: expected the gradient of output 1, element 0, by input 1, element 0, to be (6|5\.99999)/,
      );
      expect(message).to.match(/got 3$/);
    }));

  it("catches an output that a gradient does not reach", () =>
    scope(async () => {
      await rejection(
        gradcheck((a, b) => a.add(b.detach()), [leaf([1]), leaf([2])]),
        "ERR_GRADIENT_MISMATCH",
      );
    }));

  it("holds to the tolerance asked for", () =>
    scope(async () => {
      const nearly = (x: Tensor): Tensor => x.mul(1.0005).sub(x.detach().mul(0.0005));
      expect(await gradcheck(nearly, [leaf([2])])).to.equal(true);
      await rejection(gradcheck(nearly, [leaf([2])], { rtol: 1e-5 }), "ERR_GRADIENT_MISMATCH");
      expect(await gradcheck(wrong, [leaf([2])], { atol: 10 })).to.equal(true);
    }));

  it("compares projections where there are many elements, or where asked", () =>
    scope(async () => {
      const many = ops.linspace(0.5, 2, 1500, { dtype: "float64" });
      many.requiresGrad = true;
      const calls = { right: 0, wrong: 0 };
      expect(await gradcheck((x) => (calls.right++, x.sin().mul(x)), [many])).to.equal(true);
      expect(calls.right, "once, and two steps along one direction").to.equal(3);
      await rejection(
        gradcheck((x) => (calls.wrong++, wrong(x)), [many]),
        "ERR_GRADIENT_MISMATCH",
      );
      await rejection(gradcheck(wrong, [leaf([1, 2])], { fastMode: true }), "ERR_GRADIENT_MISMATCH");
      expect(await gradcheck((x) => x.exp(), [leaf([1, 2])], { fastMode: true })).to.equal(true);
    }));

  it("compares projections of a weight matrix", () =>
    scope(async () => {
      const weight = ops.linspace(-1, 1, 200_000, { dtype: "float64" });
      weight.requiresGrad = true;
      expect(await gradcheck((x) => x.tanh(), [weight])).to.equal(true);
    }));

  it("changes neither the inputs nor their gradients", () =>
    scope(async () => {
      const x = leaf([1, 2]);
      await gradcheck((a) => a.mul(a), [x]);
      expect(x.grad).to.equal(undefined);
      expect(x.toArray()).to.deep.equal([1, 2]);
    }));

  it("refuses what it cannot check", () =>
    scope(async () => {
      const x = leaf([1, 2]);
      const f = (a: Tensor): Tensor => a.mul(a);
      await rejection(gradcheck(f, []), "ERR_INVALID_ARG");
      await rejection(gradcheck(f, [Tensor.from([1], { dtype: "float64" })]), "ERR_INVALID_ARG");
      await rejection(gradcheck(f, [Tensor.from([1], { requiresGrad: true })]), "ERR_INVALID_ARG");
      for (const inputs of [undefined, x, [1], "x"]) await rejection(gradcheck(f, inputs as never), "ERR_INVALID_ARG");
      await rejection(
        gradcheck(() => 5 as never, [x]),
        "ERR_INVALID_ARG",
      );
      await rejection(
        gradcheck((a) => a.detach(), [x]),
        "ERR_NO_GRAD_HISTORY",
      );
    }));
});
