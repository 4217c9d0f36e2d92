/** Counters that make leaks testable, and what the caching allocators keep. */
import type { DeviceBytes, MemoryCounters } from "../native/device-statistics";
import { isOpen, native } from "../native/load";
import { resolveDevice } from "./device";

/** Bytes of one device as its allocator counts them, with peaks since the last {@link resetPeakMemory}. */
export type DeviceMemory = DeviceBytes;

/** Live tensors of this environment (a worker thread is one of its own), and bytes of the process, device by device. */
export type MemoryStatistics = MemoryCounters;

const NOTHING: DeviceMemory = { allocatedBytes: 0, peakBytes: 0, reservedBytes: 0, peakReservedBytes: 0 };

/**
 * The counters now. Before libtorch is opened all of them are 0; asking never opens a GPU.
 *
 * @example
 * ```ts
 * import { memory, resetPeakMemory, scope, Tensor } from "torchwright";
 * resetPeakMemory();
 * scope(() => Tensor.from([1, 2, 3]).exp().sum());
 * const { liveTensors, devices } = memory();
 * console.log(liveTensors, devices["cpu"]?.allocatedBytes, devices["cpu"]?.peakBytes);
 * ```
 */
export function memory(): MemoryStatistics {
  if (isOpen()) return native().memory();
  return { liveTensors: 0, cpuBytes: 0, cpuPeakBytes: 0, cpuCachedBytes: 0, devices: { cpu: NOTHING } };
}

/**
 * Begins a new measurement of peaks, of one device or of all.
 *
 * @throws TorchwrightError ERR_UNKNOWN_DEVICE, ERR_DEVICE_UNAVAILABLE
 */
export function resetPeakMemory(device?: string): void {
  native().resetPeak(device === undefined ? undefined : resolveDevice(device));
}

/** Gives back to the system what the caching allocators keep for reuse, on GPUs too. */
export function emptyCache(): void {
  native().emptyCache();
}
