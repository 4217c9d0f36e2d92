/** The generated signatures: checked by `tsc --noEmit`; at run time these tests have nothing left to do. */
/* eslint-disable @typescript-eslint/no-unsafe-call -- what must not compile is not typed either */
import { expectTypeOf } from "expect-type";
import type { DType, GeneratorOptions, Layout, MemoryFormat, ops, Reduction, Scalar } from "../../lib/index";
import type { Tensor } from "../../lib/index";
import { Generator } from "../../lib/index";

declare const x: Tensor;
declare const generator: Generator;
declare const o: typeof ops;

/** The body is compiled, never run. */
function typesOnly(_body: () => unknown): void {}

describe("types of operators", () => {
  it("results are tensors, labelled tuples, lists, numbers, booleans, dtypes or nothing", () => {
    typesOnly(() => {
      expectTypeOf(o.relu(x)).toEqualTypeOf<Tensor>();
      expectTypeOf(o.max(x, 0)).toEqualTypeOf<[values: Tensor, indices: Tensor]>();
      expectTypeOf(x.topk(2)).toEqualTypeOf<[values: Tensor, indices: Tensor]>();
      expectTypeOf(o.linalgSvd(x)).toEqualTypeOf<[U: Tensor, S: Tensor, Vh: Tensor]>();
      expectTypeOf(o.linalgLstsq(x, x)).toEqualTypeOf<
        [solution: Tensor, residuals: Tensor, rank: Tensor, singularValues: Tensor]
      >();
      expectTypeOf(o.nativeLayerNorm(x, [2], x, x, 1e-5)).toEqualTypeOf<[Tensor, Tensor, Tensor]>();
      expectTypeOf(x.unbind()).toEqualTypeOf<Tensor[]>();
      expectTypeOf(x.dim()).toEqualTypeOf<number>();
      expectTypeOf(x.size(0)).toEqualTypeOf<number>();
      expectTypeOf(x.isFloatingPoint()).toEqualTypeOf<boolean>();
      expectTypeOf(o.equal(x, x)).toEqualTypeOf<boolean>();
      expectTypeOf(o.resultType(x, 1)).toEqualTypeOf<DType>();
      expectTypeOf(x.retainGrad()).toEqualTypeOf<void>();
      // @ts-expect-error two results, not three
      x.max(0)[2];
      // @ts-expect-error a tuple is no tensor
      x.max(0).add(1);
      // @ts-expect-error a number is no tensor
      x.dim().add(1);
    });
  });

  it("what may be left out can be given in order or by name", () => {
    typesOnly(() => [
      x.sum(0),
      x.sum(0, true),
      x.sum(0, true, { dtype: "int64" }),
      x.sum(0, { keepdim: true, dtype: "int64" }),
      x.sum({ dim: [0], keepdim: true }),
      o.crossEntropyLoss(x, x, x, { reduction: "sum" }),
      o.rrelu(x, 0.1, 0.3, true, { generator }),
      o.quantile(x, 0.5, 0, { interpolation: "nearest" }),
      // @ts-expect-error not twice
      x.sum(0, { dim: 0 }),
      // @ts-expect-error the object comes last
      x.sum({ keepdim: true }, 0),
    ]);
  });

  it("overloads are told apart by their arguments", () => {
    typesOnly(() => {
      expectTypeOf(x.max()).toEqualTypeOf<Tensor>();
      expectTypeOf(x.max(x)).toEqualTypeOf<Tensor>();
      expectTypeOf(o.pow(2, x)).toEqualTypeOf<Tensor>();
      expectTypeOf(o.pow(x, 2n)).toEqualTypeOf<Tensor>();
      expectTypeOf(o.where(x)).toEqualTypeOf<Tensor[]>();
      expectTypeOf(o.where(x, 1, x)).toEqualTypeOf<Tensor>();
      expectTypeOf(x.where(x, 0)).toEqualTypeOf<Tensor>();
      expectTypeOf(x.std(true)).toEqualTypeOf<Tensor>();
      expectTypeOf(x.std(0, { correction: 0, keepdim: true })).toEqualTypeOf<Tensor>();
      expectTypeOf(x.argsort({ stable: true })).toEqualTypeOf<Tensor>();
      expectTypeOf(x.argsort({ descending: true })).toEqualTypeOf<Tensor>();
      expectTypeOf(x.max({ dim: 0 })).toEqualTypeOf<[values: Tensor, indices: Tensor]>();
      expectTypeOf(x.cumsum({ dim: 0, dtype: "float64" })).toEqualTypeOf<Tensor>();
      expectTypeOf(o.norm(x, { dim: 1 })).toEqualTypeOf<Tensor>();
      expectTypeOf(x.random_({ to: 3 })).toEqualTypeOf<Tensor>();
      // @ts-expect-error the dimension is not left out
      x.cumsum({ dtype: "float64" });
      // @ts-expect-error a power of two numbers is no operator
      o.pow(2, 2);
      // @ts-expect-error max has no dimension and other tensor at once
      x.max(0, x);
      // @ts-expect-error an overload's required keyword
      x.argsort({ stabel: true });
      // @ts-expect-error alpha is a keyword where other is a tensor
      x.add(x, 2);
    });
  });

  it("arguments have their kinds' types", () => {
    expectTypeOf<Scalar>().toEqualTypeOf<number | bigint | boolean>();
    typesOnly(() => [
      o.linear(x, x),
      o.linear(x, x, null),
      o.linear(x, x, { bias: x }),
      o.batchNorm(x, null, undefined, x, x, true, 0.1, 1e-5, false),
      o.index(x, [null, x, undefined]),
      o.conv2d(x, x, null, 2, [1, 1]),
      o.upsampleNearest2d(x, null, [2, 1.5]),
      o.full([2n], true),
      // @ts-expect-error a tensor is no bias of another type
      o.linear(x, x, 1),
      // @ts-expect-error what is required cannot be left out
      o.linear(x),
      // @ts-expect-error nor be null
      o.linear(x, null),
      // @ts-expect-error a list of tensors has no holes
      o.cat([x, null]),
      // @ts-expect-error an index is a tensor
      o.index(x, [0]),
      // @ts-expect-error strides are integers
      o.conv2d(x, x, null, "2"),
      // @ts-expect-error a list of sizes, not one
      o.zeros(2),
      // @ts-expect-error scale factors are numbers
      o.upsampleNearest2d(x, null, ["2"]),
      // @ts-expect-error a scalar is no string
      x.mul("2"),
      // @ts-expect-error a flag is no number
      x.sum(0, 1),
      // @ts-expect-error there is no fourth argument
      x.softmax(0, {}, 1),
    ]);
  });

  it("enumerations are unions of their names", () => {
    expectTypeOf<Reduction>().toEqualTypeOf<"none" | "mean" | "sum" | 0 | 1 | 2>();
    expectTypeOf<MemoryFormat>().toEqualTypeOf<"contiguous" | "preserve" | "channels_last" | "channels_last_3d">();
    expectTypeOf<"sparse_csr">().toExtend<Layout>();
    typesOnly(() => [
      o.mseLoss(x, x, "sum"),
      o.mseLoss(x, x, { reduction: "none" }),
      o.mseLoss(x, x, 2),
      o.embeddingBag(x, x, x, { mode: "max" }),
      o.gridSampler(x, x, "bicubic", "border", true),
      x.clone({ memoryFormat: "preserve" }),
      o.zeros([1], { layout: "sparse_coo", dtype: "bool" }),
      // @ts-expect-error no such reduction
      o.mseLoss(x, x, "average"),
      // @ts-expect-error nor number
      o.mseLoss(x, x, 3),
      // @ts-expect-error reductions are not modes
      o.embeddingBag(x, x, x, { mode: "none" }),
      // @ts-expect-error PyTorch's name for it is bilinear
      o.gridSampler(x, x, "linear", "border", true),
      // @ts-expect-error no such format
      x.clone({ memoryFormat: "nhwc" }),
      // @ts-expect-error no such layout
      o.zeros([1], { layout: "dense" }),
      // @ts-expect-error no such dtype
      o.zeros([1], { dtype: "float" }),
      // @ts-expect-error dtypes are not numbers
      o.promoteTypes(6, "int64"),
    ]);
  });

  it("random operators take a Generator", () => {
    expectTypeOf<GeneratorOptions>().toEqualTypeOf<{
      readonly seed?: number | bigint;
      readonly device?: "cpu" | "cuda" | `cuda:${number}`;
    }>();
    expectTypeOf<Generator["initialSeed"]>().returns.toEqualTypeOf<bigint>();
    expectTypeOf<Generator["getState"]>().returns.toEqualTypeOf<Tensor>();
    expectTypeOf<Generator["manualSeed"]>().returns.toEqualTypeOf<Generator>();
    typesOnly(() => [
      o.randn([2], { generator }),
      o.randn([2], { generator, dtype: "float64", device: "cpu" }),
      o.randint(0, 5, [2], { generator }),
      x.bernoulli_(0.5, { generator }),
      o.rrelu(x, 0.1, 0.3, true, generator),
      x.normal_(0, 1, { generator: null }),
      new Generator({ seed: 1n }),
      // @ts-expect-error a seed is no generator
      o.randn([2], { generator: 42 }),
      // @ts-expect-error dropout has none in ATen
      o.dropout(x, 0.5, true, { generator }),
      // @ts-expect-error relu draws nothing
      o.relu(x, { generator }),
      // @ts-expect-error a seed is a number
      new Generator({ seed: "1" }),
      // @ts-expect-error the options are an object
      new Generator(1),
    ]);
  });

  it("what is left out does not exist", () => {
    typesOnly(() => {
      // @ts-expect-error private
      o._softmax(x, 0, false);
      // @ts-expect-error helper of autograd
      o.nativeLayerNormBackward(x, x, [1], x, x, x, x, [true, true, true]);
      // @ts-expect-error writes to out=
      o.add(x, x, { out: x });
      // @ts-expect-error takes a storage
      x.set_(new ArrayBuffer(8));
      // @ts-expect-error names in camelCase
      o.cross_entropy_loss(x, x);
      // @ts-expect-error keyword arguments, too
      o.crossEntropyLoss(x, x, { label_smoothing: 0.1 });
      // @ts-expect-error zeros is no method
      x.zeros([1]);
    });
  });
});
