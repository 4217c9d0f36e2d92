/** Operators with a backward written in TypeScript. */
import { expect } from "chai";
import { defineFunction } from "../../lib/autograd/define-function";
import { noGrad } from "../../lib/autograd/grad-mode";
import { callbackCount } from "../../lib/native/callbacks";
import { grad, gradSync } from "../../lib/tensor/backward";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import { rejection, thrown } from "../support/rejection";

const leaf = (data: number[]): Tensor => Tensor.from(data, { dtype: "float64", requiresGrad: true });

/** x³ with its known derivative; saves input and output. */
const cube = defineFunction({
  forward(context, x: Tensor) {
    const y = x.mul(x).mul(x);
    context.saveForBackward(x, y);
    return y;
  },
  backward(context, gradient) {
    const [x] = context.savedTensors;
    return gradient.mul((x as Tensor).mul(x as Tensor)).mul(3);
  },
});

describe("defineFunction", () => {
  it("has the gradient that it says, in the middle of a graph, sync and async", () =>
    scope(async () => {
      const x = leaf([1, 2]);
      cube(x.mul(2)).sum().backwardSync();
      expect(x.grad?.toArray(), "d/dx (2x)³ = 24x²").to.deep.equal([24, 96]);
      await cube(x).sum().backward();
      expect(x.grad?.toArray()).to.deep.equal([27, 108]);
    }));

  it("is differentiated again where backward is recorded", () =>
    scope(() => {
      const x = leaf([2]);
      const [first] = gradSync(cube(x).sum(), x, { createGraph: true });
      const [second] = gradSync((first as Tensor).sum(), x);
      expect([first?.item(), second?.item()]).to.deep.equal([12, 12]);
    }));

  it("takes what is no tensor, gives several outputs, and is asked only for what is needed", () =>
    scope(async () => {
      const asked: unknown[] = [];
      const scaleAndShift = defineFunction<readonly [Tensor, number, Tensor], Tensor[], number>({
        forward(context, x, factor, shift) {
          context.saved = factor;
          asked.push(context.needsInputGrad);
          return [x.mul(factor), x.add(shift)];
        },
        backward: (context, scaled, shifted) => [scaled.mul(context.saved).add(shifted), undefined, shifted],
      });
      const [x, shift] = [leaf([1]), leaf([5])];
      const [scaled, shifted] = scaleAndShift(x, 3, shift);
      const gradients = await grad(
        (scaled as Tensor)
          .mul(2)
          .add(shifted as Tensor)
          .sum(),
        [x, shift],
      );
      expect(gradients.map((gradient) => gradient.item())).to.deep.equal([7, 1]);
      expect(asked).to.deep.equal([[true, false, true]]);
      const [only] = scaleAndShift(x, 3, Tensor.from([5], { dtype: "float64" }));
      expect(
        (await grad((only as Tensor).sum(), x)).map((gradient) => gradient.item()),
        "the other output's gradient is zeros",
      ).to.deep.equal([3]);
    }));

  it("gives undefined for outputs without gradient where it wants to know", () =>
    scope(() => {
      const seen: unknown[] = [];
      const twins = defineFunction({
        forward(context, x: Tensor) {
          context.setMaterializeGrads(false);
          const classes = x.gt(0);
          context.markNonDifferentiable(classes);
          return [x.mul(1), x.mul(2), classes];
        },
        backward(_context, one, two) {
          seen.push(one === undefined, two === undefined);
          return two.mul(2);
        },
      });
      const x = leaf([1]);
      const [, two, classes] = twins(x);
      expect([two?.requiresGrad, classes?.requiresGrad]).to.deep.equal([true, false]);
      two?.sum().backwardSync();
      expect([seen, x.grad?.item()]).to.deep.equal([[true, false], 2]);
    }));

  it("may change an argument in place, and says so", () =>
    scope(() => {
      const double = defineFunction({
        forward(context, x: Tensor) {
          context.markDirty(x);
          return x.mul_(2);
        },
        backward: (_context, gradient) => gradient.mul(2),
      });
      const x = leaf([3]);
      const inner = x.mul(1);
      const changed = double(inner);
      expect([changed.item(), inner.item()]).to.deep.equal([6, 6]);
      changed.sum().backwardSync();
      expect(x.grad?.item()).to.equal(2);
      thrown(() => double(x), "ERR_OPERATOR_FAILED"); // a leaf that requires grad
    }));

  it("notices that a saved tensor was changed since", () =>
    scope(async () => {
      const x = leaf([1]);
      const inner = x.mul(1);
      const y = cube(inner);
      noGrad(() => inner.add_(1));
      await rejection(y.sum().backward(), "ERR_OPERATOR_FAILED");
    }));

  it("records nothing where nothing requires grad, and is then forgotten at once", async () => {
    const before = callbackCount();
    await scope(async () => {
      for (let i = 0; i < 20; i++) {
        expect(cube(Tensor.from([2])).requiresGrad).to.equal(false);
        const x = leaf([2]);
        expect(noGrad(() => cube(x)).requiresGrad).to.equal(false);
        await cube(x).sum().backward();
      }
    });
    using x = Tensor.from([1]);
    await x.read();
    expect(callbackCount()).to.equal(before);
  });

  it("passes on what forward and backward throw, and refuses what does not fit", () =>
    scope(async () => {
      const mine = new RangeError("mine");
      const failing = defineFunction({
        forward: (_context, x: Tensor) => x.mul(1),
        backward: () => {
          throw mine;
        },
      });
      const x = leaf([1]);
      expect(
        await failing(x)
          .sum()
          .backward()
          .catch((error: unknown) => error),
      ).to.equal(mine);
      expect(() =>
        defineFunction({
          forward: () => {
            throw mine;
          },
          backward: () => undefined,
        })(),
      ).to.throw(RangeError);
      const giving = (gradients: unknown): Promise<Error> =>
        rejection(
          defineFunction({ forward: (_context, y: Tensor) => y.mul(1), backward: () => gradients as never })(x)
            .sum()
            .backward(),
          "ERR_INVALID_ARG",
        );
      await giving([]);
      await giving([undefined, undefined]);
      await giving(5);
      await giving(["x"]);
      thrown(() => defineFunction({ forward: (() => 5) as never, backward: () => undefined })(), "ERR_INVALID_ARG");
      thrown(() => defineFunction(undefined as never), "ERR_INVALID_ARG");
    }));

  it("needs no argument that is a tensor", () =>
    scope(() => {
      const ones = defineFunction({
        forward: (_context, n: number) => Tensor.from(Array(n).fill(1)),
        backward: () => undefined,
      });
      expect(ones(3).toArray()).to.deep.equal([1, 1, 1]);
    }));
});
