/** One row of logits for a text that was read in windows. */

/**
 * The mean over the windows, `[classes]`: what `lib/train/pool-windows.ts` computes where all windows of a text are in
 * one batch.
 */
export function meanOfWindows(windows: readonly Float32Array[]): Float32Array {
  const [first = new Float32Array(0)] = windows;
  if (windows.length === 1) return first;
  return first.map((_, id) => windows.reduce((sum, logits) => sum + (logits[id] as number), 0) / windows.length);
}
