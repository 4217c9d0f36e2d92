/** CUDA's own functions: coded errors where there is no GPU, and what they say where there is one. */
import { expect } from "chai";
import { cuda } from "../../lib/tensor/cuda";
import { cudaStatus } from "../../lib/tensor/device";
import { getFloat32MatmulPrecision, setFloat32MatmulPrecision } from "../../lib/tensor/matmul-precision";
import { ops } from "../../lib/tensor/ops";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import { onCuda } from "../support/devices";
import { rejection, thrown } from "../support/rejection";

describe("cuda", () => {
  it("counts its devices, none where there is no GPU", () => {
    expect(cuda.deviceCount()).to.equal(cudaStatus().count);
    expect(cuda.isAvailable()).to.equal(cuda.deviceCount() > 0);
  });

  it("refuses the CPU, a device that is none, and one that is not there", async () => {
    thrown(() => cuda.properties("cpu" as "cuda"), "ERR_INVALID_ARG");
    thrown(() => cuda.memoryStats("gpu" as "cuda"), "ERR_UNKNOWN_DEVICE");
    for (const device of [99, "cuda:99"] as const) {
      thrown(() => cuda.properties(device), "ERR_DEVICE_UNAVAILABLE");
      thrown(() => cuda.memoryStats(device), "ERR_DEVICE_UNAVAILABLE");
      thrown(() => cuda.manualSeed(1, device), "ERR_DEVICE_UNAVAILABLE");
      await rejection(cuda.synchronize(device), "ERR_DEVICE_UNAVAILABLE");
    }
    for (const device of [-1, 0.5, NaN]) thrown(() => cuda.properties(device), "ERR_UNKNOWN_DEVICE");
  });

  // Where there is a GPU, there is nothing to refuse.
  (cuda.isAvailable() ? it.skip : it)("says without a GPU that there is none, whatever is asked", () => {
    thrown(() => cuda.allowTf32(), "ERR_DEVICE_UNAVAILABLE");
    thrown(() => cuda.setAllowTf32({ matmul: true }), "ERR_DEVICE_UNAVAILABLE");
    thrown(() => new cuda.Event(), "ERR_DEVICE_UNAVAILABLE");
    thrown(() => cuda.manualSeed(1), "ERR_DEVICE_UNAVAILABLE");
    scope(() => {
      const x = Tensor.from([1]);
      thrown(() => x.pinMemory(), "ERR_DEVICE_UNAVAILABLE");
      thrown(() => ops.empty([1], { pinMemory: true }), "ERR_DEVICE_UNAVAILABLE");
      thrown(() => x.to({ device: "cuda", nonBlocking: true }), "ERR_DEVICE_UNAVAILABLE");
    });
  });

  it("has events for its own devices only", () => {
    thrown(() => new cuda.Event({ device: "cpu" }), "ERR_INVALID_ARG");
    thrown(() => new cuda.Event({ enableTiming: 1 as unknown as boolean }), "ERR_INVALID_ARG");
  });
});

describe("setFloat32MatmulPrecision", () => {
  afterEach(() => setFloat32MatmulPrecision("highest"));

  it("is highest at first, and what was set then", () => {
    expect(getFloat32MatmulPrecision()).to.equal("highest");
    for (const precision of ["medium", "high", "highest"] as const) {
      setFloat32MatmulPrecision(precision);
      expect(getFloat32MatmulPrecision()).to.equal(precision);
    }
  });

  it("refuses another word", () => {
    for (const wrong of ["low", "", 1, undefined]) {
      thrown(() => setFloat32MatmulPrecision(wrong as "high"), "ERR_INVALID_ARG");
    }
    expect(getFloat32MatmulPrecision()).to.equal("highest");
  });
});

onCuda("a device on CUDA", () => {
  it("has a name, a capability and memory", () => {
    const { name, capability, totalMemory } = cuda.properties();
    expect(name).to.be.a("string").that.is.not.empty;
    expect(capability?.[0]).to.be.at.least(5);
    expect(totalMemory).to.be.greaterThan(1 << 30);
  });

  it("times what lies between two events", async () => {
    using start = new cuda.Event();
    using end = new cuda.Event();
    thrown(() => start.elapsedTime(end), "ERR_INVALID_ARG");
    expect(start.query(), "before the first record").to.equal(true);
    await scope(async () => {
      const x = ops.ones([512, 512], { device: "cuda" });
      start.record();
      for (let i = 0; i < 20; i++) x.matmul(x);
      end.record();
      await end.synchronize();
    });
    expect(end.query()).to.equal(true);
    expect(start.elapsedTime(end)).to.be.within(1e-4, 60_000);
  });

  it("refuses a disposed event", () => {
    const event = new cuda.Event();
    event.dispose();
    event.dispose();
    thrown(() => event.record(), "ERR_INVALID_ARG");
  });

  it("is seeded alone", () =>
    scope(() => {
      const draw = (): unknown => ops.rand([4], { device: "cuda" }).toArray();
      cuda.manualSeed(5);
      const first = draw();
      cuda.manualSeed(5);
      expect(draw()).to.deep.equal(first);
      expect(draw()).to.not.deep.equal(first);
    }));

  it("copies from pinned memory without blocking", async () => {
    await scope(async () => {
      const pinned = Tensor.from([1, 2, 3]).pinMemory();
      expect(pinned.isPinned()).to.equal(true);
      const there = pinned.to({ device: "cuda", nonBlocking: true });
      await cuda.synchronize();
      expect(there.toArray()).to.deep.equal([1, 2, 3]);
    });
  });

  it("has statistics that add up", () =>
    scope(() => {
      const before = cuda.memoryStats();
      ops.empty([1 << 20], { device: "cuda" });
      const after = cuda.memoryStats();
      expect(after.allocatedBytes - before.allocatedBytes).to.be.within(4 << 20, 5 << 20);
      expect(after.allocations).to.be.greaterThan(before.allocations);
      expect(after.reservedBytes).to.be.at.least(after.allocatedBytes);
      expect(after.totalBytes).to.be.at.least(after.freeBytes);
    }));

  it("turns TF32 on and off", () => {
    const before = cuda.allowTf32();
    cuda.setAllowTf32({ matmul: true });
    expect(cuda.allowTf32()).to.deep.equal({ ...before, matmul: true });
    expect(getFloat32MatmulPrecision()).to.equal("high");
    cuda.setAllowTf32(before);
  });
});
