/** Counters that make leaks testable. */
import type { MemoryCounters } from "../native/addon";
import { isOpen, native } from "../native/load";

/** Live tensors of this environment, and bytes of the process as the allocators count them. */
export type MemoryStatistics = MemoryCounters;

/** The counters now. Before libtorch is opened all of them are 0. */
export function memory(): MemoryStatistics {
  if (!isOpen()) return { liveTensors: 0, cpuBytes: 0, cpuPeakBytes: 0, cpuCachedBytes: 0 };
  return native().memory();
}

/** Begins a new measurement of `cpuPeakBytes`. */
export function resetPeakMemory(): void {
  native().resetPeak();
}

/** Gives back to the system what the caching allocators keep for reuse, on a GPU too. */
export function emptyCache(): void {
  native().emptyCache();
}
