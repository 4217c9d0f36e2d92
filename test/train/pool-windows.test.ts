import { expect } from "chai";
import type { Batch } from "../../lib/data/batch";
import { ClassifierOutput } from "../../lib/models/model";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import { poolWindows } from "../../lib/train/pool-windows";

describe("poolWindows", () => {
  it("averages each document's logits and takes the loss of the averages", () => {
    scope(() => {
      const logits = Tensor.from([[1, 3], [0, 0], [4, 2], [-1, 5]]);
      const batch = {
        indices: Uint32Array.from([7, 9, 9, 9]),
        documents: Uint32Array.from([0, 1, 1, 1]),
        labels: Tensor.from([1n, 0n, 0n, 0n]),
        size: 4,
      } as unknown as Batch;
      const { output, indices, labels, size } = poolWindows(new ClassifierOutput(logits, undefined), batch);
      const [first, second] = output.logits.toArray() as [number[], number[]];
      expect(first).to.deep.equal([1, 3]);
      expect(second.map((value) => Math.round(value * 1e6) / 1e6)).to.deep.equal([1, 2.333333]);
      expect([...indices]).to.deep.equal([7, 9]);
      expect(labels?.toArray()).to.deep.equal([1n, 0n]);
      expect(size).to.equal(2);
      // Cross-entropy by its formula, log(sum(exp(x))) - x[label], averaged.
      const entropy = (row: number[], label: number): number => Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0)) - (row[label] as number);
      expect(output.loss.item()).to.be.closeTo((entropy([1, 3], 1) + entropy([1, 7 / 3], 0)) / 2, 1e-6);
    });
  });

  it("leaves a batch without windows as it is", () => {
    scope(() => {
      const output = new ClassifierOutput(Tensor.from([[1, 2]]), undefined);
      const pooled = poolWindows(output, { indices: Uint32Array.from([3]), size: 1 } as Batch);
      expect(pooled.output).to.equal(output);
      expect([...pooled.indices, pooled.size]).to.deep.equal([3, 1]);
    });
  });
});
