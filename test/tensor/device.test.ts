/** Seeds, threads, and what the process's device is. */
import { expect } from "chai";
import {
  cudaStatus,
  defaultDevice,
  manualSeed,
  numThreads,
  setNumThreads,
  synchronize,
  unavailable,
} from "../../lib/tensor/device";
import { native } from "../../lib/native/load";
import { ops } from "../../lib/tensor/ops";
import { scope } from "../../lib/tensor/scope";
import { rejection, thrown } from "../support/rejection";

describe("the device", () => {
  it("is the GPU where there is one, else the CPU", () => {
    expect(defaultDevice()).to.equal(cudaStatus().available ? "cuda" : "cpu");
  });

  it("that is not there is told apart: no CUDA build, no driver or none it shows, no such number", () => {
    const cpuBuild = { accelerator: "cpu", count: 0, reason: "this libtorch was built without CUDA" };
    expect(unavailable(0, cpuBuild)).to.match(/built without CUDA\. Use "cpu", or fetch the CUDA build/);
    // The reasons are c10/cuda/CUDAFunctions.cpp's.
    for (const reason of ["Found no NVIDIA driver on your system.", "No CUDA GPUs are available"]) {
      const message = unavailable(0, { accelerator: "cuda", count: 0, reason });
      expect(message).to.contain(reason.replace(".", "")).and.to.contain("nvidia-smi").and.not.to.contain("fetch");
    }
    const two = { accelerator: "cuda", count: 2, reason: "" };
    expect(unavailable(2, two)).to.equal('there are 2 CUDA devices, numbered from 0. Use "cuda:0" to "cuda:1".');
    expect(unavailable(1, two)).to.equal(undefined);
    const { accelerator, count, reason } = native().deviceInfo();
    if (accelerator === "cpu") expect({ count, reason }).to.deep.equal({ count: 0, reason: cpuBuild.reason });
  });

  it("can be waited for", async () => {
    await synchronize();
    await synchronize("cpu");
    await rejection(synchronize("gpu"), "ERR_UNKNOWN_DEVICE");
  });
});

describe("manualSeed", () => {
  it("repeats what is drawn", () =>
    scope(() => {
      manualSeed(3);
      const first = ops.rand([5]).toArray();
      manualSeed(3);
      expect(ops.rand([5]).toArray()).to.deep.equal(first);
      expect(ops.rand([5]).toArray()).to.not.deep.equal(first);
      manualSeed(3n);
      expect(ops.rand([5]).toArray()).to.deep.equal(first);
      manualSeed(2n ** 64n - 1n);
      expect(ops.rand([5]).toArray()).to.not.deep.equal(first);
    }));

  it("refuses what is no seed", () => {
    for (const seed of [-1, 0.5, NaN, Infinity, 2 ** 53, "1", null, undefined, -1n, 2n ** 64n, {}, Symbol("s")]) {
      thrown(() => manualSeed(seed as number), "ERR_INVALID_ARG");
    }
  });
});

describe("setNumThreads", () => {
  it("takes from 1 to 1024", () => {
    const before = numThreads();
    try {
      setNumThreads(1);
      expect(numThreads()).to.equal(1);
      for (const threads of [0, -1, 1.5, 1025, NaN, "2", undefined]) {
        thrown(() => setNumThreads(threads as number), "ERR_INVALID_ARG");
      }
      expect(numThreads()).to.equal(1);
    } finally {
      setNumThreads(before);
    }
  });
});
