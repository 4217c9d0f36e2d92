/** Devices, the random seed and the number of threads. */
import { describe, TorchwrightError } from "../errors";
import type { DeviceInfo } from "../native/device-statistics";
import { native } from "../native/load";

/** `"cpu"`, `"cuda"` (the first GPU) or `"cuda:1"`. */
export type Device = "cpu" | "cuda" | `cuda:${number}`;

/** `"cuda"` where libtorch sees a GPU, else `"cpu"`. */
export function defaultDevice(): Device {
  const { accelerator, count } = native().deviceInfo();
  return accelerator === "cuda" && count > 0 ? "cuda" : "cpu";
}

/**
 * Checks a device's name, or chooses the default for `undefined`. CUDA is never silently replaced by the CPU.
 *
 * @throws TorchwrightError ERR_UNKNOWN_DEVICE for a name that is no device
 * @throws TorchwrightError ERR_DEVICE_UNAVAILABLE for a device that this process cannot use, with the reason
 */
export function resolveDevice(device?: string): Device {
  if (device === undefined) return defaultDevice();
  if (device === "cpu") return device;
  const index = typeof device === "string" ? /^cuda(?::(\d{1,3}))?$/.exec(device) : null;
  if (!index) {
    throw new TorchwrightError(
      "ERR_UNKNOWN_DEVICE",
      `device: expected "cpu", "cuda" or "cuda:<index>", got ${describe(device)}`,
    );
  }
  const problem = unavailable(Number(index[1] ?? 0), native().deviceInfo());
  if (problem !== undefined) {
    throw new TorchwrightError("ERR_DEVICE_UNAVAILABLE", `device: ${describe(device)} cannot be used: ${problem}`);
  }
  return device as Device;
}

/**
 * Why there is no CUDA device of this number, and what to do about it; undefined where there is one. Another build
 * of libtorch helps only where this one has no CUDA.
 *
 * @internal
 */
export function unavailable(index: number, { accelerator, count, reason }: DeviceInfo): string | undefined {
  if (accelerator !== "cuda") {
    return `${reason}. Use "cpu", or fetch the CUDA build of libtorch (\`npx torchwright setup --cuda\`) on a machine with an NVIDIA GPU.`;
  }
  if (index < count) return undefined;
  if (count > 0) {
    return `there ${count === 1 ? "is 1 CUDA device" : `are ${count} CUDA devices`}, numbered from 0. Use ${count === 1 ? '"cuda:0"' : `"cuda:0" to "cuda:${count - 1}"`}.`;
  }
  return (
    `libtorch has CUDA, but it says: ${reason.replace(/\.$/, "")}. nvidia-smi must list the GPU: install NVIDIA's driver, ` +
    'or look at CUDA_VISIBLE_DEVICES and at what a container is given. Or use "cpu".'
  );
}

/** Whether `device: "cuda"` would work, and if not, why. */
export function cudaStatus(): {
  /** Whether a GPU can be used. */
  readonly available: boolean;
  /** How many there are. */
  readonly count: number;
  /** Why there is none; empty where there is one. */
  readonly reason: string;
} {
  const { accelerator, count, reason } = native().deviceInfo();
  return { available: accelerator === "cuda" && count > 0, count, reason };
}

/**
 * Seeds libtorch's generators on all devices, as `torch.manual_seed`. They belong to the process: with
 * several training environments in one process, draws interleave.
 *
 * @throws TorchwrightError ERR_INVALID_ARG unless `seed` is an integer from 0 to 2^64 - 1, a bigint above 2^53 - 1
 */
export function manualSeed(seed: number | bigint): void {
  native().manualSeed(seed);
}

/** Threads that one operator may use on the CPU. */
export function numThreads(): number {
  return native().numThreads();
}

/** @throws TorchwrightError ERR_INVALID_ARG unless `threads` is an integer from 1 to 1024 */
export function setNumThreads(threads: number): void {
  native().setNumThreads(threads);
}

/** Resolves when all work queued before it is done, on a GPU too. */
export async function synchronize(device?: string): Promise<void> {
  await native().synchronize(resolveDevice(device));
}
