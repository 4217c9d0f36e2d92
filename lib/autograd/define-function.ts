/** Operators with a backward of their own, written in TypeScript. */
import { describe, TorchwrightError } from "../errors";
import { addCallback } from "../native/callbacks";
import { nativeInContext } from "../tensor/context";
import { tensorCallback } from "../tensor/hooks";
import { scope } from "../tensor/scope";
import { Tensor, wrap } from "../tensor/tensor";
import { isGradEnabled, noGrad } from "./grad-mode";

/** What forward leaves for backward. Other values may be kept in a closure or in `saved`. */
export interface FunctionContext<Saved> {
  /**
   * Tensors for backward, at most once: inputs and outputs of forward, or what lies between. They are freed with the
   * graph.
   */
  saveForBackward(...tensors: readonly Tensor[]): void;
  /**
   * What {@link FunctionContext.saveForBackward} got; in backward only. @throws TorchwrightError ERR_OPERATOR_FAILED
   * when one was changed in place meanwhile
   */
  readonly savedTensors: readonly Tensor[];
  /** Anything else that backward needs. */
  saved: Saved;
  /** Which arguments need a gradient. */
  readonly needsInputGrad: readonly boolean[];
  /** Says that forward changed these arguments in place and returns them. */
  markDirty(...tensors: readonly Tensor[]): void;
  /** Says that these outputs have no gradient: class ids, masks. */
  markNonDifferentiable(...tensors: readonly Tensor[]): void;
  /** Whether backward gets zeros for outputs that nothing depends on (default), or `undefined`. */
  setMaterializeGrads(materialize: boolean): void;
}

/** Forward and backward of {@link defineFunction}. */
export interface FunctionDefinition<Args extends readonly unknown[], Result extends Tensor | readonly Tensor[], Saved> {
  /** Computes the result; nothing is recorded inside. */
  forward(context: FunctionContext<Saved>, ...args: Args): Result;
  /**
   * Gets a gradient for each output; gives one for each argument, in order, `undefined` where there is none. Must not
   * be async.
   */
  backward(
    context: FunctionContext<Saved>,
    ...gradients: readonly Tensor[]
  ): Tensor | undefined | readonly (Tensor | undefined)[];
}

/**
 * An operator with forward and backward of your own, as `torch.autograd.Function`.
 *
 * Backward runs on the JavaScript thread in the async context of the caller of `backward`, while that backward waits.
 * With `createGraph` it is recorded itself, so that it can be differentiated again.
 *
 * @throws TorchwrightError (the function made) ERR_INVALID_ARG for what is no tensor where one is expected; what
 *   forward throws
 *
 * @example
 * ```ts
 * import { defineFunction, Tensor } from "torchwright";
 * const square = defineFunction({
 *   forward(context, x: Tensor) {
 *     context.saveForBackward(x);
 *     return x.mul(x);
 *   },
 *   backward(context, gradient) {
 *     const [x] = context.savedTensors;
 *     return gradient!.mul(x!).mul(2);
 *   },
 * });
 * using x = Tensor.from([3], { requiresGrad: true });
 * square(x).sum().backwardSync();
 * console.log(x.grad?.toArray()); // [6]
 * ```
 */
export function defineFunction<
  Args extends readonly unknown[],
  Result extends Tensor | readonly Tensor[],
  Saved = undefined,
>(definition: FunctionDefinition<Args, Result, Saved>): (...args: Args) => Result {
  return functionOf(definition, false);
}

/**
 * The same; with `wholeBackward` for functions whose backward is a backward pass of its own, which only a plain one
 * around it lets count.
 */
export function functionOf<Args extends readonly unknown[], Result extends Tensor | readonly Tensor[], Saved>(
  definition: FunctionDefinition<Args, Result, Saved>,
  wholeBackward: boolean,
): (...args: Args) => Result {
  if (typeof definition?.forward !== "function" || typeof definition.backward !== "function") {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `defineFunction: expected { forward, backward }, got ${describe(definition)}`,
    );
  }
  return (...args) => scope(() => apply(definition, args, wholeBackward));
}

class Context<Saved> implements FunctionContext<Saved> {
  saved = undefined as Saved;
  savedTensors: readonly Tensor[] = [];
  readonly needsInputGrad: readonly boolean[];
  toSave: readonly Tensor[] = [];
  dirty: readonly Tensor[] = [];
  withoutGradient: readonly Tensor[] = [];
  materialize = true;

  constructor(args: readonly unknown[]) {
    const recorded = isGradEnabled();
    this.needsInputGrad = args.map((arg) => recorded && arg instanceof Tensor && arg.requiresGrad);
  }

  saveForBackward(...tensors: readonly Tensor[]): void {
    this.toSave = checkTensors("saveForBackward", tensors);
  }

  markDirty(...tensors: readonly Tensor[]): void {
    this.dirty = checkTensors("markDirty", tensors);
  }

  markNonDifferentiable(...tensors: readonly Tensor[]): void {
    this.withoutGradient = checkTensors("markNonDifferentiable", tensors);
  }

  setMaterializeGrads(materialize: boolean): void {
    this.materialize = materialize;
  }
}

function apply<Args extends readonly unknown[], Result extends Tensor | readonly Tensor[], Saved>(
  definition: FunctionDefinition<Args, Result, Saved>,
  args: Args,
  wholeBackward: boolean,
): Result {
  const context = new Context<Saved>(args);
  const result = noGrad(() => definition.forward(context, ...args));
  const single = result instanceof Tensor;
  const outputs = checkTensors("forward", single ? [result] : result);
  const places = args.flatMap((arg, place) => (arg instanceof Tensor ? [place] : []));
  const count = outputs.length;

  const backward = tensorCallback((tensors) => {
    context.savedTensors = tensors.slice(count) as Tensor[];
    try {
      const given = definition.backward(context, ...(tensors.slice(0, count) as Tensor[]));
      const gradients = given === undefined || given instanceof Tensor ? [given] : given;
      return checkGradients(gradients, args.length, places);
    } finally {
      context.savedTensors = [];
    }
  });
  const handles = nativeInContext().attachFunction(
    {
      inputs: places.map((place) => (args[place] as Tensor).handle),
      outputs: outputs.map((tensor) => tensor.handle),
      saved: context.toSave.map((tensor) => tensor.handle),
      dirty: context.dirty.map((tensor) => tensor.handle),
      withoutGradient: context.withoutGradient.map((tensor) => tensor.handle),
      materialize: context.materialize,
      wholeBackward,
    },
    addCallback(backward),
  );
  const results = handles.map(wrap);
  return (single ? results[0] : results) as Result;
}

function checkTensors(operation: string, tensors: unknown): readonly Tensor[] {
  if (Array.isArray(tensors) && tensors.every((tensor) => tensor instanceof Tensor)) return tensors;
  throw new TorchwrightError("ERR_INVALID_ARG", `${operation}: expected tensors, got ${describe(tensors)}`);
}

/** The gradients of the tensors among the arguments. */
function checkGradients(gradients: unknown, args: number, places: readonly number[]): (Tensor | undefined)[] {
  if (!Array.isArray(gradients) || gradients.length !== args) {
    const got = Array.isArray(gradients) ? gradients.length : describe(gradients);
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `backward: expected ${args} gradient(s), one for each argument of forward, got ${got}`,
    );
  }
  return places.map((place) => {
    const gradient: unknown = gradients[place];
    if (gradient === undefined || gradient === null) return undefined;
    if (gradient instanceof Tensor) return gradient;
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `backward: expected a tensor as gradient of argument ${place}, got ${describe(gradient)}`,
    );
  });
}
