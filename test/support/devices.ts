/**
 * Device-dependent tests are written once and run on every device that there is. Where there is no GPU, their CUDA half
 * is skipped with the reason in its title; with `TORCHWRIGHT_TEST_DEVICE=cuda` (`npm run test:gpu`) it is a failure.
 */
import type { Device } from "../../lib/tensor/device";
import { cudaStatus } from "../../lib/tensor/device";

/** A suite that needs a GPU. */
export function onCuda(title: string, suite: () => void): void {
  const { available, reason } = cudaStatus();
  if (available) {
    describe(title, suite);
  } else if (process.env.TORCHWRIGHT_TEST_DEVICE === "cuda") {
    it(`${title}: needs a GPU`, () => {
      throw new Error(reason);
    });
  } else {
    describe.skip(`${title} (skipped: ${reason})`, suite);
  }
}

/** A suite for the CPU, and for CUDA where there is one. */
export function onEachDevice(title: string, suite: (device: Device) => void): void {
  describe(`${title} on the CPU`, () => suite("cpu"));
  onCuda(`${title} on CUDA`, () => suite("cuda"));
}

/** A device's name as a tensor on it says it: `"cuda"` is `"cuda:0"`. */
export function fullName(device: Device): string {
  return device === "cuda" ? "cuda:0" : device;
}
