/** Gradients, grad mode, and the order between queued and synchronous work. */
import { expect } from "chai";
import { enableGrad, isGradEnabled, noGrad } from "../../lib/autograd/grad-mode";
import { ops } from "../../lib/tensor/ops";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import { rejection, thrown } from "../support/rejection";

const leaf = (data: number | number[] | number[][], dtype: "float32" | "float64" = "float64"): Tensor =>
  Tensor.from(data, { dtype, requiresGrad: true });
const gradientOf = (tensor: Tensor): unknown => tensor.grad?.toArray();
const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2));

describe("backward", () => {
  it("gives the gradient that finite differences give", () =>
    scope(async () => {
      const data = [0.3, -1.2, 2.1];
      const f = (x: Tensor): Tensor => x.tanh().mul(x).add(x.exp()).sum();
      const x = leaf(data);
      await f(x).backward();
      const gradient = x.grad?.toArray() as number[];
      data.forEach((_, i) => {
        const at = (step: number): number =>
          Number(
            f(
              Tensor.from(
                data.map((value, k) => (k === i ? value + step : value)),
                { dtype: "float64" },
              ),
            ).item(),
          );
        expect(gradient[i]).to.be.closeTo((at(1e-6) - at(-1e-6)) / 2e-6, 1e-8);
      });
    }));

  it("accumulates, and starts anew after grad = undefined", () =>
    scope(async () => {
      const x = leaf([1, 2]);
      for (let i = 0; i < 3; i++) await x.mul(x).sum().backward();
      expect(x.grad?.toArray()).to.deep.equal([6, 12]);
      x.grad = undefined;
      expect(x.grad).to.equal(undefined);
      await x.sum().backward();
      expect(gradientOf(x)).to.deep.equal([1, 1]);
    }));

  it("of something that is no scalar takes a gradient of its shape", () =>
    scope(async () => {
      const x = leaf([1, 2]);
      await x.mul(3).backward(Tensor.from([10, 100], { dtype: "float64" }));
      expect(x.grad?.toArray()).to.deep.equal([30, 300]);
      await rejection(x.mul(3).backward(), "ERR_OPERATOR_FAILED");
      await rejection(x.mul(3).backward(Tensor.from([1, 2, 3], { dtype: "float64" })), "ERR_SHAPE_MISMATCH");
      for (const wrong of [5, "1", {}, [1, 1]]) await rejection(x.mul(3).backward(wrong as never), "ERR_INVALID_ARG");
    }));

  it("without history is an error, whatever took the history away", () =>
    scope(async () => {
      const x = leaf([1, 2]);
      for (const none of [Tensor.from([1]).sum(), x.detach().sum(), noGrad(() => x.sum()), x.gt(0).sum()]) {
        expect((await rejection(none.backward(), "ERR_NO_GRAD_HISTORY")).message)
          .to.contain("backward")
          .and.to.contain("history");
      }
      const twice = x.mul(x).sum();
      await twice.backward();
      await rejection(twice.backward(), "ERR_NO_GRAD_HISTORY");
      const gone = x.sum();
      gone.dispose();
      await rejection(gone.backward(), "ERR_TENSOR_DISPOSED");
    }));

  it("keeps the graph on request, and builds one through itself", () =>
    scope(async () => {
      const x = leaf([3]);
      const y = x.mul(x).mul(x).sum();
      await y.backward(undefined, { retainGraph: true });
      await y.backward();
      expect(x.grad?.toArray()).to.deep.equal([54]);
      const z = leaf([3]);
      await z.mul(z).mul(z).sum().backward(undefined, { createGraph: true });
      const first = z.grad?.sum();
      z.grad = undefined;
      await first?.backward();
      expect(gradientOf(z), "6 x").to.deep.equal([18]);
      z.grad = undefined;
    }));

  it("works where disposed tensors stand in the graph", () =>
    scope(async () => {
      const x = leaf([2]);
      const y = x.mul(x);
      const loss = y.mul(y).sum();
      y.dispose();
      await loss.backward();
      expect(x.grad?.toArray()).to.deep.equal([32]);
    }));
});

describe("grad", () => {
  it("is the same object however often it is read, and after more backwards", () =>
    scope(async () => {
      const x = leaf([1]);
      expect(x.grad).to.equal(undefined);
      await x.sum().backward();
      const first = x.grad;
      expect(x.grad).to.equal(first);
      await x.sum().backward();
      expect(x.grad).to.equal(first);
      expect(first?.item()).to.equal(2);
    }));

  it("can be set, to what fits", () =>
    scope(() => {
      const x = leaf([1, 2]);
      x.grad = Tensor.from([5, 6], { dtype: "float64" });
      expect(x.grad?.toArray()).to.deep.equal([5, 6]);
      thrown(() => (x.grad = Tensor.from([1], { dtype: "float64" })), "ERR_SHAPE_MISMATCH");
      thrown(() => (x.grad = Tensor.from([1, 2])), "ERR_INVALID_ARG");
      thrown(() => (x.grad = x), "ERR_INVALID_ARG");
      thrown(() => (x.grad = 5 as never), "ERR_INVALID_ARG");
      expect(x.grad?.toArray(), "refused ones change nothing").to.deep.equal([5, 6]);
    }));
});

describe("requiresGrad", () => {
  it("is for floating leaves", () =>
    scope(() => {
      const x = Tensor.from([1]);
      x.requiresGrad = true;
      expect(x.add(1)).to.include({ requiresGrad: true, isLeaf: false });
      expect(x).to.include({ requiresGrad: true, isLeaf: true });
      x.requiresGrad = false;
      expect(x.add(1).requiresGrad).to.equal(false);
      thrown(() => Tensor.from([1n], { requiresGrad: true }), "ERR_INVALID_ARG");
      x.requiresGrad = true;
      thrown(() => (x.add(1).requiresGrad = false), "ERR_INVALID_ARG");
      thrown(() => (x.requiresGrad = 1 as never), "ERR_INVALID_ARG");
      thrown(() => x.add_(1), "ERR_OPERATOR_FAILED");
      noGrad(() => x.add_(1));
      expect(x.toArray()).to.deep.equal([2]);
    }));
});

describe("noGrad", () => {
  it("records nothing inside, also across await and in queued work, and enableGrad records again", () =>
    scope(async () => {
      const x = leaf([1]);
      const before = isGradEnabled();
      await noGrad(async () => {
        expect(x.mul(2).requiresGrad).to.equal(false);
        await tick();
        expect([isGradEnabled(), x.mul(2).requiresGrad]).to.deep.equal([false, false]);
        expect(enableGrad(() => x.mul(2).requiresGrad)).to.equal(true);
        expect(x.mul(2).requiresGrad).to.equal(false);
      });
      expect([before, isGradEnabled(), x.mul(2).requiresGrad]).to.deep.equal([true, true, true]);
    }));

  it("does not leak into what runs meanwhile", () =>
    scope(async () => {
      const x = leaf([1]);
      const quiet = noGrad(async () => {
        const seen: boolean[] = [];
        for (let i = 0; i < 5; i++) {
          await tick();
          seen.push(x.mul(2).requiresGrad);
        }
        return seen;
      });
      for (let i = 0; i < 5; i++) {
        await tick();
        expect(x.mul(2).requiresGrad).to.equal(true);
      }
      expect(await quiet).to.deep.equal(Array(5).fill(false));
    }));

  it("ends with an error that passes through", () => {
    expect(() =>
      noGrad(() => {
        throw new RangeError("mine");
      }),
    ).to.throw(RangeError);
    expect(isGradEnabled()).to.equal(true);
    scope(() => expect(leaf([1]).mul(2).requiresGrad).to.equal(true));
  });
});

describe("program order", () => {
  it("holds between a queued backward and what is read after it", () =>
    scope(() => {
      const x = ops.ones([400, 400], { dtype: "float64" });
      x.requiresGrad = true;
      const y = x.matmul(x).matmul(x).sum();
      const done = y.backward();
      // Not awaited: reading the gradient waits for the work that makes it.
      expect(x.grad?.select(0, 0).select(0, 0).item()).to.equal(3 * 400 * 400);
      return done;
    }));

  it("holds between queued work and an operator in place", () =>
    scope(async () => {
      const x = ops.ones([300, 300], { dtype: "float64" });
      const waiting = Array.from({ length: 5 }, () => x.read());
      x.mul_(2);
      for (const values of await Promise.all(waiting)) expect([values[0], values.at(-1)]).to.deep.equal([1, 1]);
      expect(x.select(0, 0).select(0, 0).item()).to.equal(2);
    }));

  it("promises settle in the order of their calls", () =>
    scope(async () => {
      const order: number[] = [];
      const x = ops.ones([200, 200]);
      await Promise.all(Array.from({ length: 20 }, (_, i) => x.read().then(() => order.push(i))));
      expect(order).to.deep.equal(Array.from({ length: 20 }, (_, i) => i));
    }));
});
