/**
 * What CUDA devices have beyond tensors. libtorch's generic accelerator interface carries most of it, so that one addon
 * serves machines with and without a GPU; streams, graphs and NCCL would need the addon to link CUDA and are not here.
 */
import { describe, TorchwrightError } from "../errors";
import type { DeviceStatistics, Tf32Settings } from "../native/device-statistics";
import { driverProperties, native } from "../native/load";
import { CudaEvent } from "./cuda-event";
import { cudaStatus, resolveDevice, synchronize } from "./device";

/** A CUDA device's name, or its number from 0. */
export type CudaDevice = "cuda" | `cuda:${number}` | number;

/** What a GPU is. */
export interface CudaProperties {
  /** `"NVIDIA H100 80GB HBM3"`; undefined where NVIDIA's driver library does not answer, and so are the next two. */
  readonly name: string | undefined;
  /** Compute capability, `[9, 0]`. */
  readonly capability: readonly [major: number, minor: number] | undefined;
  /** Streaming multiprocessors; undefined where the driver does not say. */
  readonly multiprocessors: number | undefined;
  /** Bytes on the device. */
  readonly totalMemory: number;
}

/** @throws TorchwrightError ERR_DEVICE_UNAVAILABLE, ERR_UNKNOWN_DEVICE, ERR_INVALID_ARG for the CPU */
function cudaName(device: CudaDevice = 0): `cuda:${number}` {
  const name = resolveDevice(typeof device === "number" ? `cuda:${device}` : device);
  if (name === "cpu") {
    throw new TorchwrightError("ERR_INVALID_ARG", `cuda: expected a CUDA device, got ${describe(device)}`);
  }
  return name === "cuda" ? "cuda:0" : name;
}

/** Devices that this process can use; 0 where there is no driver or libtorch is a CPU build. */
function deviceCount(): number {
  return cudaStatus().count;
}

/** Whether a GPU can be used. */
function isAvailable(): boolean {
  return cudaStatus().available;
}

/** What a device is. Its name and capability come from NVIDIA's driver library, not from libtorch. */
function properties(device?: CudaDevice): CudaProperties {
  const name = cudaName(device);
  const driver = driverProperties(Number(name.slice("cuda:".length)));
  return {
    name: driver?.name,
    capability: driver && [driver.major, driver.minor],
    multiprocessors: driver?.multiprocessors,
    totalMemory: native().memoryStats(name).totalBytes,
  };
}

/** The device allocator's counters, as `torch.cuda.memory_stats`, and what is free on the device. */
function memoryStats(device?: CudaDevice): DeviceStatistics {
  return native().memoryStats(cudaName(device));
}

/** Seeds this device's generator alone; the top-level `manualSeed` seeds all generators. */
function manualSeed(seed: number | bigint, device?: CudaDevice): void {
  native().seedDevice(cudaName(device), seed);
}

/** Whether float32 products may run on TF32 tensor cores: matrix products (cuBLAS) and convolutions (cuDNN). */
function allowTf32(): Tf32Settings {
  cudaName();
  return native().allowTf32();
}

/**
 * Turns TF32 on or off for the process; what is left out stays. It keeps ten bits of the mantissa. For matrix products
 * it is the same switch as `setFloat32MatmulPrecision`.
 */
function setAllowTf32(settings: Partial<Tf32Settings>): void {
  const { matmul, cudnn } = { ...allowTf32(), ...settings };
  native().setAllowTf32(matmul, cudnn);
}

/**
 * CUDA devices. Everything but `deviceCount` and `isAvailable` throws ERR_DEVICE_UNAVAILABLE where there is none.
 *
 * @example
 * ```ts
 * import { cuda, Tensor } from "torchwright";
 * if (cuda.isAvailable()) {
 *   const [start, end] = [new cuda.Event(), new cuda.Event()];
 *   start.record();
 *   Tensor.from([[1, 2]], { device: "cuda" }).matmul(Tensor.from([[1], [2]], { device: "cuda" }));
 *   end.record();
 *   await end.synchronize();
 *   console.log(cuda.properties().name, `${start.elapsedTime(end)} ms`);
 * }
 * ```
 * @namespace
 */
export const cuda = {
  deviceCount,
  isAvailable,
  properties,
  memoryStats,
  manualSeed,
  allowTf32,
  setAllowTf32,
  /** Resolves when the device has done everything that was given to it. */
  synchronize: async (device?: CudaDevice): Promise<void> => synchronize(cudaName(device)),
  Event: CudaEvent,
} as const;
