/** Seeds, threads, and what the process's device is. */
import { expect } from "chai";
import { cudaStatus, defaultDevice, manualSeed, numThreads, setNumThreads, synchronize } from "../../lib/tensor/device";
import { ops } from "../../lib/tensor/ops";
import { scope } from "../../lib/tensor/scope";
import { rejection, thrown } from "../support/rejection";

describe("the device", () => {
  it("is the GPU where there is one, else the CPU", () => {
    expect(defaultDevice()).to.equal(cudaStatus().available ? "cuda" : "cpu");
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
    }));

  it("refuses what is no seed", () => {
    for (const seed of [-1, 0.5, NaN, Infinity, 2 ** 53, "1", null, undefined, 1n, {}, Symbol("s")]) {
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
      for (const threads of [0, -1, 1.5, 1025, NaN, "2", undefined]) thrown(() => setNumThreads(threads as number), "ERR_INVALID_ARG");
      expect(numThreads()).to.equal(1);
    } finally {
      setNumThreads(before);
    }
  });
});
