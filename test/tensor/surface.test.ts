/**
 * The generated surface at run time: every kind of argument and result once, with its defaults, keyword arguments,
 * in-place form and overloads. Expected values are formulas of small numbers, written beside.
 */
import { expect } from "chai";
import { op } from "../../lib/tensor/operators";
import { FUNCTIONS, METHODS, SELF_POSITIONS } from "../../lib/tensor/operators.generated";
import { ops } from "../../lib/tensor/ops";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import { native } from "../../lib/native/load";
import { thrown } from "../support/rejection";

const anything = (value: unknown): never => value as never;
const x = (): Tensor =>
  Tensor.from([
    [1, 2],
    [3, 4],
  ]);

describe("the generated tables", () => {
  it("name only operators that the addon calls", () => {
    expect(FUNCTIONS.length).to.be.greaterThan(950);
    for (const [name, operator] of FUNCTIONS) expect(native().operator(operator, false), name).to.be.a("number");
  });

  it("give each function and method a place", () => {
    for (const [name] of FUNCTIONS) expect((ops as unknown as Record<string, unknown>)[name], name).to.be.a("function");
    const functions = new Map(FUNCTIONS);
    for (const [name, operator] of METHODS) {
      expect((Tensor.prototype as unknown as Record<string, unknown>)[name], name).to.be.a("function");
      expect(functions.get(name), name).to.equal(operator);
    }
    for (const name of Object.keys(SELF_POSITIONS)) expect(new Map(METHODS).has(name), name).to.equal(true);
  });
});

describe("kinds of arguments", () => {
  it("Tensor? is null, undefined or left out where there is none", () =>
    scope(() => {
      const weight = Tensor.from([[1, 1]]);
      const bias = Tensor.from([10]);
      expect(ops.linear(x(), weight).toArray()).to.deep.equal([[3], [7]]);
      expect(ops.linear(x(), weight, null).toArray()).to.deep.equal([[3], [7]]);
      expect(ops.linear(x(), weight, anything(undefined)).toArray()).to.deep.equal([[3], [7]]);
      expect(ops.linear(x(), weight, bias).toArray()).to.deep.equal([[13], [17]]);
      expect(ops.linear(x(), weight, { bias }).toArray()).to.deep.equal([[13], [17]]);
    }));

  it("Tensor? before required arguments", () =>
    scope(() => {
      // (x - mean) / sqrt(var) of each column, with means 2, 3 and variances 1.
      const normalized = ops.batchNorm(x(), null, null, undefined, undefined, true, 0.1, 0, false);
      expect(normalized.toArray()).to.deep.equal([
        [-1, -1],
        [1, 1],
      ]);
    }));

  it("Tensor[] is an array, also an empty one", () =>
    scope(() => {
      expect(ops.stack([x(), x()], 2).shape).to.deep.equal([2, 2, 2]);
      expect(ops.meshgrid([Tensor.from([1, 2]), Tensor.from([3])]).map((grid) => grid.toArray())).to.deep.equal([
        [[1], [2]],
        [[3], [3]],
      ]);
      expect(ops.broadcastTensors([])).to.deep.equal([]);
      thrown(() => ops.stack([]), "ERR_OPERATOR_FAILED");
    }));

  it("Tensor?[] has null or undefined for a whole dimension", () =>
    scope(() => {
      const column = Tensor.from([1n]);
      expect(ops.index(x(), [null, column]).toArray()).to.deep.equal([[2], [4]]);
      expect(ops.index(x(), [undefined, column]).toArray()).to.deep.equal([[2], [4]]);
      expect(x().index([column]).toArray()).to.deep.equal([[3, 4]]);
      expect(x().indexPut([column, column], Tensor.from(9)).toArray()).to.deep.equal([
        [1, 2],
        [3, 9],
      ]);
    }));

  it("int takes numbers and bigints, and no fraction", () =>
    scope(() => {
      expect(x().select(0, 1).toArray()).to.deep.equal([3, 4]);
      expect(x().select(0n, 1n).toArray()).to.deep.equal([3, 4]);
      expect(x().select(-1, -2).toArray()).to.deep.equal([1, 3]);
      thrown(() => x().select(0, 0.5), "ERR_OPERATOR_ARGS");
      thrown(() => x().select(0, 2 ** 53), "ERR_OPERATOR_ARGS");
    }));

  it("int[N] takes a list, or one number for all N", () =>
    scope(() => {
      const picture = ops.ones([1, 1, 4, 4]);
      expect(ops.maxPool2d(picture, 2).shape).to.deep.equal([1, 1, 2, 2]);
      expect(ops.maxPool2d(picture, [2, 4]).shape).to.deep.equal([1, 1, 2, 1]);
      expect(ops.maxPool2d(picture, 2, { stride: 1 }).shape).to.deep.equal([1, 1, 3, 3]);
      expect(
        ops
          .conv2d(picture, ops.ones([1, 1, 3, 3]), null, 1, 1)
          .sum()
          .item(),
        "9, 6 or 4 ones in each window",
      ).to.equal(4 * 9 + 8 * 6 + 4 * 4);
      thrown(() => ops.zeros(anything(3)), "ERR_OPERATOR_ARGS");
    }));

  it("float[] is a list of numbers", () =>
    scope(() => {
      const picture = ops.ones([1, 1, 2, 2]);
      expect(ops.upsampleNearest2d(picture, null, [2, 1.5]).shape).to.deep.equal([1, 1, 4, 3]);
      expect(ops.upsampleNearest2d(picture, [4, 3]).shape).to.deep.equal([1, 1, 4, 3]);
      const { 0: histogram } = ops.histogram(Tensor.from([0, 1, 1, 2]), 2, { range: [0, 2] });
      expect(histogram.toArray()).to.deep.equal([1, 3]);
    }));

  it("Scalar keeps int, float and bool apart, also in a list", () =>
    scope(() => {
      expect(ops.full([1], 2, { dtype: null }).dtype).to.equal("int64");
      expect(ops.full([1], 2n).dtype).to.equal("int64");
      expect(ops.full([1], 2.5).dtype).to.equal("float32");
      expect(ops.full([1], true).dtype).to.equal("bool");
      expect(ops.clamp(x(), { min: 2 }).toArray()).to.deep.equal([
        [2, 2],
        [3, 4],
      ]);
      expect(ops.clamp(x(), 2, 3).toArray()).to.deep.equal([
        [2, 2],
        [3, 3],
      ]);
      thrown(() => ops.full([1], anything("2")), "ERR_OPERATOR_ARGS");
      // Differences over spacings of 2: 1/2 at one end, (4 - 1)/4 in the middle, 2/2 at the other end.
      const [slope] = ops.gradient(Tensor.from([1, 2, 4]), { spacing: [2], dim: [0] });
      expect(slope?.toArray()).to.deep.equal([0.5, 0.75, 1]);
      thrown(() => ops.gradient(Tensor.from([1, 2, 4]), { spacing: [anything("2")], dim: [0] }), "ERR_OPERATOR_ARGS");
    }));

  it("ScalarType is a dtype's name, as argument and as result", () =>
    scope(() => {
      const halves = Tensor.from([0.5]);
      expect(ops.sum(x(), { dtype: "float64" }).dtype).to.equal("float64");
      expect(ops.canCast("int64", "float32")).to.equal(true);
      expect(ops.canCast("float32", "int64")).to.equal(false);
      expect(ops.promoteTypes("int8", "uint8")).to.equal("int16");
      expect(ops.resultType(Tensor.from([1n]), halves)).to.equal("float32");
      expect(ops.resultType(Tensor.from([1n]), 0.5)).to.equal("float32");
      expect(ops.resultType(1, 2)).to.equal("int64");
      expect(halves.view("int32").item(), "the bits of 0.5").to.equal(0x3f000000);
      thrown(() => ops.zeros([1], { dtype: anything("float") }), "ERR_UNKNOWN_DTYPE");
    }));

  it("Device is a device's name", () =>
    scope(() => {
      expect(ops.zeros([1], { device: "cpu" }).device).to.equal("cpu");
      expect(ops.zeros([1 << 20, 1 << 20], { device: "meta" }).shape, "no memory behind it").to.deep.equal([
        1 << 20,
        1 << 20,
      ]);
      thrown(() => ops.zeros([1], { device: "gpu" }), "ERR_UNKNOWN_DEVICE");
    }));

  it("Layout is its name", () =>
    scope(() => {
      const sparse = x().toSparse({ layout: "sparse_csr" });
      expect(sparse.values().toArray()).to.deep.equal([1, 2, 3, 4]);
      expect(sparse.crowIndices().toArray()).to.deep.equal([0n, 2n, 4n]);
      expect(ops.zeros([2, 2], { layout: "sparse_coo" }).toDense().toArray()).to.deep.equal([
        [0, 0],
        [0, 0],
      ]);
      expect(ops.zeros([2, 2], { layout: "strided" }).toArray()).to.deep.equal([
        [0, 0],
        [0, 0],
      ]);
      thrown(() => ops.zeros([1], { layout: anything("dense") }), "ERR_OPERATOR_ARGS");
      thrown(() => ops.zeros([1], { layout: anything(0) }), "ERR_OPERATOR_ARGS");
    }));

  it("MemoryFormat is its name", () =>
    scope(() => {
      const picture = ops.zeros([1, 2, 3, 3]);
      const strides = (tensor: Tensor): number[] => [0, 1, 2, 3].map((dim) => tensor.stride(dim));
      expect(strides(picture)).to.deep.equal([18, 9, 3, 1]);
      expect(strides(picture.contiguous({ memoryFormat: "channels_last" }))).to.deep.equal([18, 1, 6, 2]);
      expect(picture.isContiguous()).to.equal(true);
      thrown(() => picture.clone({ memoryFormat: anything("nhwc") }), "ERR_OPERATOR_ARGS");
    }));

  it("str is a string", () =>
    scope(() => {
      expect(ops.einsum("ij,jk->ik", [x(), x()]).toArray()).to.deep.equal([
        [7, 10],
        [15, 22],
      ]);
      expect(x().div(Tensor.from(2), { roundingMode: "floor" }).toArray()).to.deep.equal([
        [0, 1],
        [1, 2],
      ]);
      const { 0: values } = ops.linalgEigh(
        Tensor.from([
          [2, 0],
          [0, 1],
        ]),
        { UPLO: "U" },
      );
      expect(values.toArray()).to.deep.equal([1, 2]);
      thrown(() => x().div(Tensor.from(2), { roundingMode: "up" }), "ERR_OPERATOR_FAILED");
    }));

  it("reduction is a name or ATen's number, and nothing else", () =>
    scope(() => {
      const [a, b] = [Tensor.from([1, 2]), Tensor.from([2, 5])];
      expect(ops.l1Loss(a, b).item(), "mean by default").to.equal(2);
      for (const [name, number, expected] of [
        ["none", 0, [1, 3]],
        ["mean", 1, 2],
        ["sum", 2, 4],
      ] as const) {
        expect(ops.l1Loss(a, b, { reduction: name }).toArray(), name).to.deep.equal(expected);
        expect(ops.l1Loss(a, b, name).toArray(), name).to.deep.equal(expected);
        expect(ops.l1Loss(a, b, number).toArray(), name).to.deep.equal(expected);
        expect(ops.l1Loss(a, b, anything(BigInt(number))).toArray(), name).to.deep.equal(expected);
      }
      for (const wrong of ["average", "", 3, -1, 0.5, 2n ** 64n, null, true, a, [1]]) {
        thrown(() => ops.l1Loss(a, b, anything(wrong)), "ERR_OPERATOR_ARGS");
      }
      expect(ops.l1Loss(a, b, anything(undefined)).item()).to.equal(2);
    }));

  it("modes that ATen numbers have names, too", () =>
    scope(() => {
      const table = Tensor.from([
        [1, 2],
        [3, 6],
      ]);
      const [ids, offsets] = [Tensor.from([0n, 1n]), Tensor.from([0n])];
      const bag = (mode: "sum" | "mean" | "max" | 0 | 1 | 2): unknown =>
        ops.embeddingBag(table, ids, offsets, { mode })[0].toArray();
      expect([bag("sum"), bag("mean"), bag("max")]).to.deep.equal([[[4, 8]], [[2, 4]], [[3, 6]]]);
      expect([bag(0), bag(1), bag(2)]).to.deep.equal([[[4, 8]], [[2, 4]], [[3, 6]]]);
      thrown(() => bag(anything(3)), "ERR_OPERATOR_ARGS");
      // The middle of a 2 × 2 picture: the mean of its elements, or the nearest one.
      const [picture, middle] = [x().view([1, 1, 2, 2]), ops.zeros([1, 1, 1, 2])];
      expect(ops.gridSampler(picture, middle, "bilinear", "zeros", false).item()).to.equal(2.5);
      const outside = ops.full([1, 1, 1, 2], 5);
      const far = outside.to("float32");
      expect(ops.gridSampler(picture, far, "nearest", "zeros", true).item()).to.equal(0);
      expect(ops.gridSampler(picture, far, "nearest", "border", true).item()).to.equal(4);
      thrown(() => ops.gridSampler(picture, middle, anything("cubic"), "zeros", false), "ERR_OPERATOR_ARGS");
      thrown(() => ops.gridSampler(picture, middle, 0, anything(7), false), "ERR_OPERATOR_ARGS");
    }));
});

describe("overloads", () => {
  it("of pow: tensor or number on either side", () =>
    scope(() => {
      const two = Tensor.from([1, 2, 3]);
      expect(ops.pow(two, two).toArray()).to.deep.equal([1, 4, 27]);
      expect(ops.pow(two, 2).toArray()).to.deep.equal([1, 4, 9]);
      expect(ops.pow(2, two).toArray()).to.deep.equal([2, 4, 8]);
      expect(two.pow(2).toArray()).to.deep.equal([1, 4, 9]);
      thrown(() => op("pow", [2, 2]), "ERR_OPERATOR_ARGS");
    }));

  it("of add: Tensor and Scalar, with alpha", () =>
    scope(() => {
      expect(x().add(x(), { alpha: 2 }).toArray()).to.deep.equal([
        [3, 6],
        [9, 12],
      ]);
      expect(x().add(1, 2).toArray()).to.deep.equal([
        [3, 4],
        [5, 6],
      ]);
      expect(x().add(1, { alpha: 2 }).toArray()).to.deep.equal([
        [3, 4],
        [5, 6],
      ]);
    }));

  it("of sum: all, one dimension, several", () =>
    scope(() => {
      expect(x().sum().toArray()).to.equal(10);
      expect(x().sum(0).toArray()).to.deep.equal([4, 6]);
      expect(x().sum([0, 1]).toArray()).to.equal(10);
      expect(x().sum([1], true).toArray()).to.deep.equal([[3], [7]]);
      expect(x().sum(1, { keepdim: true, dtype: "int64" }).toArray()).to.deep.equal([[3n], [7n]]);
      expect(x().sum(null).toArray()).to.equal(10);
    }));

  it("of max: over a dimension it gives two, with another tensor one", () =>
    scope(() => {
      expect(x().max().toArray()).to.equal(4);
      const [values, indices] = x().max(0);
      expect([values.toArray(), indices.toArray()]).to.deep.equal([
        [3, 4],
        [1n, 1n],
      ]);
      const [kept] = x().max(0, { keepdim: true });
      expect(kept.shape).to.deep.equal([1, 2]);
      expect(x().max(Tensor.from(2.5)).toArray()).to.deep.equal([
        [2.5, 2.5],
        [3, 4],
      ]);
    }));

  it("whose keyword is required", () =>
    scope(() => {
      expect(ops.argsort(Tensor.from([3, 1, 2]), { stable: true }).toArray()).to.deep.equal([1n, 2n, 0n]);
      expect(Tensor.from([3, 1, 2]).argsort({ stable: true, descending: true }).toArray()).to.deep.equal([0n, 2n, 1n]);
    }));
});

describe("methods", () => {
  it("in place give the changed tensor and change it", () =>
    scope(() => {
      const t = x();
      expect(t.add_(1).mul_(2).toArray()).to.deep.equal([
        [4, 6],
        [8, 10],
      ]);
      expect(t.toArray()).to.deep.equal([
        [4, 6],
        [8, 10],
      ]);
      expect(ops.clamp_(t, { max: 6 }).toArray()).to.deep.equal([
        [4, 6],
        [6, 6],
      ]);
      expect(t.zero_().toArray()).to.deep.equal([
        [0, 0],
        [0, 0],
      ]);
      expect(t.requiresGrad_().requiresGrad).to.equal(true);
    }));

  it("whose tensor is not the operator's first argument", () =>
    scope(() => {
      const t = x();
      expect(t.where(t.gt(2), 0).toArray()).to.deep.equal([
        [0, 0],
        [3, 4],
      ]);
      expect(t.where(t.gt(2), t.neg()).toArray()).to.deep.equal([
        [-1, -2],
        [3, 4],
      ]);
      // ψ'(1) = π² / 6
      expect(Number(Tensor.from([1]).polygamma(1).item())).to.be.closeTo(Math.PI ** 2 / 6, 1e-6);
      thrown(() => t.polygamma(anything(undefined)), "ERR_OPERATOR_ARGS");
      thrown(() => t.polygamma(anything("1")), "ERR_OPERATOR_ARGS");
    }));

  it("give lists, several results, numbers and nothing", () =>
    scope(() => {
      expect(
        x()
          .split(1)
          .map((part) => part.toArray()),
      ).to.deep.equal([[[1, 2]], [[3, 4]]]);
      const [sign, logarithm] = ops.linalgSlogdet(
        Tensor.from([
          [2, 0],
          [0, 0.5],
        ]),
      );
      expect([sign.item(), logarithm.item()]).to.deep.equal([1, 0]);
      expect(x().isFloatingPoint()).to.equal(true);
      expect(x().dim()).to.equal(2);
      expect([x().stride(0), x().size(-1)]).to.deep.equal([2, 2]);
      const leaf = Tensor.from([1], { requiresGrad: true });
      expect(leaf.mul(2).retainGrad()).to.equal(undefined);
    }));
});

describe("what does not fit", () => {
  it("lists what came and every schema", () =>
    scope(() => {
      const { message } = thrown(() => x().pow(anything("two")), "ERR_OPERATOR_ARGS");
      expect(message).to.contain('pow: no overload takes (float32[2, 2], "two"); expected one of:');
      for (const schema of ["pow.Tensor_Tensor(", "pow.Tensor_Scalar(", "pow.Scalar("]) {
        expect(message).to.contain(`aten::${schema}`);
      }
      const named = thrown(() => x().sum({ dim: [0], keepDim: true } as never), "ERR_OPERATOR_ARGS");
      expect(named.message).to.contain("keep_dim=true").and.to.contain("keepdim=False");
    }));

  it("excluded operators are there neither as functions nor as methods", () => {
    for (const name of [
      "Softmax",
      "softmaxBackwardData",
      "recordStream",
      "setData",
      "fromFile",
      "quantizedLstmCell",
      "addOut",
    ]) {
      expect((ops as unknown as Record<string, unknown>)[name], name).to.equal(undefined);
    }
    for (const name of ["recordStream", "setData"]) {
      expect((Tensor.prototype as unknown as Record<string, unknown>)[name], name).to.equal(undefined);
    }
  });
});
