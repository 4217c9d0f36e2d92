/** The last resort for tensors that nobody disposes: their slot is freed when they are collected. */
import type { Handle } from "../native/addon";
import { native } from "../native/load";

const finalizers = new FinalizationRegistry<Handle>((handle) => {
  if (collectedCount === 0) queueMicrotask(releaseCollected);
  collected[collectedCount++] = handle;
  if (collectedCount === collected.length) releaseCollected();
});

/** Handles of collected tensors, freed in one native call when the registry has listed what it found. */
const collected = new Float64Array(256);
let collectedCount = 0;

function releaseCollected(): void {
  const count = collectedCount;
  collectedCount = 0;
  if (count > 0) native().releaseMany(collected, count);
}

/**
 * Frees a slot when `object` is collected. One that is disposed stays registered: its handle is stale by then, and to
 * release a stale one does nothing.
 */
export function releaseWhenCollected(object: object, handle: Handle): void {
  finalizers.register(object, handle);
}
