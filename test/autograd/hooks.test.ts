/** Hooks on gradients: JavaScript inside of a backward pass that runs on another thread. */
import { AsyncLocalStorage } from "node:async_hooks";
import { expect } from "chai";
import { enableGrad, isGradEnabled, noGrad } from "../../lib/autograd/grad-mode";
import { callbackCount } from "../../lib/native/callbacks";
import { ops } from "../../lib/tensor/ops";
import { keep, scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import { rejection, thrown } from "../support/rejection";

const leaf = (data: number[]): Tensor => Tensor.from(data, { dtype: "float64", requiresGrad: true });
/** Both ways to ask for a backward pass. */
const PASSES: readonly (readonly [string, (loss: Tensor, options?: { createGraph?: boolean }) => Promise<void>])[] = [
  ["backward", (loss, options) => loss.backward(undefined, options)],
  ["backwardSync", async (loss, options) => loss.backwardSync(undefined, options)],
];

for (const [name, pass] of PASSES) {
  describe(`registerHook, in ${name}`, () => {
    it("sees the gradient and may replace it", () =>
      scope(async () => {
        const x = leaf([1, 2]);
        const y = x.mul(3);
        const seen: unknown[] = [];
        y.registerHook((gradient) => void seen.push(gradient.toArray()));
        y.registerHook((gradient) => gradient.mul(10));
        x.registerHook((gradient) => void seen.push(gradient.toArray()));
        await pass(y.sum());
        expect(seen).to.deep.equal([
          [1, 1],
          [30, 30],
        ]);
        expect(x.grad?.toArray()).to.deep.equal([30, 30]);
      }));

    it("runs operators of any size inside, also on what older work wrote, and its results are freed", () =>
      scope(async () => {
        const x = ops.ones([300, 300], { dtype: "float64" });
        x.requiresGrad = true;
        const big = ops.ones([300, 300], { dtype: "float64" });
        let inside: unknown;
        x.registerHook((gradient) => {
          inside = big.matmul(gradient).sum().item(); // large: runs on the thread that waits for this hook
          ops.rand([3]);
          return gradient.mul(big.select(0, 0).select(0, 0));
        });
        const before = big.read(); // queued work, still under way
        await pass(x.sum());
        await before;
        expect(inside).to.equal(300 ** 3);
        expect(x.grad?.select(0, 0).select(0, 0).item()).to.equal(1);
      }));

    it("may run a backward pass of its own, whose hooks run too", () =>
      scope(async () => {
        const [x, other] = [leaf([2]), leaf([5])];
        const seen: string[] = [];
        other.registerHook(() => void seen.push("inner"));
        x.registerHook((gradient) => {
          seen.push("outer");
          enableGrad(() => other.mul(other).sum().backwardSync()); // the pass itself records nothing
          return gradient.add(other.grad as Tensor);
        });
        await pass(x.sum());
        expect(seen).to.deep.equal(["outer", "inner"]);
        expect(x.grad?.toArray()).to.deep.equal([11]);
      }));

    it("that calls the backward which it belongs to is an error, and the process goes on", () =>
      scope(async () => {
        const x = leaf([2]);
        const hook = x.registerHook(() => enableGrad(() => x.mul(2).sum().backwardSync()));
        await rejection(
          Promise.resolve().then(() => pass(x.sum())),
          "ERR_INVALID_ARG",
        );
        hook.remove();
        x.grad = undefined;
        await pass(x.sum());
        expect(x.grad).to.satisfy((gradient: Tensor) => gradient.item() === 1);
      }));

    it("runs in the caller's async context, and under the pass's grad mode", () =>
      scope(async () => {
        const storage = new AsyncLocalStorage<string>();
        const x = leaf([2]);
        const seen: unknown[] = [];
        x.registerHook(() => void seen.push([storage.getStore(), isGradEnabled()]));
        await storage.run("plain", () => pass(x.mul(x).sum()));
        await storage.run("recorded", () => pass(x.mul(x).sum(), { createGraph: true }));
        await noGrad(() =>
          storage
            .run("under noGrad", () => pass(x.grad as Tensor))
            .catch((error: { code: string }) => seen.push(error.code)),
        );
        expect(seen.slice(0, 2)).to.deep.equal([
          ["plain", false],
          ["recorded", true],
        ]);
        expect(isGradEnabled()).to.equal(true);
        expect(x.mul(2).requiresGrad, "the thread's mode is set back").to.equal(true);
        x.grad = undefined;
      }));

    it("that throws fails the pass with that very error", () =>
      scope(async () => {
        const x = leaf([1]);
        const mine = new RangeError("from the hook");
        const hook = x.registerHook(() => {
          throw mine;
        });
        expect(await pass(x.sum()).catch((error: unknown) => error)).to.equal(mine);
        hook.remove();
        x.registerHook(() => {
          throw "a text"; // eslint-disable-line @typescript-eslint/only-throw-error
        });
        expect(await pass(x.sum()).catch((error: unknown) => error)).to.equal("a text");
        expect(x.grad).to.equal(undefined);
      }));

    it("that returns what does not fit fails the pass with a code", () =>
      scope(async () => {
        for (const wrong of [5, Promise.resolve(), Tensor.from([1, 2, 3], { dtype: "float64" })]) {
          const x = leaf([1, 2]);
          x.registerHook(() => wrong as never);
          const error = await pass(x.sum()).then(
            () => undefined,
            (failure: { code?: string }) => failure,
          );
          expect(error?.code).to.be.oneOf(["ERR_INVALID_ARG", "ERR_OPERATOR_FAILED", "ERR_SHAPE_MISMATCH"]);
        }
      }));
  });
}

describe("a hook", () => {
  it("is served while JavaScript waits for the pass from inside a synchronous operator", () =>
    scope(async () => {
      const x = leaf([1]);
      let ran = false;
      x.registerHook(() => void (ran = true));
      const done = x.sum().backward();
      expect(x.grad?.toArray(), "reading waits for the pass, which waits for the hook").to.deep.equal([1]);
      expect(ran).to.equal(true);
      await done;
    }));

  it("may read, dispose and make tensors while another operator waits", () =>
    scope(async () => {
      const [x, y] = [leaf([1]), leaf([7])];
      x.registerHook(() => {
        for (let i = 0; i < 2000; i++) Tensor.from([i]);
        y.dispose();
      });
      const done = x.sum().backward();
      expect(y.add(x).toArray(), "y was disposed while add waited; what was taken over counts").to.deep.equal([8]);
      await done;
      expect(y.disposed).to.equal(true);
    }));

  it("that is removed is not called, and one on a tensor without gradient is an error", () =>
    scope(() => {
      const x = leaf([1]);
      const hook = x.registerHook((gradient) => gradient.mul(2));
      hook.remove();
      x.sum().backwardSync();
      expect(x.grad?.toArray()).to.deep.equal([1]);
      thrown(() => Tensor.from([1]).registerHook(() => undefined), "ERR_NO_GRAD_HISTORY");
      thrown(() => x.registerHook(5 as never), "ERR_INVALID_ARG");
    }));

  it("keeps what it takes out with keep()", () => {
    using x = leaf([1]);
    let kept: Tensor | undefined;
    x.registerHook((gradient) => void (kept = keep(gradient.mul(5))));
    scope(() => x.sum().backwardSync());
    expect(kept?.toArray()).to.deep.equal([5]);
    kept?.dispose();
  });

  it("is forgotten with the graph that it hangs on", async () => {
    const before = callbackCount();
    await scope(async () => {
      for (let i = 0; i < 50; i++) {
        const x = leaf([1]);
        x.mul(2).registerHook(() => undefined);
        await x.sum().backward();
      }
    });
    using x = Tensor.from([1]);
    await x.read(); // the JavaScript thread tidies up when it comes by
    expect(callbackCount()).to.equal(before);
  });

  it("of two passes that wait for each other's hooks does not lock up", () =>
    scope(async () => {
      const x = leaf([1]);
      let count = 0;
      x.registerHook(() => {
        if (count++ === 0) enableGrad(() => x.mul(2).sum().backwardSync());
      });
      await Promise.all([
        x.sum().backward(),
        x.sum().backward(),
        rejection(x.detach().backward(), "ERR_NO_GRAD_HISTORY"),
      ]);
      expect([count, x.grad?.toArray()]).to.deep.equal([3, [4]]);
    }));
});
