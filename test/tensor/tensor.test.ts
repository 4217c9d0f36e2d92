/** Tensors into JavaScript and out of it: creation, conversion, reading, printing. */
import { expect } from "chai";
import { inspect } from "node:util";
import { DTYPES, type DType } from "../../lib/tensor/dtype";
import { cudaStatus, resolveDevice } from "../../lib/tensor/device";
import { ops } from "../../lib/tensor/ops";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import { rejection, thrown } from "../support/rejection";

/** Values that no type allows, as JavaScript programs pass them. */
const anything = (value: unknown): never => value as never;

describe("Tensor.from", () => {
  it("takes numbers as float32, bigints as int64, booleans as bool", () =>
    scope(() => {
      expect(Tensor.from([1, 2.5])).to.include({ dtype: "float32", numel: 2 });
      expect(Tensor.from([1n, -(2n ** 63n)]).toArray()).to.deep.equal([1n, -(2n ** 63n)]);
      expect(Tensor.from([[true], [false]]).toArray()).to.deep.equal([[true], [false]]);
      expect(Tensor.from(3).shape).to.deep.equal([]);
      expect(Tensor.from([]).shape).to.deep.equal([0]);
      expect(Tensor.from([[], []]).shape).to.deep.equal([2, 0]);
      expect(Tensor.from([[[1, 2]], [[3, 4]]]).shape).to.deep.equal([2, 1, 2]);
    }));

  it("takes typed arrays with their dtype, flat or in a shape, and copies them", () =>
    scope(() => {
      const arrays = [
        [Float32Array, "float32"], [Float64Array, "float64"], [Int8Array, "int8"], [Int16Array, "int16"], [Int32Array, "int32"], [Uint8Array, "uint8"],
      ] as const;
      for (const [ArrayType, dtype] of arrays) {
        const data = ArrayType.from([1, 2, 3, 4, 5, 6]);
        const tensor = Tensor.from(data, { shape: [2, 3] });
        data[0] = 9;
        expect(tensor.dtype).to.equal(dtype);
        expect(tensor.toTypedArray()).to.be.instanceOf(ArrayType);
        expect(tensor.toArray(), dtype).to.deep.equal([[1, 2, 3], [4, 5, 6]]);
      }
      expect(Tensor.from(BigInt64Array.of(5n)).dtype).to.equal("int64");
      expect(Tensor.from(Buffer.from([1, 2])).dtype).to.equal("uint8");
      expect(Tensor.from(new Float64Array([7, 8, 9, 10]).subarray(1, 3)).toArray(), "a part of a buffer").to.deep.equal([8, 9]);
    }));

  it("converts to the dtype asked for, and integers up to 2^53 exactly", () =>
    scope(() => {
      expect(Tensor.from([2 ** 53 - 1], { dtype: "int64" }).item()).to.equal(2n ** 53n - 1n);
      expect(Tensor.from([0, 2], { dtype: "bool" }).toArray()).to.deep.equal([false, true]);
      expect(Tensor.from([1 / 3], { dtype: "float64" }).item()).to.equal(1 / 3);
      expect(Tensor.from([1 / 3]).item()).to.equal(Math.fround(1 / 3));
      for (const dtype of DTYPES) expect(Tensor.from([1, 0], { dtype }).dtype).to.equal(dtype);
    }));

  it("keeps infinities, NaN and the sign of zero", () =>
    scope(() => {
      const [a, b, c, d] = Tensor.from([Infinity, -Infinity, NaN, -0]).toArray() as number[];
      expect([a, b]).to.deep.equal([Infinity, -Infinity]);
      expect(c).to.be.NaN;
      expect(Object.is(d, -0)).to.equal(true);
    }));

  it("refuses what is ragged, mixed or no number", () => {
    for (const ragged of [[[1, 2], [3]], [[1], 2], [1, [2]], [[1], [[2]]]]) thrown(() => Tensor.from(ragged), "ERR_SHAPE_MISMATCH");
    const sparse: number[] = [];
    sparse[3] = 1;
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    const throwing = new Proxy([1], { get: (array, key) => (key === "0" ? "one" : (Reflect.get(array, key) as unknown)) });
    for (const wrong of [[1, 2n], [1, true], ["1"], "1", null, undefined, {}, [null], sparse, cyclic, Symbol("s"), () => 1, throwing, new Date(), [2n ** 63n], [-(2n ** 64n)]]) {
      thrown(() => Tensor.from(anything(wrong)), "ERR_INVALID_ARG");
    }
    for (const odd of [new Uint16Array(2), new BigUint64Array(2), new Uint8ClampedArray(2), new DataView(new ArrayBuffer(8))]) {
      thrown(() => Tensor.from(anything(odd)), "ERR_INVALID_ARG");
    }
  });

  it("refuses shapes that do not fit or are none", () => {
    thrown(() => Tensor.from([1, 2, 3], { shape: [2, 2] }), "ERR_SHAPE_MISMATCH");
    thrown(() => Tensor.from([1], { shape: [2 ** 40, 2 ** 40] }), "ERR_SHAPE_MISMATCH");
    for (const shape of [[-1], [0.5], [NaN], ["1"], "1", {}, [2 ** 60], [1n], new Array(3), Array(2 ** 32 - 1)]) {
      thrown(() => Tensor.from([1], { shape: anything(shape) }), "ERR_INVALID_ARG");
    }
  });

  it("sees no data in a buffer that was transferred, also by a getter meanwhile", () => {
    const data = new Float32Array([1, 2]);
    structuredClone(data.buffer, { transfer: [data.buffer] });
    thrown(() => Tensor.from(data, { shape: [2] }), "ERR_SHAPE_MISMATCH");
    const live = new Float32Array(1 << 16);
    const shape = [0];
    Object.defineProperty(shape, 0, {
      get() {
        if (live.length > 0) structuredClone(live.buffer, { transfer: [live.buffer] });
        return 1 << 16;
      },
    });
    thrown(() => Tensor.from(live, { shape }), "ERR_SHAPE_MISMATCH");
  });

  it("passes on what a getter throws", () => {
    const shape = Object.defineProperty([0], 0, { get: () => { throw new RangeError("mine"); } });
    expect(() => Tensor.from([1], { shape })).to.throw(RangeError, "mine");
  });
});

describe("dtypes and devices", () => {
  it("an unknown dtype is refused everywhere, with the known ones listed", () =>
    scope(() => {
      const x = Tensor.from([1]);
      expect(thrown(() => Tensor.from([1], { dtype: anything("float23") }), "ERR_UNKNOWN_DTYPE").message)
        .to.contain("float32, float64").and.to.contain('"float23"');
      for (const dtype of ["", "Float32", "torch.float32", 5, null, {}, Symbol("s")]) {
        thrown(() => Tensor.from([1], { dtype: anything(dtype) }), "ERR_UNKNOWN_DTYPE");
        thrown(() => x.to({ dtype: anything(dtype) }), "ERR_UNKNOWN_DTYPE");
      }
      thrown(() => ops.zeros([1], { dtype: anything("float23") }), "ERR_UNKNOWN_DTYPE");
      thrown(() => ops.sum(x, { dtype: anything("float23") }), "ERR_UNKNOWN_DTYPE");
    }));

  it("an unknown device is refused everywhere, with the known ones listed", () =>
    scope(() => {
      const x = Tensor.from([1]);
      for (const device of ["gpu", "", "CUDA", "cuda:", "cuda:x", "cuda:-1", "cuda:1e3", "cuda:99999", "cpu:0", 0, {}, null]) {
        expect(thrown(() => resolveDevice(anything(device)), "ERR_UNKNOWN_DEVICE").message).to.contain('"cuda:<index>"');
        thrown(() => x.to({ device: anything(device) }), "ERR_UNKNOWN_DEVICE");
      }
      thrown(() => ops.zeros([1], { device: "gpu" }), "ERR_UNKNOWN_DEVICE");
      thrown(() => x.to("float23" as "float32"), "ERR_UNKNOWN_DEVICE");
      for (const target of [undefined, null, 5]) thrown(() => x.to(anything(target)), "ERR_INVALID_ARG");
    }));

  it("a device that is not there is refused with the reason, never replaced", () =>
    scope(() => {
      const { available, count, reason } = cudaStatus();
      const missing = available ? `cuda:${count}` : "cuda";
      for (const ask of [() => Tensor.from([1], { device: missing }), () => Tensor.from([1]).to({ device: missing }), () => ops.zeros([1], { device: missing })]) {
        const { message } = thrown(ask, "ERR_DEVICE_UNAVAILABLE");
        expect(message).to.contain(missing).and.to.match(available ? /\d CUDA device/ : /without CUDA|no NVIDIA driver|no device/);
      }
      if (!available) expect(reason).to.match(/without CUDA|driver|device/);
    }));

  it("to() converts dtype, device or both, and gives a tensor of its own", () =>
    scope(() => {
      const x = Tensor.from([1.7, -1.7]);
      expect(x.to("int32").toArray()).to.deep.equal([1, -1]);
      expect(x.to({ dtype: "float64", device: "cpu" })).to.include({ dtype: "float64", device: "cpu" });
      const same = x.to("float32");
      x.dispose();
      expect(same.toArray()).to.deep.equal([Math.fround(1.7), Math.fround(-1.7)]);
    }));
});

describe("reading a tensor", () => {
  it("gives copies, at once or without blocking", async () => {
    using x = Tensor.from([[1, 2], [3, 4]]);
    const copy = x.toTypedArray();
    copy[0] = 9;
    expect(await x.read()).to.deep.equal(Float32Array.of(1, 2, 3, 4));
    expect(x.toArray()).to.deep.equal([[1, 2], [3, 4]]);
  });

  it("follows strides and gives half precision as Float32Array", () =>
    scope(() => {
      const x = Tensor.from([[1, 2, 3], [4, 5, 6]]);
      expect(x.transpose(0, 1).toArray()).to.deep.equal([[1, 4], [2, 5], [3, 6]]);
      expect(x.select(1, 1).toTypedArray()).to.deep.equal(Float32Array.of(2, 5));
      expect(Tensor.from([7]).expand([3]).toArray()).to.deep.equal([7, 7, 7]);
      for (const dtype of ["float16", "bfloat16"] as const) expect(x.to(dtype).toTypedArray()).to.deep.equal(Float32Array.of(1, 2, 3, 4, 5, 6));
    }));

  it("gives zeros for a gradient that autograd keeps as zeros without memory", () =>
    scope(async () => {
      const x = Tensor.from([1, -2], { requiresGrad: true });
      await x.sgn().sum().backward();
      expect(x.grad?.toTypedArray()).to.deep.equal(Float32Array.of(0, 0));
      expect(await x.grad?.read()).to.deep.equal(Float32Array.of(0, 0));
    }));

  it("item gives a number, a bigint for int64, a boolean for bool", () =>
    scope(() => {
      expect([Tensor.from(2.5).item(), Tensor.from([[3n]]).item(), Tensor.from(true).item(), Tensor.from(4, { dtype: "int32" }).item()])
        .to.deep.equal([2.5, 3n, true, 4]);
      thrown(() => Tensor.from([1, 2]).item(), "ERR_SHAPE_MISMATCH");
      thrown(() => Tensor.from([]).item(), "ERR_SHAPE_MISMATCH");
      thrown(() => Tensor.from([1], { dtype: "complex64" }).item(), "ERR_INVALID_ARG");
    }));

  it("says which tensors no typed array holds", async () => {
    for (const dtype of ["complex64", "uint16", "uint32", "uint64"] satisfies DType[]) {
      using x = Tensor.from([1], { dtype });
      thrown(() => x.toTypedArray(), "ERR_INVALID_ARG");
      await rejection(x.read(), "ERR_INVALID_ARG");
    }
    using huge = scope(() => ops.zeros([1], { dtype: "uint8" }).expand([2 ** 33]));
    thrown(() => huge.toTypedArray(), "ERR_INVALID_ARG");
    await rejection(huge.read(), "ERR_INVALID_ARG");
  });

  it("a tensor on the meta device has a shape and no data", () =>
    scope(() => {
      const x = ops.zeros([2, 3], { device: "meta" });
      expect(x.shape).to.deep.equal([2, 3]);
      expect(x.toString()).to.equal("tensor(..., shape=[2, 3], device=meta)");
      expect(() => x.item()).to.throw().with.property("code").that.matches(/^ERR_/);
      expect(() => x.toTypedArray()).to.throw().with.property("code").that.matches(/^ERR_/);
    }));
});

describe("printing a tensor", () => {
  const shown = (make: () => Tensor): string => scope(() => inspect(make()));

  it("is short and PyTorch's", () => {
    expect(shown(() => Tensor.from(3))).to.equal("tensor(3)");
    expect(shown(() => Tensor.from([[1, 2], [3, 4.123456]]))).to.equal("tensor([[1, 2],\n        [3, 4.1235]])");
    expect(shown(() => Tensor.from([1n, 2n]))).to.equal("tensor([1, 2], dtype=int64)");
    expect(shown(() => Tensor.from([true]))).to.equal("tensor([true], dtype=bool)");
    expect(shown(() => Tensor.from([1], { requiresGrad: true }))).to.equal("tensor([1], requiresGrad)");
    expect(shown(() => Tensor.from([[], []]))).to.equal("tensor([], shape=[2, 0])");
    expect(shown(() => Tensor.from([1], { dtype: "complex64" }))).to.equal("tensor(..., shape=[1], dtype=complex64)");
  });

  it("cuts what is long in the middle", () => {
    const text = shown(() => ops.arange(0, 3000).reshape([1000, 3]));
    expect(text.split("\n")).to.have.length(7);
    expect(text).to.contain("...").and.to.contain("[0, 1, 2]").and.to.contain("[2997, 2998, 2999]");
  });

  it("of a disposed one throws nothing", () => {
    const x = Tensor.from([1]);
    x.dispose();
    expect(inspect(x)).to.equal("tensor(disposed)");
  });
});
