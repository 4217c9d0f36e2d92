import { expect } from "chai";
import "../../lib/index"; // what tensors can do
import type { Batch } from "../../lib/data/batch";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import { poolWindows } from "../../lib/train/pool-windows";

describe("poolWindows", () => {
  it("averages each document's logits", () => {
    scope(() => {
      const logits = Tensor.from([
        [1, 3],
        [0, 0],
        [4, 2],
        [-1, 5],
      ]);
      const batch = {
        indices: Uint32Array.from([7, 9, 9, 9]),
        documents: Uint32Array.from([0, 1, 1, 1]),
        labels: Tensor.from([1n, 0n, 0n, 0n]),
        size: 4,
      } as unknown as Batch;
      const { logits: pooled, indices, labels, size } = poolWindows(logits, batch);
      const [first, second] = pooled.toArray() as [number[], number[]];
      expect(first).to.deep.equal([1, 3]);
      expect(second.map((value) => Math.round(value * 1e6) / 1e6)).to.deep.equal([1, 2.333333]);
      expect([...indices]).to.deep.equal([7, 9]);
      expect(labels?.toArray()).to.deep.equal([1n, 0n]);
      expect(size).to.equal(2);
    });
  });

  it("leaves a batch without windows as it is", () => {
    scope(() => {
      const logits = Tensor.from([[1, 2]]);
      const pooled = poolWindows(logits, { indices: Uint32Array.from([3]), size: 1 } as Batch);
      expect(pooled.logits).to.equal(logits);
      expect([...pooled.indices, pooled.size]).to.deep.equal([3, 1]);
    });
  });
});
