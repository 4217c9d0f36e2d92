/** The tensor: a light object around a slot in the addon's table. */
import type { Handle, TypedArray } from "../native/values";
import { isOpen, native } from "../native/load";
import { checkOptions } from "./check-options";
import { backward, backwardSync, type BackwardOptions, checkGradient } from "./backward";
import type { Complex } from "./complex";
import { currentContext, nativeInContext, outsideScopes, type TensorOwner } from "./context";
import { checkNesting, nest, type NestedArray, readInteger, type ReadOptions } from "./convert";
import type { Device } from "./device";
import type { DType } from "./dtype";
import { type Companions, releaseWhenCollected, releaseWithCompanions } from "./finalizers";
import { type FromOptions, handleFrom } from "./from";
import { addHook, type GradientHook } from "./hooks";
import type { TensorIndexing } from "./indexing";
import type { TensorMethods } from "./operators.generated";
import { leftToCollector } from "./reclaim";
import { readTarget, type ToOptions } from "./to";
import type { TensorData } from "./typed-array";

// The operators' methods are declared by the generated interface and attached in ops.ts, indexing in indexing.ts.
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging
export interface Tensor extends TensorMethods, TensorIndexing {}

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
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging
export class Tensor {
  /** @internal */
  readonly handle: Handle;
  /** @internal Where the scope that owns it has noted it. */
  place = -1;
  /** @internal Those that it is freed with when it is left to the collector. */
  companions: Companions | undefined = undefined;
  #gradient: Tensor | undefined;

  /** @internal Use {@link Tensor.from} or an operator. */
  constructor(handle: Handle) {
    this.handle = handle;
  }

  /**
   * Makes a tensor from a number, nested arrays or a typed array, whose elements it copies.
   *
   * Numbers become float32, bigints int64, booleans bool, `{ re, im }` complex64, unless `dtype` says otherwise. A
   * typed array has its own dtype (Uint8ClampedArray and Buffer: uint8), may lie in a SharedArrayBuffer, and holds real
   * and imaginary parts in turn where `dtype` is complex. An ArrayBuffer or DataView has no element type.
   *
   * @example
   * ```ts
   * import { Tensor } from "torchwright";
   * console.log(Tensor.from([[1, 2]], { dtype: "int64" }).toArray()); // [[1n, 2n]]
   * console.log(Tensor.from([{ re: 1, im: -2 }]).dtype); // complex64
   * ```
   *
   * @throws TorchwrightError ERR_SHAPE_MISMATCH for ragged arrays or a `shape` that does not fit; ERR_INVALID_ARG, with
   *   value and place, for a fraction, an unsafe integer or a value out of range where `dtype` is integral;
   *   ERR_UNKNOWN_DTYPE, ERR_UNKNOWN_DEVICE, ERR_DEVICE_UNAVAILABLE
   */
  static from(data: NestedArray | TensorData, options: FromOptions = {}): Tensor {
    const tensor = wrap(handleFrom(data, options));
    if (options.requiresGrad) tensor.requiresGrad = true;
    return tensor;
  }

  /** Sizes of the dimensions. */
  get shape(): readonly number[] {
    return native().meta(this.handle).shape;
  }

  /** The elements' type. */
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

  /** Whether no operator that autograd records made it. */
  get isLeaf(): boolean {
    return native().meta(this.handle).isLeaf;
  }

  /** Whether gradients are computed for it. */
  get requiresGrad(): boolean {
    return native().meta(this.handle).requiresGrad;
  }

  /** @throws TorchwrightError ERR_INVALID_ARG for an integral dtype, or to turn off a tensor with history */
  set requiresGrad(wanted: boolean) {
    nativeInContext().setRequiresGrad(this.handle, wanted);
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
    nativeInContext().setGrad(this.handle, gradient?.handle);
    this.forgetGrad();
  }

  /** @internal Lets go of the handle that {@link Tensor.grad} gave out. */
  forgetGrad(): void {
    this.#gradient?.dispose();
    this.#gradient = undefined;
  }

  /**
   * Accumulates gradients in the leaves that this tensor was computed from, off the JavaScript thread.
   * @param gradient of the same shape; a scalar needs none
   * @throws TorchwrightError ERR_NO_GRAD_HISTORY when nothing it was computed from requires grad, or
   *   the graph was freed by an earlier backward; ERR_OPERATOR_FAILED for a non-scalar without `gradient`
   */
  async backward(gradient?: Tensor, options: BackwardOptions = {}): Promise<void> {
    await backward([this], [gradient], options);
  }

  /**
   * {@link Tensor.backward} while JavaScript waits.
   * @throws TorchwrightError as {@link Tensor.backward}, at once
   */
  backwardSync(gradient?: Tensor, options: BackwardOptions = {}): void {
    backwardSync([this], [gradient], options);
  }

  /**
   * Calls `hook` with the gradient of this tensor whenever a backward pass has computed it; a tensor that it returns
   * replaces the gradient. As `torch.Tensor.register_hook`. It runs on the JavaScript thread in the async context of
   * the caller of `backward`, while that backward waits: it must not be async. What it makes is freed after it, but for
   * {@link keep}. An error that it throws is what `backward` rejects with. The hook lives as long as the graph that it
   * hangs on; a hook that mentions its own tensor keeps that tensor alive until `remove()` or `dispose()`.
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
  registerHook(hook: GradientHook): {
    /** Takes the hook away. */
    remove(): void;
  } {
    return addHook(this, hook);
  }

  /**
   * A tensor of another dtype or on another device; itself under a new handle where both fit already.
   * @throws TorchwrightError ERR_UNKNOWN_DTYPE, ERR_UNKNOWN_DEVICE, ERR_DEVICE_UNAVAILABLE
   */
  to(target: DType | Device | ToOptions): Tensor {
    return Tensor.convert(this, readTarget(target));
  }

  /** @internal Set by ops.ts, as convert needs operators, which need this class. */
  static convert: (tensor: Tensor, change: ToOptions) => Tensor;

  /** @internal Set by ops.ts: printing calls operators, which need this class itself. */
  static print: (tensor: Tensor) => string;

  /**
   * The only element: int64 and uint64 give a bigint, bool a boolean, a complex dtype `{ re, im }`, others a
   * number. Waits for the device.
   *
   * @example
   * ```ts
   * import { Tensor } from "torchwright";
   * console.log(Tensor.from([7n]).item(), Tensor.from([7n]).item({ int64: "number" })); // 7n 7
   * ```
   *
   * @throws TorchwrightError ERR_SHAPE_MISMATCH unless there is exactly one element, ERR_INVALID_ARG for an integer
   *   beyond 2^53 with `int64: "number"`
   */
  item(options: { readonly int64: "number" }): number | boolean | Complex;
  item(options?: ReadOptions): number | bigint | boolean | Complex;
  item(options: ReadOptions = {}): number | bigint | boolean | Complex {
    return readInteger("item", native().item(this.handle), checkOptions("item", options, ["int64"]));
  }

  /**
   * The elements, row by row, in the dtype's array; float16 and bfloat16, exactly, as Float32Array (their bits:
   * `x.view("int16")`), bool as Uint8Array, complex numbers as real and imaginary parts in turn. A copy, unless `share`
   * asks for the tensor's own memory, as `numpy()` gives it in Python: what one side writes the other sees, also while
   * queued work (a forward, an optimizer's step) is running. The array keeps the memory when the tensor is disposed.
   *
   * Arrays of 1 MB and more, and shared ones, lie in libtorch's memory: they cannot be transferred to another thread,
   * only copied (`slice()`).
   *
   * @example
   * ```ts
   * import { ops } from "torchwright";
   * using image = ops.zeros([480, 640]);
   * const pixels = image.toTypedArray({ share: true }) as Float32Array;
   * pixels.fill(0.5); // no copy
   * console.log(image.mean().item()); // 0.5
   * ```
   *
   * @throws TorchwrightError ERR_INVALID_ARG for a dtype without a typed array; with `share`, unless the tensor is
   *   contiguous, on the CPU and does not require grad
   */
  toTypedArray(options: { readonly share?: boolean } = {}): TypedArray {
    const { share = false } = checkOptions("toTypedArray", options, ["share"]);
    return share ? native().shareOut(this.handle) : nativeInContext().toTypedArray(this.handle);
  }

  /** As {@link Tensor.toTypedArray}, always a copy, without blocking the event loop. */
  async read(): Promise<TypedArray> {
    return await nativeInContext().readAsync(this.handle);
  }

  /**
   * Nested arrays of numbers (int64 and uint64: bigints; bool: booleans; complex: `{ re, im }`); a scalar's element.
   * @throws TorchwrightError ERR_INVALID_ARG for an integer beyond 2^53 with `int64: "number"`; ERR_OUT_OF_MEMORY for
   *   what would take more than half of V8's heap
   */
  toArray(options: ReadOptions = {}): NestedArray {
    checkOptions("toArray", options, ["int64"]);
    const { shape, dtype } = this;
    checkNesting(shape, dtype);
    return nest(this.toTypedArray(), shape, dtype, options);
  }

  /**
   * PyTorch's text: its digits, columns, scientific notation and cuts above 1,000 elements, with dtypes by their
   * names here (`dtype=float64`).
   *
   * @example
   * ```ts
   * import { Tensor } from "torchwright";
   * const x = Tensor.from([[0.1, -2], [3, 1e-2]], { requiresGrad: true });
   * console.log(String(x.add(x)));
   * // tensor([[ 0.2000, -4.0000],
   * //         [ 6.0000,  0.0200]], grad_fn=<AddBackward0>)
   * ```
   */
  toString(): string {
    return this.disposed ? "tensor(disposed)" : Tensor.print(this);
  }

  /** What `console.log` shows. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /** Whether it was freed. */
  get disposed(): boolean {
    return !native().isLive(this.handle);
  }

  /** Frees the slot now. The memory goes when the last graph or view that needs it goes. Twice is once. */
  dispose(): void {
    this.forgetGrad();
    native().release(this.handle);
  }

  /** The same as `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** A new handle as a tensor, owned by the current scope or else by the garbage collector. */
export function wrap(handle: Handle): Tensor {
  return wrapFor(handle, currentContext().owner, false);
}

/** A new handle as a tensor of an owner's; without one, the garbage collector's, for whom it may be light. */
export function wrapFor(handle: Handle, owner: TensorOwner | undefined, light: boolean): Tensor {
  const tensor = new Tensor(handle);
  if (light && !owner) {
    tensor.companions = releaseWithCompanions(handle);
    leftToCollector(tensor, true);
  } else adopt(tensor, owner);
  return tensor;
}

/** Gives a tensor to an owner; without one, its slot is freed when it is collected. */
export function adopt(tensor: Tensor, owner: TensorOwner | undefined): void {
  if (owner) owner.own(tensor);
  else if (isOpen()) {
    releaseWhenCollected(tensor, tensor.handle);
    leftToCollector(tensor, false);
  }
}
