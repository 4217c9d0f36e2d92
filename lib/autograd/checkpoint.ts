/** Gradient checkpointing: activations are computed again in backward instead of kept. */
import { AsyncLocalStorage } from "node:async_hooks";
import { describe, TorchwrightError } from "../errors";
import { backwardSync } from "../tensor/backward";
import { checkFunction, checkOptions } from "../tensor/check-options";
import { currentContext, withContext } from "../tensor/context";
import { randomState, setRandomState } from "../tensor/random-state";
import { Tensor } from "../tensor/tensor";
import { functionOf } from "./define-function";

/** How `checkpoint` computes a second time. */
export interface CheckpointOptions {
  /** Draws the same random numbers again, for dropout; default true. */
  readonly preserveRngState?: boolean;
}

/**
 * Calls `fn(...inputs)` without keeping what lies between inputs and outputs: backward calls it again. Gradients are
 * the same, also of parameters that `fn` uses from outside, with dropout, and where no input requires grad. As
 * `torch.utils.checkpoint`.
 *
 * Backward calls it in a pass of its own, so `backward()` of all leaves is what it is for: `grad`, `backward` with
 * `inputs`, and `createGraph` are refused, as by PyTorch's reentrant checkpoint.
 *
 * `fn` must be synchronous and depend on nothing but its inputs and tensors that stay as they are. For a TorchScript
 * module, whose calls are asynchronous, there is `ScriptModule.checkpoint`.
 *
 * @param fn tensors in, a tensor or several out
 * @returns what `fn` returns
 * @throws TorchwrightError ERR_INVALID_ARG for an `fn` that gives anything but tensors, and from a backward pass of
 *   another kind
 *
 * @example
 * ```ts
 * import { checkpoint, ops, Tensor } from "torchwright";
 * using w = Tensor.from([[1, 2], [3, 4]], { requiresGrad: true });
 * const y = checkpoint((x) => ops.gelu(x.matmul(w)).matmul(w), [Tensor.from([[1, 1]])]);
 * y.sum().backwardSync();
 * console.log(w.grad?.shape); // [2, 2]
 * ```
 */
export function checkpoint<const Inputs extends readonly Tensor[], Result extends Tensor | readonly Tensor[]>(
  fn: (...inputs: { -readonly [I in keyof Inputs]: Tensor }) => Result,
  inputs: Inputs,
  options: CheckpointOptions = {},
): Result {
  checkFunction("checkpoint", fn);
  if (!Array.isArray(inputs)) {
    throw new TorchwrightError("ERR_INVALID_ARG", `checkpoint: expected an array of tensors, got ${describe(inputs)}`);
  }
  const call = fn as unknown as (...inputs: readonly Tensor[]) => Result;
  const { modes } = currentContext();
  const inContext = AsyncLocalStorage.snapshot();
  const { preserveRngState: preserve = true } = checkOptions("checkpoint", options, ["preserveRngState"]);

  const run = functionOf<
    readonly Tensor[],
    Result,
    { readonly requiresGrad: readonly boolean[]; readonly random: readonly string[] }
  >(
    {
      forward(context, _anchor, ...given) {
        const random = preserve ? devicesOf(given) : [];
        context.saved = { requiresGrad: given.map((tensor) => tensor.requiresGrad), random };
        context.saveForBackward(...given, ...random.map(randomState));
        return call(...given);
      },
      backward(context, ...gradients) {
        const { requiresGrad, random } = context.saved;
        const leaves = requiresGrad.map((wanted, place) => {
          const leaf = (context.savedTensors[place] as Tensor).detach();
          leaf.requiresGrad = wanted;
          return leaf;
        });
        const { owner } = currentContext();
        const again = { owner, modes: { ...modes, grad: true, inference: false } };
        const before = random.map(randomState);
        setRandomStates(random, context.savedTensors.slice(leaves.length));
        try {
          const result: Tensor | readonly Tensor[] = inContext(() => withContext(again, () => call(...leaves)));
          const outputs: readonly Tensor[] = result instanceof Tensor ? [result] : result;
          const pairs = outputs.map((output, place) => ({ output, gradient: gradients[place] }));
          const live = pairs.filter(({ output }) => output.requiresGrad);
          backwardSync(
            live.map(({ output }) => output),
            live.map(({ gradient }) => gradient),
          );
        } finally {
          setRandomStates(random, before);
        }
        const learned = leaves.map((leaf) => {
          const gradient = leaf.grad?.detach();
          leaf.dispose(); // and the handle on its gradient, which no scope owns
          return gradient;
        });
        return [undefined, ...learned];
      },
    },
    true,
  );
  // One more input, which requires grad: where no other does, the output would not either, and what fn uses from
  // outside would silently go untrained.
  using anchor = Tensor.from([], { requiresGrad: true });
  return run(anchor, ...inputs);
}

function devicesOf(tensors: readonly Tensor[]): readonly string[] {
  return [...new Set(["cpu", ...tensors.map((tensor) => tensor.device)])];
}

function setRandomStates(devices: readonly string[], states: readonly Tensor[]): void {
  devices.forEach((device, place) => setRandomState(device, states[place] as Tensor));
}
