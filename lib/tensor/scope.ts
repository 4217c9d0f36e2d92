/** Scopes: everything made inside is freed at the end, but what is returned or kept. */
import type { Handle } from "../native/values";
import { native } from "../native/load";
import { checkFunction } from "./check-options";
import type { TensorOwner } from "./context";
import { currentContext, withContext } from "./context";
import { adopt, Tensor } from "./tensor";

/** Lists of handles that ended scopes have left, for the next ones. */
const spareLists: Float64Array[] = [];
const LIST_LENGTH = 256;
const MOST_SPARE_LISTS = 8;
const NO_HANDLES = new Float64Array(0);

/**
 * Notes handles, not tensors: the objects may be collected before the scope ends, and the addon frees the whole list in
 * one call.
 */
class Scope implements TensorOwner {
  #handles: Float64Array = spareLists.pop() ?? new Float64Array(LIST_LENGTH);
  #count = 0;
  #closed = false;

  constructor(readonly parent: TensorOwner | undefined) {}

  own(tensor: Tensor): void {
    // Work that nobody awaited may outlive the scope that it was started in.
    if (this.#closed) {
      adopt(tensor, this.parent);
      return;
    }
    if (this.#count === this.#handles.length) this.#grow();
    tensor.place = this.#count;
    this.#handles[this.#count++] = tensor.handle;
  }

  #grow(): void {
    const longer = new Float64Array(2 * this.#handles.length);
    longer.set(this.#handles);
    this.#handles = longer;
  }

  /** Hands a tensor to the scope around this one, or to the garbage collector. False for one that it does not own. */
  release(tensor: Tensor): boolean {
    // A handle is never given out twice, so where it stands in the list, it is this tensor's.
    const owned = tensor.place < this.#count && this.#handles[tensor.place] === tensor.handle;
    if (owned) {
      this.#handles[tensor.place] = 0; // no handle
      adopt(tensor, this.parent);
    }
    return owned;
  }

  close(result: unknown): void {
    try {
      for (const tensor of tensorsIn(result)) this.release(tensor);
    } finally {
      this.#closed = true;
      if (this.#count > 0) native().releaseMany(this.#handles, this.#count);
      this.#forget();
    }
  }

  /** Closes without freeing: whoever asks must free the handles. */
  handOver(): readonly Handle[] {
    this.#closed = true;
    const handles = Array.from(this.#handles.subarray(0, this.#count)).filter((handle) => handle !== 0);
    this.#forget();
    return handles;
  }

  #forget(): void {
    if (this.#handles.length === LIST_LENGTH && spareLists.length < MOST_SPARE_LISTS) spareLists.push(this.#handles);
    this.#count = 0;
    this.#handles = NO_HANDLES;
  }
}

/** What native code called back: its result, and the handles of all that it made, for native code to free. */
export function collect<T>(fn: () => T): { readonly result: T; readonly temporary: readonly Handle[] } {
  const inner = new Scope(undefined);
  try {
    const result = withContext({ owner: inner }, fn);
    return { result, temporary: inner.handOver() };
  } catch (error) {
    inner.close(undefined);
    throw error;
  }
}

/**
 * Runs `fn` and frees every tensor made inside it, except those that it returns (also in arrays,
 * plain objects, maps and sets) and those given to {@link keep}. `fn` may be async: the scope then
 * ends when its promise settles, and holds across every `await` in between.
 *
 * Tensors that existed before are not touched. When `fn` throws, all that it made is freed.
 *
 * @example
 * ```ts
 * import { scope, Tensor } from "torchwright";
 * const norm = scope(() => {
 *   const x = Tensor.from([3, 4]); // freed
 *   return x.mul(x).sum().sqrt(); // only the root survives
 * });
 * console.log(norm.item()); // 5
 * norm.dispose();
 * ```
 */
export function scope<T>(fn: () => T): T {
  checkFunction("scope", fn);
  const inner = new Scope(currentContext().owner);
  let result: T;
  try {
    result = withContext({ owner: inner }, fn);
  } catch (error) {
    inner.close(undefined);
    throw error;
  }
  if (!isPromise(result)) {
    inner.close(result);
    return result;
  }
  const settled = result.then(
    (value: unknown) => {
      inner.close(value);
      return value;
    },
    (error: unknown) => {
      inner.close(undefined);
      throw error;
    },
  );
  return settled as T;
}

/**
 * Takes a tensor out of the scope that would free it: the scope around that one owns it from here, or else
 * the caller. Returns it.
 */
export function keep<T extends Tensor>(tensor: T): T {
  let { owner } = currentContext();
  while (owner instanceof Scope && !owner.release(tensor)) owner = owner.parent;
  return tensor;
}

function isPromise(value: unknown): value is Promise<unknown> {
  return value instanceof Promise;
}

/** A class whose instances carry tensors out of a scope lists them under this method. */
export const TENSORS = Symbol("torchwright.tensors");

/** `seen`: what holds itself is gone through once. */
function* tensorsIn(value: unknown, seen?: Set<object>): Generator<Tensor> {
  if (value instanceof Tensor) yield value;
  if (value instanceof Tensor || typeof value !== "object" || value === null || seen?.has(value)) return;
  seen ??= new Set();
  seen.add(value);
  if (TENSORS in value) yield* (value as { [TENSORS](): Iterable<Tensor> })[TENSORS]();
  else if (Array.isArray(value) || value instanceof Set) for (const item of value) yield* tensorsIn(item, seen);
  else if (value instanceof Map) for (const item of value.values()) yield* tensorsIn(item, seen);
  else if (Object.getPrototypeOf(value) === Object.prototype) {
    for (const item of Object.values(value)) yield* tensorsIn(item, seen);
  }
}
