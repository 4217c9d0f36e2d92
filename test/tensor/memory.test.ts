/** Counters, garbage in loops that never yield, and memory that runs out. */
import { expect } from "chai";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { randomBelow, type RandomBelow } from "../../lib/data/random";
import { emptyCache, memory, resetPeakMemory } from "../../lib/tensor/memory";
import { ops } from "../../lib/tensor/ops";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import { AdamW } from "../../lib/optim/adamw";
import { rejection, thrown } from "../support/rejection";
import { tinyBert } from "../support/tiny-bert";
import { REGISTER } from "../support/register";

const MB = 1_000_000;

/** Takes one entry out, any of them. */
function takeAny<T>(list: T[], below: RandomBelow): T | undefined {
  const last = list.pop();
  if (last === undefined || list.length === 0) return last;
  const at = below(list.length);
  const taken = list[at];
  list[at] = last;
  return taken;
}

describe("memory()", () => {
  it("has the CPU's bytes among the devices', with what the cache keeps", () => {
    emptyCache();
    const start = memory().devices["cpu"];
    resetPeakMemory("cpu");
    ops.zeros([1 << 20]).dispose(); // 4 MiB, kept for reuse
    const { cpuBytes, cpuPeakBytes, cpuCachedBytes, devices } = memory();
    expect(devices["cpu"]).to.include({
      allocatedBytes: cpuBytes,
      peakBytes: cpuPeakBytes,
      reservedBytes: cpuBytes + cpuCachedBytes,
    });
    expect(cpuPeakBytes - (start?.allocatedBytes ?? NaN)).to.be.within(4 << 20, 5 << 20);
    expect(cpuCachedBytes).to.be.within(4 << 20, 5 << 20);
    expect(devices["cpu"]?.peakReservedBytes).to.be.at.least(cpuPeakBytes);
    emptyCache();
    expect(memory().devices["cpu"]?.reservedBytes).to.equal(memory().cpuBytes);
  });

  it("is each tensor's own, whatever its size and in whatever order others are freed", () => {
    const below = randomBelow(7);
    const before = memory().cpuBytes;
    const live: { readonly tensor: Tensor; readonly value: number }[] = [];
    for (let i = 0; i < 20_000; i++) {
      // 4 bytes to 1.6 kB: what slabs hold and what they do not.
      if (below(10) < 6) live.push({ tensor: ops.full([1 + below(1 + below(400))], i + 0.5), value: i + 0.5 });
      else takeAny(live, below)?.tensor.dispose();
    }
    expect(live.length).to.be.above(3000);
    for (const { tensor, value } of live) {
      const elements = tensor.toTypedArray() as Float32Array;
      expect(
        elements.every((element) => element === value),
        `tensor ${value}`,
      ).to.equal(true);
    }
    for (let entry = takeAny(live, below); entry; entry = takeAny(live, below)) entry.tensor.dispose();
    expect(memory().cpuBytes).to.equal(before);
  });

  it("refuses a device that is none", () => {
    thrown(() => resetPeakMemory("gpu"), "ERR_UNKNOWN_DEVICE");
    thrown(() => resetPeakMemory("cuda:99"), "ERR_DEVICE_UNAVAILABLE");
  });
});

describe("garbage", function () {
  this.timeout(180_000); // full collections, on a busy machine

  const BUFFER = 30 * MB;
  const STEPS = 50;
  /** Bytes that the steps held at most; without collection they would be 1.5 GB. */
  const peakOf = async (loop: (step: () => void) => unknown): Promise<number> => {
    const before = memory().cpuBytes;
    resetPeakMemory();
    await loop(() => void ops.empty([BUFFER / 4]));
    return memory().cpuPeakBytes - before;
  };

  it("is freed in a loop that never lets the event loop turn", async () => {
    const peak = await peakOf((step) => {
      for (let i = 0; i < STEPS; i++) step();
    });
    expect(peak).to.be.below(700 * MB);
  });

  it("is freed in a loop that awaits only what is settled already", async () => {
    const peak = await peakOf(async (step) => {
      for (let i = 0; i < STEPS; i++) {
        step();
        await Promise.resolve();
      }
    });
    expect(peak).to.be.below(700 * MB);
  });

  it("of many small tensors is freed before it is much, where V8 would wait for more", async () => {
    const before = memory().liveTensors;
    let most = 0;
    for (let turns = 0; turns < 400; turns++) {
      for (let i = 0; i < 2000; i++) ops.empty([1]);
      await new Promise((resolve) => setImmediate(resolve));
      most = Math.max(most, memory().liveTensors - before);
    }
    // All of them without the addon's doing. How soon V8 has marked its heap depends on the suite's heap and on what
    // else runs: 50,000 to 240,000 were seen.
    expect(most, "of 800,000").to.be.below(400_000);
  });

  const settled = async (): Promise<number> => {
    for (let turns = 0; turns < 2; turns++) {
      (globalThis as { gc?: () => void }).gc?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return memory().liveTensors;
  };
  const oneIn = (every: number, make: (i: number) => Tensor): Tensor[] =>
    Array.from({ length: 100 * every }, (_, i) => make(i)).filter((_, i) => i % every === 0);
  /**
   * Live tensors once one in `every` of many was kept and the rest collected. Light ones share finalizers; see
   * lib/tensor/finalizers.ts.
   */
  const leftOf = async (make: (i: number) => Tensor, every: number): Promise<number> => {
    const before = await settled();
    const kept = oneIn(every, make);
    const left = (await settled()) - before;
    kept.forEach((tensor) => tensor.dispose());
    return left;
  };

  it("of light tensors is freed sixteen at a time: one that is kept keeps fifteen at most", async () => {
    expect(await leftOf((i) => ops.full([4], i), 160)).to.be.within(100, 1600);
    expect(await leftOf((i) => ops.full([4], i), 1)).to.equal(100);
  });

  it("of tensors that hold more than a kilobyte, or a graph, is freed whatever else is kept", async () => {
    expect(await leftOf((i) => ops.full([257], i), 16)).to.equal(100);
    const large = ops.zeros([1000]);
    expect(await leftOf(() => large.narrow(0, 0, 1), 16)).to.equal(100); // a view, which keeps all of it
    const weight = Tensor.from([1, 2], { requiresGrad: true });
    expect(await leftOf((i) => weight.mul(i), 16)).to.equal(100);
    large.dispose();
    weight.dispose();
  });

  it("does not take what is still in use with it, whoever uses it", () => {
    const kept: Tensor[] = [];
    for (let i = 0; i < STEPS; i++) {
      const x = ops.full([BUFFER / 4], i + 0.5);
      if (i % 10 === 0) kept.push(x.narrow(0, 0, 1).add(0)); // small, but watched like the large ones
    }
    expect(kept.map((tensor) => tensor.item())).to.deep.equal([0.5, 10.5, 20.5, 30.5, 40.5]);
    kept.forEach((tensor) => tensor.dispose());
  });
});

describe("what is read twice", () => {
  it("is the same object: gradients, parameters and buffers", async () => {
    const model = tinyBert();
    const parameters = model.parameters();
    const [weight] = parameters;
    await scope(async () => {
      const ids = Tensor.from([[1n, 2n]]);
      const { logits } = await model.forward({ inputIds: ids, attentionMask: ids.gt(0).to("int64") });
      await logits.sum().backward();
    });
    const live = memory().liveTensors;
    const gradient = weight?.grad;
    expect(gradient).to.be.instanceOf(Tensor);
    for (let i = 0; i < 50; i++) {
      expect(model.parameters()).to.deep.equal(parameters);
      expect(model.parameters()[0]).to.equal(weight);
      expect(weight?.grad).to.equal(gradient);
    }
    expect(memory().liveTensors, "one handle for the gradient").to.equal(live + 1);
    new AdamW(parameters).dispose();
    model.dispose();
  });
});

describe("memory that runs out", function () {
  this.timeout(180_000); // a process of its own

  const ELEMENTS = 2 ** 50; // 4 PiB of float32: more than addresses, whatever the system promises

  it("is an error with what was asked for, what is free and live, and the largest tensors", () => {
    using large = ops.ones([2, 3, 1 << 20]);
    using view = large.view([-1]);
    const error = thrown(() => ops.empty([ELEMENTS]), "ERR_OUT_OF_MEMORY");
    const { details } = error;
    expect(details?.device).to.equal("cpu");
    expect(details?.requestedBytes).to.equal(ELEMENTS * 4);
    expect(details?.freeBytes).to.be.greaterThan(0);
    expect(details?.liveBytes).to.be.within(24 << 20, memory().cpuBytes + (1 << 20));
    const ours = details?.largest.filter(({ bytes }) => bytes === 24 << 20);
    expect(ours).to.deep.equal(
      [{ shape: [2, 3, 1 << 20], dtype: "float32", bytes: 24 << 20 }],
      "views of one storage are one",
    );
    expect(error.message).to.match(/^empty: .*requested 4\.0 PiB, free .*live .*float32 \[2, 3, 1048576\] 24\.0 MiB/s);
    expect(view.disposed).to.equal(false);
    expect(thrown(() => large.matmul(Tensor.from(1)), "ERR_OPERATOR_FAILED").details).to.equal(undefined);
  });

  it("is the same error from an operator that writes in place, and from queued work", async () => {
    using x = Tensor.from([1]);
    const inPlace = thrown(() => x.resize_([ELEMENTS]), "ERR_OUT_OF_MEMORY");
    expect(inPlace.details?.requestedBytes).to.equal(ELEMENTS * 4);
    using weight = Tensor.from([1], { requiresGrad: true });
    // The graph holds one element; its gradient would be as large as what was expanded.
    using expanded = scope(() => weight.expand([ELEMENTS]).narrow(0, 0, 1).sum());
    const queued = await rejection(expanded.backward(), "ERR_OUT_OF_MEMORY");
    expect(queued.details?.requestedBytes).to.equal(ELEMENTS * 4);
  });

  // Programs that live under a limit of their address space, which other systems do not keep.
  const limited = process.platform === "linux" ? it : it.skip;
  const outputOf = async (name: string): Promise<string> =>
    (await promisify(execFile)(process.execPath, ["-r", REGISTER, join(__dirname, "..", "support", name)])).stdout;

  limited("is tried again once the garbage is gone", async () => {
    expect(await outputOf("short-of-memory.ts")).to.equal("retried\n");
  });

  limited("is an error where values are read that do not fit a second time, and the process goes on", async () => {
    expect(await outputOf("short-read.ts")).to.equal("ERR_OUT_OF_MEMORY ERR_OUT_OF_MEMORY 3\n");
  });
});
