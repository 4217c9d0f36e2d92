/** A random generator of one's own, for operators that take `generator`. */
import { describe, TorchwrightError } from "../errors";
import type { GeneratorHandle } from "../native/values";
import { native } from "../native/load";
import { nativeInContext } from "./context";
import type { Device } from "./device";
import { resolveDevice } from "./device";
import { Tensor, wrap } from "./tensor";

/** Options of {@link Generator}. */
export interface GeneratorOptions {
  /** From 0 to 2^64 - 1, a bigint above 2^53 - 1. Left out: PyTorch's constant 67280421310721. */
  readonly seed?: number | bigint;
  /** Where the random numbers are drawn; the CPU when left out. */
  readonly device?: Device;
}

/** The last resort for generators that nobody disposes. */
const finalizers = new FinalizationRegistry<GeneratorHandle>((handle) => native().releaseGenerator(handle));

/**
 * A source of random numbers with a state of its own, as `torch.Generator`: the same seed gives the same numbers as
 * there, whatever else draws from libtorch's process-wide generator.
 *
 * Any operator that draws takes it as `generator`. It lives until {@link Generator.dispose}, the end of its `using`
 * block, or garbage collection.
 *
 * @example
 * ```ts
 * import { Generator, ops } from "torchwright";
 * using generator = new Generator({ seed: 42 });
 * const first = ops.randn([2, 3], { generator });
 * const again = ops.randn([2, 3], { generator: generator.manualSeed(42) });
 * console.log(ops.equal(first, again)); // true
 * ```
 */
export class Generator {
  /** @internal */
  readonly handle: GeneratorHandle;
  /** Where it draws. */
  readonly device: Device;

  /**
   * @throws TorchwrightError ERR_INVALID_ARG for a seed that is none, ERR_UNKNOWN_DEVICE, ERR_DEVICE_UNAVAILABLE
   */
  constructor(options: GeneratorOptions = {}) {
    if (typeof options !== "object" || options === null) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `Generator: expected an object { seed, device }, got ${describe(options)}`,
      );
    }
    this.device = resolveDevice(options.device ?? "cpu");
    this.handle = native().createGenerator(this.device);
    finalizers.register(this, this.handle, this);
    if (options.seed !== undefined) this.manualSeed(options.seed);
  }

  /**
   * Starts anew from a seed.
   *
   * @throws TorchwrightError ERR_INVALID_ARG unless it is an integer from 0 to 2^64 - 1
   */
  manualSeed(seed: number | bigint): this {
    native().setGeneratorSeed(this.handle, seed);
    return this;
  }

  /** Starts anew from a seed that the system draws, and gives it. */
  seed(): bigint {
    return native().generatorSeed(this.handle, true);
  }

  /** The seed that it last started from. */
  initialSeed(): bigint {
    return native().generatorSeed(this.handle, false);
  }

  /** A copy of its state as a uint8 tensor; {@link Generator.setState} goes back to it. */
  getState(): Tensor {
    return wrap(nativeInContext().generatorState(this.handle));
  }

  /**
   * Goes back to a state that {@link Generator.getState}, or Python's `get_state`, gave.
   *
   * @throws TorchwrightError ERR_INVALID_ARG, ERR_OPERATOR_FAILED for a tensor that is no state
   */
  setState(state: Tensor): this {
    if (!(state instanceof Tensor)) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `setState: expected a tensor as getState() gives, got ${describe(state)}`,
      );
    }
    native().setGeneratorState(this.handle, state.handle);
    return this;
  }

  /** Frees it now; using it afterwards is ERR_GENERATOR_DISPOSED. Twice is once. */
  dispose(): void {
    finalizers.unregister(this);
    native().releaseGenerator(this.handle);
  }

  /** The same as `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
