/**
 * The last resort for tensors that nobody disposes: their slot is freed when they are collected.
 *
 * A finalizer costs a fifth of an operator, and until it has run V8 keeps its object through every young collection. So
 * light tensors, which keep at most a kilobyte and no graph alive, share one among sixteen that were made in one turn
 * of the event loop: they are freed when the last of them was collected.
 */
import type { Handle } from "../native/values";
import { native } from "../native/load";

/** What light tensors that are freed together refer to, each of them: it is collected after the last one. */
export class Companions {}

const MOST_COMPANIONS = 16;

const finalizers = new FinalizationRegistry<Handle>(collect);
const sharedFinalizers = new FinalizationRegistry<readonly Handle[]>((handles) => {
  for (let i = handles.length - 1; i >= 0; i--) collect(handles[i] as Handle);
});

/**
 * Handles of collected tensors, freed in one native call when the registry has listed what it found. Filled from the
 * end: V8 lists the newest first, and so they are to be freed, since memory is then given out again in order.
 */
const collected = new Float64Array(256);
let first = collected.length;

function collect(handle: Handle): void {
  if (first === collected.length) queueMicrotask(releaseCollected);
  collected[--first] = handle;
  if (first === 0) releaseCollected();
}

function releaseCollected(): void {
  const handles = collected.subarray(first);
  first = collected.length;
  if (handles.length > 0) native().releaseMany(handles, handles.length);
}

/**
 * Frees a slot when `object` is collected. One that is disposed stays registered: its handle is stale by then, and to
 * release a stale one does nothing.
 */
export function releaseWhenCollected(object: object, handle: Handle): void {
  finalizers.register(object, handle);
}

/** Those made last in this turn, while there is room among them. */
let companions: Companions | undefined;
let handles: Handle[] = [];

/** Frees a light tensor's slot when what this returns, to which the tensor must refer, is collected. */
export function releaseWithCompanions(handle: Handle): Companions {
  if (companions === undefined || handles.length === MOST_COMPANIONS) {
    companions = new Companions();
    handles = [];
    sharedFinalizers.register(companions, handles);
  }
  handles.push(handle);
  return companions;
}

/** To be called once a turn: the last group is not held any longer. */
export function endCompanions(): void {
  companions = undefined;
}
