/** The last resort for tensors that nobody disposes: their slot is freed when they are collected. */
import type { Handle } from "../native/addon";
import { native } from "../native/load";

const finalizers = new FinalizationRegistry<Handle>((handle) => {
  if (first === collected.length) queueMicrotask(releaseCollected);
  collected[--first] = handle;
  if (first === 0) releaseCollected();
});

/**
 * Handles of collected tensors, freed in one native call when the registry has listed what it found. Filled from the
 * end: V8 lists the newest first, and so they are to be freed, since memory is then given out again in order.
 */
const collected = new Float64Array(256);
let first = collected.length;

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
