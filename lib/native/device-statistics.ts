/** What native code counts and says of devices and their memory. */

/** Counters behind `memory()`; bytes are what the allocators handed out and have not taken back. */
export interface MemoryCounters {
  /** Slots in use in this environment's table of tensors. */
  readonly liveTensors: number;
  /** `devices.cpu.allocatedBytes`. */
  readonly cpuBytes: number;
  /** `devices.cpu.peakBytes`. */
  readonly cpuPeakBytes: number;
  /** Bytes that the caching CPU allocator keeps for reuse. */
  readonly cpuCachedBytes: number;
  /** By name: `"cpu"` and every CUDA device, `"cuda:0"`. */
  readonly devices: Readonly<Record<string, DeviceBytes>>;
}

/** What a device's allocator counts. */
export interface DeviceBytes {
  /** In use by tensors. */
  readonly allocatedBytes: number;
  /** Most of `allocatedBytes` since the last reset. */
  readonly peakBytes: number;
  /** In use and kept for reuse. */
  readonly reservedBytes: number;
  /** Most of `reservedBytes` since the last reset. */
  readonly peakReservedBytes: number;
}

/** All that a CUDA device's allocator counts. */
export interface DeviceStatistics extends DeviceBytes {
  /** Allocated, or freed but still used by a stream. */
  readonly activeBytes: number;
  /** Free pieces of blocks that are partly in use: fragmentation. */
  readonly inactiveSplitBytes: number;
  /** What `allocatedBytes` was before rounding. */
  readonly requestedBytes: number;
  /** Blocks handed out since the process began. */
  readonly allocations: number;
  /** Of those, how many needed memory from the driver. */
  readonly deviceAllocations: number;
  /** Allocations that worked only after the cache was given back. */
  readonly retries: number;
  /** Allocations that failed. */
  readonly outOfMemoryErrors: number;
  /** On the device, whoever uses it. */
  readonly freeBytes: number;
  /** Memory of the device. */
  readonly totalBytes: number;
}

export interface DriverProperties {
  readonly name: string;
  /** Compute capability. */
  readonly major: number;
  readonly minor: number;
  readonly multiprocessors: number;
}

/** Whether float32 products and convolutions may round their inputs to TF32. */
export interface Tf32Settings {
  /** In matrix products. */
  readonly matmul: boolean;
  /** In cuDNN's convolutions. */
  readonly cudnn: boolean;
}

export interface DeviceInfo {
  /** "cpu" where libtorch was built without an accelerator. */
  readonly accelerator: string;
  readonly count: number;
  /** Why `count` is 0, in libtorch's words where it has some. */
  readonly reason: string;
}
