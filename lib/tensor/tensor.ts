/** The tensor: a light object around a slot in the addon's table. */
import { describe, TorchwrightError } from "../errors";
import type { Handle, TypedArray } from "../native/addon";
import { isOpen, native } from "../native/load";
import type { TensorOwner } from "./context";
import { currentContext, outsideScopes } from "./context";
import { flatten, nest } from "./convert";
import type { NestedArray } from "./convert";
import type { Device } from "./device";
import { resolveDevice } from "./device";
import type { DType } from "./dtype";
import { checkDtype, dtypeOf, isDtype } from "./dtype";
import type { TensorMethods } from "./operators.generated";
import { backward, backwardSync, type BackwardOptions, checkGradient } from "./backward";
import { addHook, type GradientHook } from "./hooks";
import { formatTensor } from "./print";
import { leftToCollector } from "./reclaim";

/** Options of {@link Tensor.from}; what is left out follows from the data, the device is the CPU. */
export interface FromOptions {
  readonly shape?: readonly number[];
  readonly dtype?: DType;
  readonly device?: string;
  readonly requiresGrad?: boolean;
}

/** What {@link Tensor.to} changes. */
export interface ToOptions {
  readonly dtype?: DType;
  readonly device?: string;
  readonly nonBlocking?: boolean;
}

/** The last resort for tensors that nobody disposes: their slot is freed when they are collected. */
const finalizers = new FinalizationRegistry<Handle>((handle) => native().release(handle));

/**
 * An n-dimensional array on a device, as `torch.Tensor`.
 *
 * It lives until {@link Tensor.dispose}, the end of the `using` block or {@link scope} that made it,
 * or, at the latest, garbage collection.
 *
 * @example
 * ```ts
 * import { Tensor } from "torchwright";
 * const x = Tensor.from([[1, 2], [3, 4]], { requiresGrad: true });
 * const loss = x.mul(x).sum();
 * await loss.backward();
 * console.log(x.grad?.toArray()); // [[2, 4], [6, 8]]
 * ```
 */
// The operators' methods are declared by the generated interface and attached in methods.ts.
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging
export interface Tensor extends TensorMethods {}
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging
export class Tensor {
  /** @internal */
  readonly handle: Handle;
  #gradient: Tensor | undefined;

  /** @internal Use {@link Tensor.from} or an operator. */
  constructor(handle: Handle) {
    this.handle = handle;
  }

  /**
   * Makes a tensor from a number, nested arrays or a typed array. Numbers become float32, bigints
   * int64, booleans bool, unless `dtype` says otherwise.
   *
   * @throws TorchwrightError ERR_SHAPE_MISMATCH for ragged arrays or a `shape` that does not fit,
   *   ERR_INVALID_ARG, ERR_UNKNOWN_DTYPE, ERR_UNKNOWN_DEVICE, ERR_DEVICE_UNAVAILABLE
   */
  static from(data: NestedArray | TypedArray, options: FromOptions = {}): Tensor {
    const device = resolveDevice(options.device ?? "cpu");
    const flat = ArrayBuffer.isView(data)
      ? { values: data, shape: [data.length], dtype: dtypeOf(data) }
      : flatten(data);
    if (!flat.dtype) {
      throw new TorchwrightError("ERR_INVALID_ARG", `Tensor.from: expected numbers or a typed array, got ${describe(data)}`);
    }
    const dtype = options.dtype === undefined ? flat.dtype : checkDtype(options.dtype);
    const tensor = wrap(native().fromTypedArray(flat.values, options.shape ?? flat.shape, dtype, device));
    if (options.requiresGrad) tensor.requiresGrad = true;
    return tensor;
  }

  /** Sizes of the dimensions. */
  get shape(): readonly number[] {
    return native().meta(this.handle).shape;
  }

  get dtype(): DType {
    return native().meta(this.handle).dtype as DType;
  }

  /** `"cpu"`, `"cuda:0"`, … */
  get device(): string {
    return native().meta(this.handle).device;
  }

  /** Number of elements. */
  get numel(): number {
    return this.shape.reduce((product, size) => product * size, 1);
  }


  get isLeaf(): boolean {
    return native().meta(this.handle).isLeaf;
  }

  get requiresGrad(): boolean {
    return native().meta(this.handle).requiresGrad;
  }

  /** @throws TorchwrightError ERR_INVALID_ARG for an integral dtype, or to turn off a tensor with history */
  set requiresGrad(wanted: boolean) {
    native().setRequiresGrad(this.handle, wanted);
  }

  /** The accumulated gradient; read twice, it is the same object. Owned by this tensor. */
  get grad(): Tensor | undefined {
    const known = this.#gradient?.handle;
    const handle = native().grad(this.handle, known);
    if (handle !== known) {
      this.#gradient?.dispose();
      this.#gradient = handle === undefined ? undefined : outsideScopes(() => wrap(handle));
    }
    return this.#gradient;
  }

  /** @throws TorchwrightError ERR_SHAPE_MISMATCH, ERR_INVALID_ARG unless shape, dtype and device are this tensor's */
  set grad(gradient: Tensor | undefined) {
    checkGradient(gradient, "grad");
    native().setGrad(this.handle, gradient?.handle);
    this.forgetGrad();
  }

  /** @internal Lets go of the handle that {@link Tensor.grad} gave out. */
  forgetGrad(): void {
    this.#gradient?.dispose();
    this.#gradient = undefined;
  }

  /**
   * Accumulates gradients in the leaves that this tensor was computed from, off the JavaScript thread.
   *
   * @param gradient of the same shape; a scalar needs none
   * @throws TorchwrightError ERR_NO_GRAD_HISTORY when nothing it was computed from requires grad, or
   *   the graph was freed by an earlier backward; ERR_OPERATOR_FAILED for a non-scalar without `gradient`
   */
  async backward(gradient?: Tensor, options: BackwardOptions = {}): Promise<void> {
    await backward([this], [gradient], options);
  }

  /**
   * {@link Tensor.backward} while JavaScript waits.
   *
   * @throws TorchwrightError as {@link Tensor.backward}, at once
   */
  backwardSync(gradient?: Tensor, options: BackwardOptions = {}): void {
    backwardSync([this], [gradient], options);
  }

  /**
   * Calls `hook` with the gradient of this tensor whenever a backward pass has computed it; a tensor that it
   * returns replaces the gradient. As `torch.Tensor.register_hook`.
   *
   * It runs on the JavaScript thread in the async context of the caller of `backward`, while that backward
   * waits: it must not be async. What it makes is freed after it, but for {@link keep}. An error that it throws
   * is what `backward` rejects with. The hook lives as long as the graph that it hangs on; a hook that mentions its
   * own tensor keeps that tensor alive until `remove()` or `dispose()`.
   *
   * @returns `remove()` takes the hook away again
   * @throws TorchwrightError ERR_NO_GRAD_HISTORY for a tensor that does not require grad
   *
   * @example
   * ```ts
   * import { Tensor } from "torchwright";
   * using x = Tensor.from([1, 2], { requiresGrad: true });
   * const hook = x.registerHook((grad) => grad.mul(10));
   * x.sum().backwardSync();
   * console.log(x.grad?.toArray()); // [10, 10]
   * hook.remove();
   * ```
   */
  registerHook(hook: GradientHook): { remove(): void } {
    return addHook(this, hook);
  }

  /**
   * A tensor of another dtype or on another device; itself under a new handle where both fit already.
   *
   * @param target `nonBlocking`: a copy between pinned memory (`pinMemory()`) and a GPU returns before it is done;
   *   reading on the CPU what came from a GPU then needs `synchronize()` first
   * @throws TorchwrightError ERR_UNKNOWN_DTYPE, ERR_UNKNOWN_DEVICE, ERR_DEVICE_UNAVAILABLE
   */
  to(target: DType | Device | ToOptions): Tensor {
    if (typeof target !== "string" && (typeof target !== "object" || target === null)) {
      throw new TorchwrightError("ERR_INVALID_ARG", `to: expected a dtype, a device or an object with both, got ${describe(target)}`);
    }
    const change: ToOptions = typeof target !== "string" ? target : isDtype(target) ? { dtype: target } : { device: target };
    const device = change.device === undefined ? {} : { device: resolveDevice(change.device) };
    const dtype = change.dtype === undefined ? {} : { dtype: checkDtype(change.dtype) };
    const nonBlocking = change.nonBlocking === undefined ? {} : { nonBlocking: change.nonBlocking };
    return Tensor.convert(this, { ...dtype, ...device, ...nonBlocking });
  }

  /** @internal Set by operators.ts, which needs this class itself. */
  static convert: (tensor: Tensor, change: ToOptions) => Tensor;

  /** The only element. int64 gives a bigint, other numbers a number. Waits for the device. */
  item(): number | bigint | boolean {
    return native().item(this.handle);
  }

  /** A copy of the elements, row by row; float16 and bfloat16 as Float32Array, bool as Uint8Array. */
  toTypedArray(): TypedArray {
    return native().toTypedArray(this.handle);
  }

  /** As {@link Tensor.toTypedArray}, without blocking the event loop. */
  async read(): Promise<TypedArray> {
    return await native().readAsync(this.handle);
  }

  /** Nested arrays of numbers (int64: bigints; bool: booleans); a scalar gives its element. */
  toArray(): NestedArray {
    return nest(this.toTypedArray(), this.shape, this.dtype);
  }

  toString(): string {
    return this.disposed ? "tensor(disposed)" : formatTensor(this);
  }

  /** What `console.log` shows. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  get disposed(): boolean {
    return !native().isLive(this.handle);
  }

  /** Frees the slot now. The memory goes when the last graph or view that needs it goes. Twice is once. */
  dispose(): void {
    this.forgetGrad();
    finalizers.unregister(this);
    native().release(this.handle);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** A new handle as a tensor, owned by the current scope or else by the garbage collector. */
export function wrap(handle: Handle): Tensor {
  const tensor = new Tensor(handle);
  adopt(tensor, currentContext().owner);
  return tensor;
}

/** Gives a tensor to an owner; without one, its slot is freed when it is collected. */
export function adopt(tensor: Tensor, owner: TensorOwner | undefined): void {
  if (owner) owner.own(tensor);
  else if (isOpen()) {
    finalizers.register(tensor, tensor.handle, tensor);
    leftToCollector(tensor);
  }
}
