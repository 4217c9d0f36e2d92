/** Operators: overloads, keyword arguments, results, and what they say when arguments do not fit. */
import { expect } from "chai";
import { memory } from "../../lib/tensor/memory";
import { op } from "../../lib/tensor/operators";
import { ops } from "../../lib/tensor/ops";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import { unique } from "../../lib/tensor/unique";
import { thrown } from "../support/rejection";

const anything = (value: unknown): never => value as never;

describe("operators", () => {
  it("choose the overload that the arguments fit", () =>
    scope(() => {
      const x = Tensor.from([
        [1, 2],
        [3, 4],
      ]);
      expect(x.add(1).toArray(), "a scalar").to.deep.equal([
        [2, 3],
        [4, 5],
      ]);
      expect(x.add(x).toArray(), "a tensor").to.deep.equal([
        [2, 4],
        [6, 8],
      ]);
      expect(x.sum().item(), "over all").to.equal(10);
      expect(x.sum([0]).toArray(), "over a dimension").to.deep.equal([4, 6]);
      expect(x.sum(1).toArray(), "one number for a list").to.deep.equal([3, 7]);
      const [values, indices] = x.max(1);
      expect([values.toArray(), indices.toArray()], "several results").to.deep.equal([
        [2, 4],
        [1n, 1n],
      ]);
      expect(x.max().item(), "the same name").to.equal(4);
      expect(ops.cat([x, x], 1).shape, "a list of tensors").to.deep.equal([2, 4]);
    }));

  it("are PyTorch's overload where one number, or no name, could be of two", () =>
    scope(() => {
      const drawn = ops.zeros([1000]).random_(10);
      expect([drawn.min().item(), drawn.max().item()]).to.deep.equal([0, 9]);
      const between = ops.zeros([1000]).random_(10, 12);
      expect([between.min().item(), between.max().item()]).to.deep.equal([10, 11]);
      expect(ops.zeros([1000]).random_(3, null).min().item()).to.be.at.least(3);
      const [signal, window] = [ops.randn([64]), ops.hannWindow(16)];
      const spectrum = signal.stft(16, { window, returnComplex: true });
      expect(spectrum.shape, "centered").to.deep.equal([9, 17]);
      expect(ops.istft(spectrum, 16, { window }).allclose(signal, 1e-4, 1e-5)).to.equal(true);
    }));

  it("unique gives different elements or slices, where they are and how often", () =>
    scope(() => {
      const x = Tensor.from([
        [2, 1],
        [2, 1],
        [0, 2],
      ]);
      const [values, inverse, counts] = unique(x, { returnInverse: true, returnCounts: true });
      expect([values, inverse, counts].map((tensor) => tensor.toArray())).to.deep.equal([
        [0, 1, 2],
        [
          [2n, 1n],
          [2n, 1n],
          [0n, 2n],
        ],
        [1n, 2n, 3n],
      ]);
      const [rows, , times] = unique(x, { dim: 0, returnCounts: true });
      expect([rows, times].map((tensor) => tensor.toArray())).to.deep.equal([
        [
          [0, 2],
          [2, 1],
        ],
        [1n, 2n],
      ]);
      thrown(() => unique(x, { return_counts: true } as object), "ERR_INVALID_ARG");
      thrown(() => unique(5 as unknown as Tensor), "ERR_INVALID_ARG");
    }));

  it("promote as PyTorch: an integral number is an int, but -0 and 0.5 are not", () =>
    scope(() => {
      const ints = Tensor.from([1n, 2n]);
      expect(ints.add(1)).to.include({ dtype: "int64" });
      expect(ints.add(1n)).to.include({ dtype: "int64" });
      expect(ints.add(0.5)).to.include({ dtype: "float32" });
      expect(ints.add(-0)).to.include({ dtype: "float32" });
      expect(ints.mul(true)).to.include({ dtype: "int64" });
    }));

  it("take keyword arguments in a trailing object, by PyTorch's names in camelCase or as they are", () =>
    scope(() => {
      const x = Tensor.from([
        [1, 2],
        [3, 4],
      ]);
      expect(x.sum({ dim: [1], keepdim: true }).toArray()).to.deep.equal([[3], [7]]);
      expect(x.add(x, { alpha: 10 }).toArray()).to.deep.equal([
        [11, 22],
        [33, 44],
      ]);
      expect(ops.zeros([2], { dtype: "int64" }).toArray()).to.deep.equal([0n, 0n]);
      const picture = ops.ones([1, 1, 4, 4]);
      expect(ops.avgPool2d(picture, [2], { ceilMode: true, countIncludePad: false }).shape).to.deep.equal([1, 1, 2, 2]);
      expect((op("avg_pool2d", [picture, [2, 2]], { ceil_mode: true }) as Tensor).shape).to.deep.equal([1, 1, 2, 2]);
      expect(x.sum({ dim: [1], keepdim: anything(undefined) }).shape, "undefined is not given").to.deep.equal([2]);
    }));

  it("give lists, numbers and booleans as such", () =>
    scope(() => {
      const x = Tensor.from([
        [1, 2],
        [3, 4],
      ]);
      expect((op("unbind", [x]) as Tensor[]).map((row) => row.toArray())).to.deep.equal([
        [1, 2],
        [3, 4],
      ]);
      expect(op("equal", [x, x])).to.equal(true);
      expect(op("size.int", [x, 0])).to.equal(2);
    }));

  it("in place change the tensor and its views", () =>
    scope(() => {
      const x = Tensor.from([1, 2]);
      const view = x.view([2, 1]);
      x.mul_(3);
      expect(view.toArray()).to.deep.equal([[3], [6]]);
    }));

  it("in place give the very tensor, whose owner stays what it was", () =>
    scope(() => {
      const x = Tensor.from([1, 2]);
      const before = memory().liveTensors;
      expect(x.add_(1), "arguments by place").to.equal(x);
      expect(x.add_(1, { alpha: 2 }), "by name").to.equal(x);
      expect(ops.relu_(x), "as a function").to.equal(x);
      expect(op("mul_", [x], { other: 2 })).to.equal(x);
      expect(
        scope(() => x.clamp_({ max: 6 })),
        "out of a scope that does not own it",
      ).to.equal(x);
      expect(x.toArray()).to.deep.equal([6, 6]); // ((1, 2) + 1 + 2) · 2 = (8, 10), at most 6
      expect(memory().liveTensors).to.equal(before);
    }));

  it("can be pinned to an overload by name", () =>
    scope(() => {
      const x = Tensor.from([1, 2]);
      expect((op("add.Scalar", [x, 1]) as Tensor).toArray()).to.deep.equal([2, 3]);
      thrown(() => op("add.Scalar", [x, x]), "ERR_OPERATOR_ARGS");
    }));

  it("large and small ones give the same, whichever thread runs them", () =>
    scope(() => {
      const large = ops.arange(0, 200_000, { dtype: "float64" });
      expect(Number(large.sum().item())).to.equal((199_999 * 200_000) / 2);
    }));
});

describe("an operator's errors", () => {
  it("shape mismatch: names the operator and both shapes", () =>
    scope(() => {
      const [a, b] = [Tensor.from([[1, 2, 3]]), Tensor.from([[1, 2]])];
      for (const [work, name] of [
        [() => a.add(b), "add"],
        [() => a.matmul(b), "matmul"],
        [() => ops.cat([a, b], 0), "cat"],
        [() => a.view([2, 2]), "view"],
        [() => ops.linear(a, b), "linear"],
        [() => a.squeeze().matmul(b.squeeze()), "matmul"],
        [() => a.expand([5, 4]), "expand"],
        [() => ops.stack([a, b]), "stack"],
      ] as const) {
        const { message } = thrown(work, "ERR_SHAPE_MISMATCH");
        expect(message).to.match(new RegExp(`^${name}: `));
        expect(message, name).to.match(/float32\[(1, )?3\]/);
      }
    }));

  it("a disposed tensor: whatever is asked of it", () =>
    scope(() => {
      const gone = Tensor.from([1], { requiresGrad: true });
      const live = Tensor.from([1]);
      gone.dispose();
      expect(gone.disposed).to.equal(true);
      for (const work of [
        () => gone.add(live),
        () => live.add(gone),
        () => ops.cat([live, gone]),
        () => gone.shape,
        () => gone.dtype,
        () => gone.device,
        () => gone.numel,
        () => gone.item(),
        () => gone.toArray(),
        () => gone.grad,
        () => gone.requiresGrad,
        () => gone.to("int64"),
        () => (gone.requiresGrad = false),
        () => (gone.grad = live),
        () => (live.grad = gone),
        () => ops.where(live.gt(0), gone, live),
      ]) {
        expect(thrown(work, "ERR_TENSOR_DISPOSED").message).to.contain("disposed");
      }
    }));

  it("an old handle never reaches the tensor that took its slot", () => {
    const old = Tensor.from([1]);
    old.dispose();
    using fresh = Tensor.from([2]);
    thrown(() => old.item(), "ERR_TENSOR_DISPOSED");
    old.dispose();
    expect(fresh.item()).to.equal(2);
  });

  it("arguments that fit no overload: lists what came and what would fit", () =>
    scope(() => {
      const x = Tensor.from([1, 2]);
      const { message } = thrown(() => op("softmax", [x, "first"]), "ERR_OPERATOR_ARGS");
      expect(message)
        .to.contain('softmax: no overload takes (float32[2], "first")')
        .and.to.contain("aten::softmax.int(Tensor self, int dim");
      for (const args of [
        [],
        [x],
        [x, null],
        [x, {}],
        [x, [x]],
        [x, Symbol("s")],
        [x, () => 1],
        [x, 0.5],
        [x, NaN],
        [x, 2 ** 60],
        [x, 2n ** 70n],
        [x, new Date()],
        [5, 0],
        [undefined, 0],
      ]) {
        thrown(() => op("softmax", args), "ERR_OPERATOR_ARGS");
      }
      thrown(() => op("softmax", [x], { dimension: 0 }), "ERR_OPERATOR_ARGS");
      thrown(() => op("softmax", [x, 0], { dim: 0 }), "ERR_OPERATOR_ARGS");
      thrown(() => x.add(anything(undefined)), "ERR_OPERATOR_ARGS");
      thrown(() => op("cat", [[x, 1]]), "ERR_INVALID_ARG");
      thrown(
        () =>
          op(
            "add",
            Array.from({ length: 27 }, () => x),
          ),
        "ERR_OPERATOR_ARGS",
      );
    }));

  it("what libtorch refuses: with its reason and the arguments", () =>
    scope(() => {
      const x = Tensor.from([1, 2]);
      expect(thrown(() => x.softmax(5), "ERR_OPERATOR_FAILED").message).to.match(
        /^softmax: Dimension out of range.*float32\[2\], 5/s,
      );
      thrown(() => ops.embedding(Tensor.from([[1]]), Tensor.from([3n])), "ERR_OPERATOR_FAILED");
      thrown(() => ops.crossEntropyLoss(Tensor.from([[1, 2]]), Tensor.from([2n])), "ERR_OPERATOR_FAILED");
    }));

  it("more memory than there is", () => {
    thrown(() => ops.zeros([2 ** 46]), "ERR_OUT_OF_MEMORY");
    using x = Tensor.from([1, 2]);
    thrown(() => x.resize_([2 ** 46]), "ERR_OUT_OF_MEMORY");
    expect(x.toArray(), "not left with sizes that it has no memory for").to.deep.equal([1, 2]);
  });

  it("an operator that does not exist, is internal or is refused", () => {
    for (const name of [
      "sofmax",
      "",
      "aten::add",
      "add.",
      "add.Nothing",
      "_fused_adamw_",
      "__init__",
      "constructor",
      "quantized_lstm_cell",
      "a\0b",
    ]) {
      thrown(() => op(name, []), "ERR_UNKNOWN_OPERATOR");
    }
    for (const name of [undefined, null, 5, {}, Symbol("s"), Object.create(null)]) {
      thrown(() => op(anything(name), []), "ERR_UNKNOWN_OPERATOR");
    }
  });

  it("enumerations by number, which would end the process", () =>
    scope(() => {
      const x = Tensor.from([1, 2]);
      thrown(() => op("view.dtype", [x, 100]), "ERR_OPERATOR_ARGS");
      thrown(() => op("to.dtype", [x, -1]), "ERR_OPERATOR_ARGS");
      thrown(() => op("clone", [x], { memoryFormat: 77 }), "ERR_OPERATOR_ARGS");
      thrown(() => op("zeros", [[1]], { layout: 1000 }), "ERR_OPERATOR_ARGS");
      thrown(() => op("clone", [x], { memoryFormat: "sideways" }), "ERR_OPERATOR_ARGS");
    }));

  it("keep the caller's stack", () => {
    function whoAsked(): void {
      scope(() =>
        Tensor.from([1])
          .add(Tensor.from([1, 2, 3]).view([3]))
          .matmul(Tensor.from([1])),
      );
    }
    expect(thrown(whoAsked, "ERR_SHAPE_MISMATCH").stack).to.contain("whoAsked");
  });

  it("leave nothing behind", () => {
    // The hook around every test counts.
    using x = Tensor.from([1, 2]);
    for (let i = 0; i < 50; i++) thrown(() => x.view([3]), "ERR_SHAPE_MISMATCH");
  });
});
