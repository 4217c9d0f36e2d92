/** What the types promise: checked by `tsc --noEmit`; at run time these tests have nothing left to do. */
/* eslint-disable @typescript-eslint/no-unsafe-call -- what must not compile is not typed either */
import { expectTypeOf } from "expect-type";
import type { DType, MemoryStatistics, ops, ScriptModule } from "../../lib/index";
import { jit, keep, memory, noGrad, op, scope, Tensor, TorchwrightError } from "../../lib/index";
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
      Tensor.from(1), Tensor.from([[1, 2], [3, 4]]), Tensor.from(new Float32Array(2), { shape: [2], dtype: "int64" }), Tensor.from([1n]), Tensor.from([true]),
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
    expectTypeOf<ReturnType<Tensor["item"]>>().toEqualTypeOf<number | bigint | boolean>();
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
