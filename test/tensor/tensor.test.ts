/** Tensors into JavaScript and out of it: creation, conversion, reading, printing. */
import { expect } from "chai";
import type { NestedArray } from "../../lib/tensor/convert";
import { DTYPES, integerRange } from "../../lib/tensor/dtype";
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
        [Float32Array, "float32"],
        [Float64Array, "float64"],
        [Int8Array, "int8"],
        [Int16Array, "int16"],
        [Int32Array, "int32"],
        [Uint8Array, "uint8"],
        [Uint16Array, "uint16"],
        [Uint32Array, "uint32"],
      ] as const;
      for (const [ArrayType, dtype] of arrays) {
        const data = ArrayType.from([1, 2, 3, 4, 5, 6]);
        const tensor = Tensor.from(data, { shape: [2, 3] });
        data[0] = 9;
        expect(tensor.dtype).to.equal(dtype);
        expect(tensor.toTypedArray()).to.be.instanceOf(ArrayType);
        expect(tensor.toArray(), dtype).to.deep.equal([
          [1, 2, 3],
          [4, 5, 6],
        ]);
      }
      expect(Tensor.from(BigInt64Array.of(5n)).dtype).to.equal("int64");
      expect(Tensor.from(BigUint64Array.of(2n ** 64n - 1n)))
        .to.include({ dtype: "uint64" })
        .and.satisfy((x: Tensor) => x.item() === 2n ** 64n - 1n);
      expect(Tensor.from(Uint8ClampedArray.of(300)).toTypedArray()).to.deep.equal(Uint8Array.of(255));
      const shared = new Int16Array(new SharedArrayBuffer(8), 2, 3);
      shared.set([1, -2, 3]);
      expect(Tensor.from(shared).toArray(), "shared memory").to.deep.equal([1, -2, 3]);
      expect(Tensor.from(Buffer.from([1, 2])).dtype).to.equal("uint8");
      expect(Tensor.from(new Float64Array([7, 8, 9, 10]).subarray(1, 3)).toArray(), "a part of a buffer").to.deep.equal(
        [8, 9],
      );
    }));

  it("converts to the dtype asked for, and integers up to 2^53 exactly", () =>
    scope(() => {
      expect(Tensor.from([2 ** 53 - 1], { dtype: "int64" }).item()).to.equal(2n ** 53n - 1n);
      expect(Tensor.from([0, 2], { dtype: "bool" }).toArray()).to.deep.equal([false, true]);
      expect(Tensor.from([1 / 3], { dtype: "float64" }).item()).to.equal(1 / 3);
      expect(Tensor.from([1 / 3]).item()).to.equal(Math.fround(1 / 3));
      for (const dtype of DTYPES) expect(Tensor.from([1, 0], { dtype }).dtype).to.equal(dtype);
    }));

  it("refuses what an integral dtype does not hold, and says what and where", () => {
    const message = (make: () => Tensor): string => thrown(make, "ERR_INVALID_ARG").message;
    expect(
      message(() =>
        Tensor.from(
          [
            [1, 2],
            [3, 1.5],
          ],
          { dtype: "int64" },
        ),
      ),
    ).to.contain("for int64, got 1.5 at [1, 1]");
    expect(message(() => Tensor.from([0, 2 ** 53], { dtype: "int64" })))
      .to.contain("safe integers, or bigints,")
      .and.to.contain("got 9007199254740992 at [1]");
    expect(message(() => Tensor.from(-1, { dtype: "uint8" }))).to.contain("from 0 to 255 for uint8, got -1 at []");
    expect(message(() => Tensor.from(Float64Array.of(1, NaN), { dtype: "int32" }))).to.contain("got NaN at index 1");
    expect(message(() => Tensor.from(BigUint64Array.of(2n ** 63n), { dtype: "int64" }))).to.contain(
      "got 9223372036854775808n at index 0",
    );
    expect(message(() => Tensor.from([1n, 300n], { dtype: "int8" }))).to.contain(
      "from -128 to 127 for int8, got 300n at [1]",
    );
    for (const dtype of DTYPES) {
      const range = integerRange(dtype);
      if (!range) continue;
      const [least, most] = range;
      const read = scope(() => Tensor.from([least, most], { dtype }).toArray()) as number[];
      expect(read.map(BigInt)).to.deep.equal([least, most]);
      for (const beyond of [least - 1n, most + 1n]) {
        thrown(() => Tensor.from([beyond], { dtype }), "ERR_INVALID_ARG");
        thrown(() => Tensor.from([Number(beyond)], { dtype }), "ERR_INVALID_ARG");
      }
      for (const wrong of [0.5, NaN, Infinity, -Infinity]) {
        thrown(() => Tensor.from([wrong], { dtype }), "ERR_INVALID_ARG");
      }
    }
  });

  it("takes bigints and booleans for every dtype that holds them", () =>
    scope(() => {
      expect(Tensor.from([5n, -(2n ** 70n)], { dtype: "float64" }).toArray()).to.deep.equal([5, -(2 ** 70)]);
      expect(Tensor.from([0n, 2n], { dtype: "bool" }).toArray()).to.deep.equal([false, true]);
      expect(Tensor.from([true, false], { dtype: "float16" }).toArray()).to.deep.equal([1, 0]);
      expect(Tensor.from([true], { dtype: "complex64" }).toArray()).to.deep.equal([{ re: 1, im: 0 }]);
    }));

  it("takes complex numbers, also mixed with real ones, as complex64 or the dtype asked for", () =>
    scope(() => {
      const x = Tensor.from([
        [{ re: 1, im: -2 }, 3],
        [0.5, { re: 0.1, im: 4 }],
      ]);
      expect(x).to.include({ dtype: "complex64", numel: 4 });
      expect(x.toArray()).to.deep.equal([
        [
          { re: 1, im: -2 },
          { re: 3, im: 0 },
        ],
        [
          { re: 0.5, im: 0 },
          { re: Math.fround(0.1), im: 4 },
        ],
      ]);
      expect(Tensor.from({ re: 0.1, im: 1 / 3 }, { dtype: "complex128" }).item()).to.deep.equal({ re: 0.1, im: 1 / 3 });
      expect(Tensor.from(Float32Array.of(1, 2, 3, 4), { dtype: "complex64" }).toArray()).to.deep.equal([
        { re: 1, im: 2 },
        { re: 3, im: 4 },
      ]);
      expect(Tensor.from(Int8Array.of(1, 2, 3, 4), { dtype: "complex128", shape: [2, 1] }).shape).to.deep.equal([2, 1]);
      thrown(() => Tensor.from([{ re: 1, im: 2 }], { dtype: "float32" }), "ERR_INVALID_ARG");
      thrown(() => Tensor.from([{ re: 1, im: 2 }, 1n] as NestedArray), "ERR_INVALID_ARG");
      thrown(() => Tensor.from(Float32Array.of(1, 2, 3), { dtype: "complex64" }), "ERR_SHAPE_MISMATCH");
      // PyTorch's product, by hand: (1 − 2i)(1 − 2i) = −3 − 4i.
      expect(x.mul(x).at(0, 0).item()).to.deep.equal({ re: -3, im: -4 });
    }));

  it("takes float16 by its bits, where the engine has such an array", () =>
    scope(() => {
      // 1, −2 and the smallest subnormal number, as IEEE 754 writes them.
      const bits = Uint16Array.of(0x3c00, 0xc000, 0x0001);
      const expected = [1, -2, 2 ** -24];
      expect(Tensor.from(Int16Array.from(bits)).view("float16").toArray()).to.deep.equal(expected);
      expect(Tensor.from(expected, { dtype: "float16" }).view("int16").toTypedArray()).to.deep.equal(
        Int16Array.from(bits),
      );
      const { Float16Array: Float16 } = globalThis as unknown as {
        Float16Array?: new (buffer: ArrayBufferLike) => Float32Array;
      };
      if (Float16) {
        const x = Tensor.from(anything(new Float16(bits.buffer)));
        expect([x.dtype, x.toArray()]).to.deep.equal(["float16", expected]);
      }
    }));

  it("keeps infinities, NaN and the sign of zero", () =>
    scope(() => {
      const [a, b, c, d] = Tensor.from([Infinity, -Infinity, NaN, -0]).toArray() as number[];
      expect([a, b]).to.deep.equal([Infinity, -Infinity]);
      expect(c).to.be.NaN;
      expect(Object.is(d, -0)).to.equal(true);
    }));

  it("refuses what is ragged, mixed or no number", () => {
    for (const ragged of [
      [[1, 2], [3]],
      [[1], 2],
      [1, [2]],
      [[1], [[2]]],
    ]) {
      thrown(() => Tensor.from(ragged), "ERR_SHAPE_MISMATCH");
    }
    const sparse: number[] = [];
    sparse[3] = 1;
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    const throwing = new Proxy([1], {
      get: (array, key) => (key === "0" ? "one" : (Reflect.get(array, key) as unknown)),
    });
    for (const wrong of [
      [1, 2n],
      [1, true],
      ["1"],
      "1",
      null,
      undefined,
      {},
      [null],
      sparse,
      cyclic,
      Symbol("s"),
      () => 1,
      throwing,
      new Date(),
      [2n ** 63n],
      [-(2n ** 64n)],
    ]) {
      thrown(() => Tensor.from(anything(wrong)), "ERR_INVALID_ARG");
    }
    for (const odd of [
      new DataView(new ArrayBuffer(8)),
      new ArrayBuffer(8),
      new SharedArrayBuffer(8),
      [new Float32Array(2)],
      { re: 1 },
      [{ re: 1, im: "2" }],
    ]) {
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
    const shape = Object.defineProperty([0], 0, {
      get: () => {
        throw new RangeError("mine");
      },
    });
    expect(() => Tensor.from([1], { shape })).to.throw(RangeError, "mine");
  });
});

describe("dtypes and devices", () => {
  it("an unknown dtype is refused everywhere, with the known ones listed", () =>
    scope(() => {
      const x = Tensor.from([1]);
      expect(thrown(() => Tensor.from([1], { dtype: anything("float23") }), "ERR_UNKNOWN_DTYPE").message)
        .to.contain("float32, float64")
        .and.to.contain('"float23"');
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
      for (const device of [
        "gpu",
        "",
        "CUDA",
        "cuda:",
        "cuda:x",
        "cuda:-1",
        "cuda:1e3",
        "cuda:99999",
        "cpu:0",
        0,
        {},
        null,
      ]) {
        expect(thrown(() => resolveDevice(anything(device)), "ERR_UNKNOWN_DEVICE").message).to.contain(
          '"cuda:<index>"',
        );
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
      for (const ask of [
        () => Tensor.from([1], { device: missing }),
        () => Tensor.from([1]).to({ device: missing }),
        () => ops.zeros([1], { device: missing }),
      ]) {
        const { message } = thrown(ask, "ERR_DEVICE_UNAVAILABLE");
        expect(message)
          .to.contain(missing)
          .and.to.match(available ? /\d CUDA device/ : /without CUDA|no NVIDIA driver|no device/);
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
    using x = Tensor.from([
      [1, 2],
      [3, 4],
    ]);
    const copy = x.toTypedArray();
    copy[0] = 9;
    expect(await x.read()).to.deep.equal(Float32Array.of(1, 2, 3, 4));
    expect(x.toArray()).to.deep.equal([
      [1, 2],
      [3, 4],
    ]);
  });

  it("follows strides and gives half precision as Float32Array", () =>
    scope(() => {
      const x = Tensor.from([
        [1, 2, 3],
        [4, 5, 6],
      ]);
      expect(x.transpose(0, 1).toArray()).to.deep.equal([
        [1, 4],
        [2, 5],
        [3, 6],
      ]);
      expect(x.select(1, 1).toTypedArray()).to.deep.equal(Float32Array.of(2, 5));
      expect(Tensor.from([7]).expand([3]).toArray()).to.deep.equal([7, 7, 7]);
      for (const dtype of ["float16", "bfloat16"] as const) {
        expect(x.to(dtype).toTypedArray()).to.deep.equal(Float32Array.of(1, 2, 3, 4, 5, 6));
      }
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
      expect([
        Tensor.from(2.5).item(),
        Tensor.from([[3n]]).item(),
        Tensor.from(true).item(),
        Tensor.from(4, { dtype: "int32" }).item(),
      ]).to.deep.equal([2.5, 3n, true, 4]);
      thrown(() => Tensor.from([1, 2]).item(), "ERR_SHAPE_MISMATCH");
      thrown(() => Tensor.from([]).item(), "ERR_SHAPE_MISMATCH");
      expect(Tensor.from([{ re: 1, im: 2 }]).item()).to.deep.equal({ re: 1, im: 2 });
      expect([
        Tensor.from(9, { dtype: "uint16" }).item(),
        Tensor.from(2n ** 64n - 1n, { dtype: "uint64" }).item(),
      ]).to.deep.equal([9, 2n ** 64n - 1n]);
    }));

  it("int64 comes as numbers on request, where they are safe", () =>
    scope(() => {
      const x = Tensor.from([[1n, -(2n ** 53n) + 1n]]);
      expect(x.toArray({ int64: "number" })).to.deep.equal([[1, -(2 ** 53) + 1]]);
      expect(Tensor.from(7n, { dtype: "uint64" }).item({ int64: "number" })).to.equal(7);
      expect(Tensor.from([0.5]).toArray({ int64: "number" })).to.deep.equal([0.5]);
      expect(
        thrown(() => Tensor.from([1n, 2n ** 53n]).toArray({ int64: "number" }), "ERR_INVALID_ARG").message,
      ).to.contain("got 9007199254740992n");
      thrown(() => Tensor.from(2n ** 60n).item({ int64: "number" }), "ERR_INVALID_ARG");
      thrown(() => x.toArray({ int64: anything("string") }), "ERR_INVALID_ARG");
    }));

  it("every dtype comes back as it went in: scalars, empty, transposed and stepped ones", () =>
    scope(() => {
      for (const dtype of DTYPES) {
        const numbers =
          dtype === "bool"
            ? [1, 0, 1, 1, 0, 0]
            : dtype.includes("int")
              ? [0, 1, 2, 100, 127, 3]
              : [0, -1, 0.5, 2, 1024, -0.25];
        const x = Tensor.from(numbers, { dtype, shape: [2, 3] });
        for (const part of [
          x,
          x.transpose(0, 1),
          x.at("...", { step: 2 }),
          x.at(1, 0),
          x.at({ end: 0 }),
          x.at(0, [2, 0]),
          x.at(1).expand([2, 3]),
        ]) {
          const again = Tensor.from(part.toArray(), { dtype, shape: part.shape });
          expect([again.dtype, again.shape, again.toArray()], dtype).to.deep.equal([dtype, part.shape, part.toArray()]);
          const copy = Tensor.from(part.toTypedArray(), { dtype, shape: part.shape });
          expect(copy.toTypedArray(), `${dtype} by typed array`).to.deep.equal(part.toTypedArray());
        }
        const flat = x.flatten().toArray() as NestedArray[];
        const plain = flat.map((value) => (typeof value === "object" ? (value as { re: number }).re : Number(value)));
        expect(plain, dtype).to.deep.equal(numbers);
      }
    }));

  it("gives complex numbers as real and imaginary parts in turn, at once or without blocking", async () => {
    using x = Tensor.from([
      { re: 1, im: 2 },
      { re: 3, im: -4 },
    ]);
    expect(x.toTypedArray()).to.deep.equal(Float32Array.of(1, 2, 3, -4));
    expect(await x.read()).to.deep.equal(Float32Array.of(1, 2, 3, -4));
    scope(() => {
      expect(x.to("complex128").toTypedArray()).to.deep.equal(Float64Array.of(1, 2, 3, -4));
      expect(x.to("complex32").toTypedArray()).to.deep.equal(Float32Array.of(1, 2, 3, -4));
      expect(x.conj().toTypedArray(), "pending conjugation").to.deep.equal(Float32Array.of(1, -2, 3, 4));
      expect(ops.imag(x.conj()).toTypedArray(), "pending negation").to.deep.equal(Float32Array.of(-2, 4));
    });
  });

  it("half precision comes exactly", () =>
    scope(() => {
      // Every finite bfloat16 is the upper half of a float32, so that all of them can be told from their bits.
      const bits = Int16Array.from({ length: 65536 }, (_, i) => i - 32768);
      const read = Tensor.from(bits).view("bfloat16").toTypedArray();
      const expected = new Float32Array(Uint32Array.from(bits, (half) => (half & 0xffff) << 16).buffer);
      read.forEach((value, i) => {
        if (!Object.is(value, expected[i])) expect(value).to.equal(expected[i]);
      });
      const half = (value: number): number => 1 + value / 1024; // the float16 numbers from 1 to 2
      const numbers = Array.from({ length: 1024 }, (_, i) => half(i));
      expect(Tensor.from(numbers, { dtype: "float16" }).toArray()).to.deep.equal(numbers);
    }));

  it("refuses more elements than a typed array can have", async () => {
    using huge = scope(() => ops.zeros([1], { dtype: "uint8" }).expand([2 ** 33]));
    thrown(() => huge.toTypedArray(), "ERR_INVALID_ARG");
    await rejection(huge.read(), "ERR_INVALID_ARG");
    using pairs = scope(() => ops.zeros([1], { dtype: "complex64" }).expand([2 ** 31]));
    thrown(() => pairs.toTypedArray(), "ERR_INVALID_ARG");
  });

  it("refuses nested arrays that V8's heap does not hold: many elements, or rows without any", () => {
    for (const [shape, dtype] of [
      [[2 ** 40, 0], "float32"],
      [[2 ** 31, 0], "bool"],
      [[1, 2 ** 27], "float32"],
      [[2, 2 ** 26], "complex64"],
    ] as const) {
      using one = shape[1] === 0 ? ops.empty([1, 0], { dtype }) : ops.zeros([1], { dtype });
      using huge = one.expand(shape);
      expect(thrown(() => huge.toArray(), "ERR_OUT_OF_MEMORY").message).to.contain(`[${shape.join(", ")}]`);
    }
    using rows = ops.empty([100_000, 0]);
    expect(rows.toArray()).to.have.length(100_000);
  });

  it("a tensor on the meta device has a shape and no data", () =>
    scope(() => {
      const x = ops.zeros([2, 3], { device: "meta" });
      expect(x.shape).to.deep.equal([2, 3]);
      expect(x.toString()).to.equal("tensor(..., device='meta', size=(2, 3))");
      expect(() => x.item())
        .to.throw()
        .with.property("code")
        .that.matches(/^ERR_/);
      expect(() => x.toTypedArray())
        .to.throw()
        .with.property("code")
        .that.matches(/^ERR_/);
    }));
});
