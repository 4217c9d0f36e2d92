/** The hot path of operator calls gives what the general way gives, and nothing in its frame can harm. */
import { expect } from "chai";
import type { NativeResult } from "../../lib/native/values";
import { native } from "../../lib/native/load";
import { decodeResult, encodeArguments, op, type OperatorResult } from "../../lib/tensor/operators";
import { ops } from "../../lib/tensor/ops";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import { thrown } from "../support/rejection";

function plain(result: OperatorResult): unknown {
  if (result instanceof Tensor) return [result.dtype, result.shape, result.toArray()];
  return Array.isArray(result) ? (result as OperatorResult[]).map(plain) : result;
}

function outcome(work: () => OperatorResult): unknown {
  try {
    return plain(work());
  } catch (error) {
    return [(error as { code?: string }).code, (error as Error).message];
  }
}

/** By the general way, whatever the arguments. */
function general(name: string, args: readonly unknown[]): OperatorResult {
  const { kinds, names, values } = encodeArguments(args);
  const result = native().call(native().operator(name, false), kinds, names, ...values);
  return result === null ? (args[0] as Tensor) : decodeResult(result);
}

describe("the hot path of operator calls", () => {
  it("gives what the general way gives: results, dtypes, errors and their words", () =>
    scope(() => {
      const x = Tensor.from([
        [1, 2],
        [3, 4],
      ]);
      const n = Tensor.from([1n, 2n]);
      const gone = Tensor.from([1]);
      gone.dispose();
      const calls: readonly (readonly [string, readonly unknown[]])[] = [
        ["add", [x, x]],
        ["add", [x, 1]],
        ["add", [n, 1]],
        ["add", [n, 0.5]],
        ["add", [n, -0]],
        ["add", [n, true]],
        ["add", [n, 2n]],
        ["add", [n, NaN]],
        ["add", [n, 2 ** 60]],
        ["add", [n, undefined]],
        ["add", [n, null]],
        ["add", [n, "1"]],
        ["add", [n, [1]]],
        ["add", [n]],
        ["add", []],
        ["add", [n, n, n]],
        ["add", [gone, n]],
        ["add", [n, gone]],
        ["add", [n, {}]],
        ["select", [x, 0, 1]],
        ["select", [x, -0, 1]],
        ["select", [x, 0, 5]],
        ["select", [x, 0, 0.5]],
        ["select", [x, 0, 1n]],
        ["select", [x, true, 1]],
        ["view", [x, [4]]],
        ["view", [x, [-1]]],
        ["view", [x, [3]]],
        ["view", [x, []]],
        ["view", [x, [-0, 4]]],
        ["view", [x, [2, 2.5]]],
        ["view", [x, [4n]]],
        ["view", [x, 4]],
        ["view", [x, "int32"]],
        ["view", [x, [x]]],
        ["sum", [x]],
        ["sum", [x, [0]]],
        ["sum", [x, 0]],
        ["sum", [x, []]],
        ["sum", [x, [0], true]],
        ["sum", [x, undefined]],
        ["sum", [x, null]],
        ["sum", [x, [0], undefined]],
        ["max", [x]],
        ["max", [x, 1]],
        ["max", [x, x]],
        ["cat", [[x, x]]],
        ["cat", [[x, x], 1]],
        ["cat", [[]]],
        ["cat", [[x, 1]]],
        ["cat", [[1, x]]],
        ["cat", [[x, undefined]]],
        ["cat", [[gone]]],
        ["stack", [[n, n], -1]],
        ["unbind", [x]],
        ["split", [x, 1]],
        ["split", [x, [1, 1], 1]],
        ["layer_norm", [x, [2]]],
        ["layer_norm", [x, [2], null, undefined, 1e-3]],
        ["layer_norm", [x, [2], undefined, undefined, undefined, false]],
        ["clamp", [x, 2]],
        ["clamp", [x, null, 3]],
        ["clamp", [x, undefined, n]],
        ["avg_pool2d", [x.view([1, 1, 2, 2]), 2]],
        ["avg_pool2d", [x.view([1, 1, 2, 2]), [2, 2], 1]],
        ["equal", [x, x]],
        ["numel", [x]],
        ["index", [x, [n.sub(1)]]],
        ["index", [x, [undefined, n.sub(1)]]],
        ["zeros", [[2, 3]]],
        ["zeros", [Array.from({ length: 65 }, () => 1)]],
        ["full", [[2], 7]],
        ["full", [[2], 0.5]],
        ["full", [[2], true]],
        ["quantile", [x, 0.5]],
        ["quantile", [x, 1]],
        ["upsample_nearest1d", [x.view([1, 2, 2]), [4], 2]],
        ["conv1d", [x.view([1, 2, 2]), x.view([2, 2, 1]), null, 1, 0, 1, 1]],
        ["conv1d", [x.view([1, 2, 2]), x.view([2, 2, 1]), undefined, [1], [0], [1]]],
        ["where", [x.gt(2), x, 0]],
        ["where", [x.gt(2), 1, 0.5]],
      ];
      for (const [name, args] of calls) {
        const label = `${name}(${args.map((arg) => (arg instanceof Tensor ? "tensor" : typeof arg === "bigint" ? `${arg}n` : Array.isArray(arg) ? `[${arg.length}]` : String(arg))).join(", ")})`;
        // Twice, since the second call finds its plan and its last list of sizes.
        for (const time of ["first", "second"]) {
          expect(
            outcome(() => op(name, args)),
            `${label}, ${time}`,
          ).to.deep.equal(outcome(() => general(name, args)));
        }
      }
    }));

  it("takes the sizes of each call, not the last one's", () =>
    scope(() => {
      const x = Tensor.from([1, 2, 3, 4]);
      const shapes = [[4], [2, 2], [4, 1], [2, 2], [4]].map((shape) => x.view(shape).shape);
      expect(shapes).to.deep.equal([[4], [2, 2], [4, 1], [2, 2], [4]]);
    }));

  it("an element's getter may call operators of its own", () =>
    scope(() => {
      const x = Tensor.from([
        [1, 2],
        [3, 4],
      ]);
      const y = Tensor.from([10, 20]);
      const dims = Object.defineProperty([0], 0, { get: () => (y.add(y).dispose(), 0) });
      expect(x.sum(dims).toArray()).to.deep.equal([4, 6]);
      const proxy = new Proxy([x, x], {
        get: (target, key) => (y.mul(3).dispose(), Reflect.get(target, key) as unknown),
      });
      expect(ops.cat(proxy).shape).to.deep.equal([4, 2]);
      const throwing = Object.defineProperty([0], 0, {
        get: () => {
          throw new RangeError("mine");
        },
      });
      expect(() => x.sum(throwing)).to.throw(RangeError, "mine");
      expect(x.add(1).toArray(), "and the next call is as ever").to.deep.equal([
        [2, 3],
        [4, 5],
      ]);
    }));

  it("waits for queued work, whose hooks may call operators meanwhile", async () => {
    await scope(async () => {
      const w = Tensor.from([1, 2], { requiresGrad: true });
      let calls = 0;
      w.registerHook((gradient) => {
        for (let i = 0; i < 20; i++) ops.stack([gradient, gradient, gradient], 1).view([6]).add(0.5);
        calls++;
      });
      const pending = w.mul(3).sum().backward();
      const joined = ops.cat([w.detach(), w.detach(), w.detach()], 0);
      expect(joined.toArray()).to.deep.equal([1, 2, 1, 2, 1, 2]);
      await pending;
      expect(calls).to.equal(1);
      w.dispose();
    });
  });

  it("methods keep to tensors", () => {
    for (const self of [undefined, null, 5, {}, Object.create(Tensor.prototype) as unknown]) {
      expect(() => Reflect.apply(Tensor.prototype.neg as () => unknown, self, []))
        .to.throw()
        .with.property("code")
        .that.matches(/^ERR_/);
    }
  });

  it("whatever stands in the frame, a run is a coded error or an ordinary call", () =>
    scope(() => {
      const addon = native();
      const x = Tensor.from([
        [1, 2],
        [3, 4],
      ]);
      const frame = addon.frame() as Float64Array;
      expect(addon.frame(), "the same each time").to.equal(frame);
      const cat = addon.plan(addon.operator("cat", false), 0x1a);
      const view = addon.plan(addon.operator("view", false), 0x118);
      expect([cat, view].every((plan) => plan > 0)).to.equal(true);
      const codes = new Set<unknown>();
      for (const plan of [0, -1, 0.5, NaN, Infinity, 1e9, cat, view]) {
        for (const first of [x.handle, 0, NaN, -5, 1e300, 511, 512, 2 ** 53]) {
          for (const second of [1, -1, 0.5, NaN, Infinity, 510, 511, 1e9]) {
            frame.set([plan, first, second, x.handle, 1e308]);
            let result: NativeResult;
            try {
              result = addon.run();
              expect(result).to.equal(undefined);
              addon.release(frame[0] ?? 0);
            } catch (error) {
              codes.add((error as { code?: string }).code);
            }
          }
        }
      }
      expect(
        [...codes].every((code) => typeof code === "string" && code.startsWith("ERR_")),
        String([...codes]),
      ).to.equal(true);
      expect(codes.has("ERR_INVALID_ARG")).to.equal(true);
      thrown(() => addon.run(), "ERR_INVALID_ARG");
      for (const signature of [0, 2, 0x10, 0x1f, 0xf1, 0x20, 0x101]) {
        thrown(() => addon.plan(addon.operator("cat", false), signature), "ERR_INVALID_ARG");
      }
      expect(x.add(1).toArray()).to.deep.equal([
        [2, 3],
        [4, 5],
      ]);
    }));
});
