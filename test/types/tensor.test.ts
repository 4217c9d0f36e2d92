/** What the types promise: checked by `tsc --noEmit`; at run time these tests have nothing left to do. */
/* eslint-disable @typescript-eslint/no-unsafe-call -- what must not compile is not typed either */
import { expectTypeOf } from "expect-type";
import type { Complex, DType, MemoryStatistics, NestedArray, ops, ScriptModule, Slice } from "../../lib/index";
import { F, jit, keep, memory, noGrad, op, scope, slice, Tensor, TorchwrightError } from "../../lib/index";
import type { ErrorCode } from "../../lib/index";

type Ops = typeof ops;
declare const x: Tensor;
declare const operators: Ops;

/** The body is compiled, never run. */
function typesOnly(_body: () => unknown): void {}

describe("types of tensors", () => {
  it("creation takes numbers, nested arrays and typed arrays", () => {
    expectTypeOf(Tensor.from).returns.toEqualTypeOf<Tensor>();
    typesOnly(() => [
      Tensor.from(1),
      Tensor.from([
        [1, 2],
        [3, 4],
      ]),
      Tensor.from(new Float32Array(2), { shape: [2], dtype: "int64" }),
      Tensor.from([1n]),
      Tensor.from([true]),
      // @ts-expect-error strings are no numbers
      Tensor.from("1"),
      // @ts-expect-error neither in arrays
      Tensor.from(["1"]),
      // @ts-expect-error nor is null
      Tensor.from(null),
      // @ts-expect-error a dtype has PyTorch's name
      Tensor.from([1], { dtype: "float" }),
      // @ts-expect-error a shape is a list
      Tensor.from([1], { shape: 1 }),
      // @ts-expect-error options are checked
      Tensor.from([1], { requires_grad: true }),
      // @ts-expect-error undefined is not the same as left out
      Tensor.from([1], { dtype: undefined }),
    ]);
  });

  it("properties are readable, and only what can be changed is writable", () => {
    expectTypeOf<Tensor["shape"]>().toEqualTypeOf<readonly number[]>();
    expectTypeOf<Tensor["dtype"]>().toEqualTypeOf<DType>();
    expectTypeOf<Tensor["grad"]>().toEqualTypeOf<Tensor | undefined>();
    expectTypeOf<ReturnType<Tensor["item"]>>().toEqualTypeOf<number | bigint | boolean | Complex>();
    expectTypeOf<ReturnType<Tensor["backward"]>>().toEqualTypeOf<Promise<void>>();
    typesOnly(() => {
      x.requiresGrad = true;
      x.grad = undefined;
      // @ts-expect-error a shape follows from the data
      x.shape = [1];
      // @ts-expect-error as does a dtype
      x.dtype = "int64";
      // @ts-expect-error a list of sizes is not to be changed
      x.shape.push(1);
    });
  });

  it("creation and reading know complex numbers, and how int64 is wanted", () => {
    typesOnly(() => {
      expectTypeOf(Tensor.from([[{ re: 1, im: 2 }, 3]])).toEqualTypeOf<Tensor>();
      Tensor.from(new BigUint64Array(1));
      Tensor.from(new Uint8ClampedArray(1));
      Tensor.from(Buffer.alloc(2));
      expectTypeOf(x.item()).toEqualTypeOf<number | bigint | boolean | Complex>();
      expectTypeOf(x.item({ int64: "number" })).toEqualTypeOf<number | boolean | Complex>();
      expectTypeOf(x.toArray({ int64: "number" })).toEqualTypeOf<NestedArray>();
      // @ts-expect-error half a complex number
      Tensor.from([{ re: 1 }]);
      // @ts-expect-error memory without element type
      Tensor.from(new ArrayBuffer(8));
      // @ts-expect-error neither has a DataView one
      Tensor.from(new DataView(new ArrayBuffer(8)));
      // @ts-expect-error as bigint or as number
      x.item({ int64: "string" });
      // @ts-expect-error the option is int64's
      x.toArray({ int32: "number" });
    });
  });

  it("indexing takes what PyTorch's brackets take", () => {
    expectTypeOf(slice(1, null, 2)).toEqualTypeOf<Slice>();
    typesOnly(() => {
      expectTypeOf(
        x.at(0, -1n, ":", "...", null, true, slice(1), { end: -1 }, [0, 1], [[true], [false]], x),
      ).toEqualTypeOf<Tensor>();
      expectTypeOf(x.assign(0, 1)).toEqualTypeOf<Tensor>();
      expectTypeOf(x.assign([":", slice(1), [0, 1]], x)).toEqualTypeOf<Tensor>();
      x.assign([0], { re: 1, im: 2 });
      // @ts-expect-error three points, not one character
      x.at("…");
      // @ts-expect-error undefined is no new dimension
      x.at(undefined);
      // @ts-expect-error a slice has no other keys
      x.at({ begin: 1 });
      // @ts-expect-error bounds are numbers
      slice("1");
      // @ts-expect-error a value is needed
      x.assign(0);
      // @ts-expect-error values are tensors or numbers
      x.assign(0, [1, 2]);
    });
  });

  it("F's functions take PyTorch's arguments by place or by name", () => {
    typesOnly(() => {
      expectTypeOf(
        F.crossEntropy(x, x, { weight: null, ignoreIndex: 0, reduction: "sum", labelSmoothing: 0.1 }),
      ).toEqualTypeOf<Tensor>();
      expectTypeOf(F.layerNorm(x, [4], x, x, 1e-12)).toEqualTypeOf<Tensor>();
      expectTypeOf(F.layerNorm(x, [4], { eps: 1e-12 })).toEqualTypeOf<Tensor>();
      expectTypeOf(F.conv2d(x, x, null, { stride: [1, 2], padding: "same" })).toEqualTypeOf<Tensor>();
      expectTypeOf(F.conv2d(x, x, { bias: x })).toEqualTypeOf<Tensor>();
      expectTypeOf(F.dropout(x, 0.1, false)).toEqualTypeOf<Tensor>();
      expectTypeOf(F.softmax(x, -1, { dtype: "float64" })).toEqualTypeOf<Tensor>();
      expectTypeOf(F.scaledDotProductAttention(x, x, x, { isCausal: true })).toEqualTypeOf<Tensor>();
      expectTypeOf(F.interpolate).parameter(0).toEqualTypeOf<Tensor>();
      // @ts-expect-error a reduction has one of three names
      F.mseLoss(x, x, { reduction: "avg" });
      // @ts-expect-error names are camelCase
      F.crossEntropy(x, x, { label_smoothing: 0.1 });
      // @ts-expect-error softmax needs a dimension
      F.softmax(x);
      // @ts-expect-error a target is needed
      F.nllLoss(x);
      // @ts-expect-error shapes are lists
      F.layerNorm(x, 4);
      // @ts-expect-error gelu knows two ways
      F.gelu(x, { approximate: "erf" });
      // @ts-expect-error targets are tensors
      F.crossEntropy(x, [0, 1]);
      // @ts-expect-error padding has two names
      F.conv1d(x, x, null, { padding: "full" });
      // @ts-expect-error no such function
      F.softmaxx(x, 0);
    });
  });

  it("operators as methods have their overloads", () => {
    typesOnly(() => {
      expectTypeOf(x.add(x)).toEqualTypeOf<Tensor>();
      expectTypeOf(x.add(1)).toEqualTypeOf<Tensor>();
      expectTypeOf(x.sum()).toEqualTypeOf<Tensor>();
      expectTypeOf(x.sum([0], true)).toEqualTypeOf<Tensor>();
      expectTypeOf(x.max()).toEqualTypeOf<Tensor>();
      expectTypeOf(x.max(1)[1]).toEqualTypeOf<Tensor>();
      expectTypeOf(x.softmax(-1, { dtype: "float64" })).toEqualTypeOf<Tensor>();
      expectTypeOf(x.to("cuda:1")).toEqualTypeOf<Tensor>();
      expectTypeOf(x.to("float16")).toEqualTypeOf<Tensor>();
      // @ts-expect-error softmax needs a dimension
      x.softmax();
      // @ts-expect-error which is a number
      x.softmax("rows");
      // @ts-expect-error matmul takes no number
      x.matmul(2);
      // @ts-expect-error a device is cpu, cuda or cuda:n
      x.to("gpu");
      // @ts-expect-error no such operator
      x.softmaxx(-1);
      // @ts-expect-error internal operators are no methods
      x._softmax(-1, false);
    });
  });

  it("operators as functions take keyword arguments in camelCase", () => {
    typesOnly(() => {
      expectTypeOf(operators.zeros([2, 3], { dtype: "int64", device: "cpu" })).toEqualTypeOf<Tensor>();
      expectTypeOf(operators.crossEntropyLoss(x, x, { labelSmoothing: 0.1 })).toEqualTypeOf<Tensor>();
      expectTypeOf(operators.cat([x, x], 0)).toEqualTypeOf<Tensor>();
      // @ts-expect-error a list of tensors
      operators.cat(x);
      // @ts-expect-error sizes are numbers
      operators.zeros(["2"]);
      // @ts-expect-error no such keyword
      operators.zeros([2], { dtyp: "int64" });
    });
    expectTypeOf(op).parameter(0).toEqualTypeOf<string>();
  });

  it("scope, keep and noGrad give what their function gives, also a promise", () => {
    typesOnly(() => {
      expectTypeOf(scope(() => x)).toEqualTypeOf<Tensor>();
      expectTypeOf(scope(async () => ({ x, n: 1 }))).toEqualTypeOf<Promise<{ x: Tensor; n: number }>>();
      expectTypeOf(noGrad(() => 5)).toEqualTypeOf<number>();
      expectTypeOf(keep(x)).toEqualTypeOf<Tensor>();
      // @ts-expect-error keep is for tensors
      keep(5);
    });
    expectTypeOf(memory).returns.toEqualTypeOf<MemoryStatistics>();
  });

  it("tensors and modules can be declared with using", () => {
    expectTypeOf<Tensor>().toExtend<{ [Symbol.dispose](): void }>();
    expectTypeOf<ScriptModule>().toExtend<{ [Symbol.dispose](): void }>();
    expectTypeOf(jit.load).returns.toEqualTypeOf<Promise<ScriptModule>>();
  });

  it("an error's code is one of the table", () => {
    expectTypeOf<TorchwrightError["code"]>().toEqualTypeOf<ErrorCode>();
    expectTypeOf<"ERR_SHAPE_MISMATCH">().toExtend<ErrorCode>();
    typesOnly(() => {
      // @ts-expect-error not of the table
      return new TorchwrightError("ERR_ANYTHING", "");
    });
  });
});
