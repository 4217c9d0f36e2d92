/** What the types of autograd promise: checked by `tsc --noEmit`; at run time these tests have nothing left to do. */
import { expectTypeOf } from "expect-type";
import type { FunctionContext, GradientHook, Tensor } from "../../lib/index";
import { autocast, checkpoint, defineFunction, detectAnomaly, grad, gradSync, inferenceMode } from "../../lib/index";

declare const x: Tensor;

/** The body is compiled, never run. */
function typesOnly(_body: () => unknown): void {}

describe("types of autograd", () => {
  it("grad gives a tensor for each input, or perhaps none where that is allowed", () => {
    typesOnly(() => {
      expectTypeOf(grad(x, [x, x])).toEqualTypeOf<Promise<Tensor[]>>();
      expectTypeOf(grad([x], x, { createGraph: true })).toEqualTypeOf<Promise<Tensor[]>>();
      expectTypeOf(gradSync(x, x, { allowUnused: true })).toEqualTypeOf<(Tensor | undefined)[]>();
      return [
        // @ts-expect-error numbers are no tensors
        grad(1, x),
        // @ts-expect-error options have names
        grad(x, x, { create_graph: true }),
        // @ts-expect-error a gradient is a tensor
        x.backward(1),
        // @ts-expect-error options have names
        x.backwardSync(undefined, { retain: true }),
      ];
    });
  });

  it("a hook takes a gradient and gives one, or nothing, at once", () => {
    expectTypeOf<Parameters<GradientHook>>().toEqualTypeOf<[gradient: Tensor]>();
    typesOnly(() => [
      x.registerHook((gradient) => gradient.mul(2)).remove(),
      x.registerHook((gradient) => void gradient.sum()),
      // @ts-expect-error a number is no gradient
      x.registerHook(() => 1),
      // @ts-expect-error backward waits for no promise
      x.registerHook((gradient) => Promise.resolve(gradient)),
    ]);
  });

  it("a function has the arguments and the result of its forward", () => {
    typesOnly(() => {
      const scale = defineFunction({
        forward: (context: FunctionContext<number>, input: Tensor, factor: number) => {
          context.saved = factor;
          return input.mul(factor);
        },
        backward: (context, gradient) => [gradient?.mul(context.saved), undefined],
      });
      expectTypeOf(scale).toEqualTypeOf<(input: Tensor, factor: number) => Tensor>();
      const split = defineFunction({
        forward: (_context, input: Tensor) => [input, input],
        backward: (_context, first) => first,
      });
      expectTypeOf(split(x)).toEqualTypeOf<Tensor[]>();
      return [
        // @ts-expect-error the factor is missing
        scale(x),
        // @ts-expect-error forward gives tensors
        defineFunction({ forward: () => 1, backward: () => undefined }),
        // @ts-expect-error backward is missing
        defineFunction({ forward: (_context: unknown, input: Tensor) => input }),
      ];
    });
  });

  it("checkpoint and the modes give what their function gives", () => {
    typesOnly(() => {
      expectTypeOf(checkpoint((a, b) => a.add(b), [x, x])).toEqualTypeOf<Tensor>();
      expectTypeOf(inferenceMode(() => 5)).toEqualTypeOf<number>();
      expectTypeOf(autocast(async () => x, { device: "cpu", dtype: "bfloat16" })).toEqualTypeOf<Promise<Tensor>>();
      expectTypeOf(detectAnomaly(() => "text", { checkNan: false })).toEqualTypeOf<string>();
      return [
        // @ts-expect-error two parameters, one input
        checkpoint((a: Tensor, b: Tensor) => a.add(b), [x]),
        // @ts-expect-error float32 is no half precision
        autocast(() => 1, { dtype: "float32" }),
      ];
    });
  });
});
