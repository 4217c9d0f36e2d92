/** Memory that tensors and typed arrays have in common: who sees what, and who may end first. */
import { expect } from "chai";
import { Worker } from "node:worker_threads";
import { memory } from "../../lib/tensor/memory";
import { ops } from "../../lib/tensor/ops";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import { thrown } from "../support/rejection";
import { REGISTER } from "../support/register";

const LARGE = 1 << 20; // elements: 4 MiB as float32
const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2));

async function collect(until: () => boolean): Promise<void> {
  for (let turn = 0; turn < 50 && !until(); turn++) {
    globalThis.gc?.();
    await tick();
  }
}

const bytes = (): number => memory().cpuBytes;
const shared = (tensor: Tensor): Float32Array => tensor.toTypedArray({ share: true }) as Float32Array;

describe("a typed array over a tensor's memory", () => {
  it("sees what operators write, and operators what JavaScript writes", () =>
    scope(() => {
      const x = Tensor.from([
        [1, 2],
        [3, 4],
      ]);
      const array = shared(x);
      x.mul_(10);
      expect(Array.from(array)).to.deep.equal([10, 20, 30, 40]);
      array[3] = -1;
      expect(x.toArray()).to.deep.equal([
        [10, 20],
        [30, -1],
      ]);
      expect(x.sum().item()).to.equal(59);
    }));

  it("is one buffer for a tensor and its views, at each one's place", () =>
    scope(() => {
      const x = Tensor.from([
        [1, 2],
        [3, 4],
      ]);
      const [all, row] = [shared(x), shared(x.select(0, 1))];
      expect(row.buffer).to.equal(all.buffer);
      expect(Array.from(row)).to.deep.equal([3, 4]);
      row[0] = 7;
      expect(all[2]).to.equal(7);
      expect(shared(x).buffer).to.equal(all.buffer);
    }));

  it("has the tensor's dtype", () =>
    scope(() => {
      expect(Tensor.from([5n]).toTypedArray({ share: true })).to.deep.equal(BigInt64Array.of(5n));
      expect(Tensor.from([true, false]).toTypedArray({ share: true })).to.deep.equal(Uint8Array.of(1, 0));
      expect(Tensor.from([1.5], { dtype: "float64" }).toTypedArray({ share: true })).to.deep.equal(
        Float64Array.of(1.5),
      );
      expect(ops.zeros([0, 3]).toTypedArray({ share: true })).to.deep.equal(new Float32Array(0));
    }));

  it("keeps the memory when the tensor is disposed, and gives it back when it is collected", async () => {
    await collect(() => false);
    const before = bytes();
    (() => {
      const array = scope(() => shared(ops.full([LARGE], 3, { dtype: "float32" })));
      expect(bytes() - before, "alive behind the array").to.be.at.least(4 * LARGE);
      scope(() => ops.zeros([LARGE])); // would take the block if it were free
      expect(array.every((value) => value === 3)).to.equal(true);
    })();
    await collect(() => bytes() - before < LARGE);
    expect(bytes() - before).to.be.below(LARGE);
  });

  it("leaves the tensor its memory when the array is collected", async () => {
    const x = ops.full([LARGE], 3, { dtype: "float32" });
    shared(x).fill(4);
    await collect(() => false);
    scope(() => ops.zeros([LARGE]));
    expect(x.eq(4).all().item()).to.equal(true);
    expect(shared(x)[LARGE - 1], "and can be had again").to.equal(4);
    x.dispose();
  });

  it("refuses what it cannot show as it is", () =>
    scope(() => {
      const x = Tensor.from([
        [1, 2],
        [3, 4],
      ]);
      for (const odd of [
        x.t(),
        x.to("bfloat16"),
        Tensor.from([1], { requiresGrad: true }),
        ops.zeros([2], { device: "meta" }),
        x.expand([2, 2, 2]),
      ]) {
        thrown(() => odd.toTypedArray({ share: true }), "ERR_INVALID_ARG");
      }
      const gone = Tensor.from([1]);
      gone.dispose();
      thrown(() => gone.toTypedArray({ share: true }), "ERR_TENSOR_DISPOSED");
    }));

  it("keeps the tensor at its size: growing would move the memory away", () =>
    scope(() => {
      const x = Tensor.from([1, 2]);
      const array = shared(x);
      thrown(() => x.resize_([1000]), "ERR_OPERATOR_FAILED");
      thrown(() => x.resizeAs_(ops.zeros([1000])), "ERR_OPERATOR_FAILED");
      expect(x.shape).to.deep.equal([2]);
      expect(Array.from(array)).to.deep.equal([1, 2]);
    }));

  it("waits for queued work", async () => {
    await scope(async () => {
      const w = Tensor.from([1, 2], { requiresGrad: true });
      const work = w.mul(3).sum().backward();
      const gradient = shared(w.grad?.detach() ?? w.detach());
      expect(Array.from(gradient)).to.deep.equal([3, 3]);
      await work;
      w.forgetGrad();
    });
  });

  it("cannot be taken to another thread from under the tensor", async () => {
    const x = Tensor.from([1, 2, 3]);
    const array = shared(x);
    const worker = new Worker("require('node:worker_threads').parentPort.once('message', () => {})", { eval: true });
    try {
      worker.postMessage(array, [array.buffer as ArrayBuffer]); // ignored before Node 21
    } catch (error) {
      expect((error as Error).name).to.equal("DataCloneError");
    }
    try {
      structuredClone(array, { transfer: [array.buffer as ArrayBuffer] });
    } catch (error) {
      expect((error as Error).name).to.equal("DataCloneError");
    }
    await worker.terminate();
    x.add_(1);
    expect(x.toArray()).to.deep.equal([2, 3, 4]);
    x.dispose();
  });

  it("outlives its environment's end without a crash", async () => {
    const program = `
      const { Tensor, ops } = require(${JSON.stringify(require.resolve("../../lib/index"))});
      globalThis.kept = [ops.ones([${LARGE}]).toTypedArray(), ops.ones([4]).toTypedArray({ share: true }), Tensor.from([1])];
      require("node:worker_threads").parentPort.postMessage(kept[0][5] + kept[1][3]);
    `;
    const worker = new Worker(program, { eval: true, execArgv: ["-r", REGISTER] });
    const ended = new Promise<number>((resolve) => worker.once("exit", resolve));
    expect(await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject))).to.equal(2);
    expect(await ended).to.equal(0);
  });
});

describe("a tensor over a lent typed array", () => {
  it("shares with the array and with the tensor that it came from, in any part", () =>
    scope(() => {
      const x = Tensor.from([1, 2, 3, 4, 5, 6]);
      const part = shared(x).subarray(2, 6);
      const y = Tensor.from(part, { shape: [2, 2], share: true });
      y.mul_(10);
      expect(x.toArray()).to.deep.equal([1, 2, 30, 40, 50, 60]);
      part[0] = 0;
      expect(y.toArray()).to.deep.equal([
        [0, 40],
        [50, 60],
      ]);
    }));

  it("takes a large read's result without a copy", async () => {
    const source = ops.full([LARGE], 2, { dtype: "float32" });
    const array = (await source.read()) as Float32Array;
    source.fill_(9);
    expect(array[0], "read copies").to.equal(2);
    using tensor = Tensor.from(array, { share: true, requiresGrad: true });
    array[1] = 5;
    expect(tensor.requiresGrad).to.equal(true);
    expect(tensor.detach().narrow(0, 0, 3).toArray()).to.deep.equal([2, 5, 2]);
    source.dispose();
  });

  it("keeps the memory when array and first tensor are gone", async () => {
    const y = scope(() => Tensor.from(shared(ops.full([LARGE], 6, { dtype: "float32" })), { share: true }));
    await collect(() => false);
    scope(() => ops.zeros([LARGE]));
    expect(y.eq(6).all().item()).to.equal(true);
    y.dispose();
  });

  it("is refused for memory of JavaScript's own, which a script can take away", () => {
    const detached = new Float32Array(4);
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    for (const data of [
      new Float32Array(4),
      new Float32Array(0),
      detached,
      new Float32Array(new SharedArrayBuffer(16)),
      [1, 2],
      1,
    ]) {
      thrown(() => Tensor.from(data, { share: true }), "ERR_INVALID_ARG");
    }
  });

  it("is refused for another shape, dtype or device", () =>
    scope(() => {
      const array = shared(Tensor.from([1, 2, 3, 4]));
      thrown(() => Tensor.from(array, { share: true, shape: [5] }), "ERR_SHAPE_MISMATCH");
      thrown(() => Tensor.from(array, { share: true, dtype: "int64" }), "ERR_INVALID_ARG");
      thrown(() => Tensor.from(array, { share: true, device: "meta" }), "ERR_INVALID_ARG");
    }));
});

describe("copies", () => {
  it("large ones are copies in both directions", () =>
    scope(() => {
      const data = new Float32Array(LARGE).fill(1);
      const x = Tensor.from(data);
      data[0] = 9;
      const out = x.toTypedArray() as Float32Array;
      x.fill_(5);
      expect([out[0], out[LARGE - 1], x.select(0, 0).item()]).to.deep.equal([1, 1, 5]);
      out[0] = 3;
      expect(x.select(0, 0).item()).to.equal(5);
      expect((x.view([1024, 1024]).t().toTypedArray() as Float32Array)[7], "not contiguous").to.equal(5);
    }));

  it("a loop that never lets the event loop turn does not pile them up", async () => {
    await collect(() => false);
    const before = bytes();
    const x = ops.full([1 << 24], 2, { dtype: "float32" }); // 64 MiB
    let most = 0;
    for (let i = 0; i < 24; i++) {
      expect(x.toTypedArray()[i]).to.equal(2);
      most = Math.max(most, bytes() - before);
    }
    expect(most).to.be.at.most((512 + 128) << 20); // 24 of them are 1.5 GiB
    x.dispose();
    await collect(() => bytes() - before < LARGE);
    expect(bytes() - before).to.be.below(LARGE);
  });
});
