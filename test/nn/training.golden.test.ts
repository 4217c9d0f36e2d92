/** Twenty training steps of a small classifier against PyTorch: `scripts/golden/nn.py` wrote what is expected here. */
import { expect } from "chai";
import { join } from "node:path";
import { loadSafetensors, nn } from "../../lib/index";
import { AdamW } from "../../lib/optim/adamw";
import { clipGradNorm } from "../../lib/optim/clip-grad-norm";
import { decayGroups } from "../../lib/optim/decay-groups";
import { ops } from "../../lib/tensor/ops";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import { GOLDEN, largestDifference } from "../support/golden";
import { golden } from "./golden";

/** As in `scripts/golden/nn.py`. */
class BagOfWords extends nn.Module {
  readonly words = new nn.Embedding(30, 12, { paddingIdx: 0 });
  readonly head = new nn.Sequential(
    new nn.Linear(12, 16),
    new nn.GELU(),
    new nn.LayerNorm(16),
    new nn.Dropout(0),
    new nn.Linear(16, 3),
  );
  readonly scale = new nn.Buffer(ops.zeros([]));

  forward(ids: Tensor): Tensor {
    const mask = ids.ne(0).unsqueeze(-1); // [B, T, 1]
    const mean = this.words
      .forward(ids)
      .mul(mask)
      .sum([1])
      .div(mask.sum([1])); // [B, 12]
    return this.head.forward(mean).mul(this.scale); // [B, 3]
  }
}

/** The tensors of the golden file under a prefix, which is cut off. */
async function stored(prefix: string): Promise<Map<string, Tensor>> {
  const all = await loadSafetensors(join(GOLDEN, "nn.safetensors"));
  return new Map(
    [...all].filter(([name]) => name.startsWith(prefix)).map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
}

describe("nn: training against PyTorch", () => {
  it("takes the same 20 steps from Python's state dictionary, and ends at the same weights", async () => {
    const { settings, batches, loss: losses, gradNorm: norms } = golden.training;
    using model = scope(() => new BagOfWords());
    await scope(async () => model.loadStateDict(await stored("before.")));
    using optimizer = new AdamW(decayGroups(model, settings.weightDecay), { lr: settings.learningRate });
    expect(optimizer.groups.map(({ params }) => params.length)).to.deep.equal([3, 4]); // LayerNorm's weight has no decay

    for (const [step, { inputIds, labels }] of batches.entries()) {
      await scope(async () => {
        const logits = model.forward(Tensor.from(inputIds, { dtype: "int64" }));
        const loss = ops.crossEntropyLoss(logits, Tensor.from(labels, { dtype: "int64" }));
        await loss.backward();
        const norm = await clipGradNorm(model.parameters(), settings.maxGradNorm);
        await optimizer.step();
        model.zeroGrad();
        const expected = losses[step] as number;
        expect(Number(loss.item()), `loss of step ${step}`).to.be.closeTo(expected, 1e-5 * expected);
        expect(Number(norm.item()), `gradient norm of step ${step}`).to.be.closeTo(
          norms[step] as number,
          1e-4 * (norms[step] as number),
        );
      });
    }
    expect(losses.length).to.equal(20);
    await scope(async () => {
      const after = await stored("after.");
      expect([...model.stateDict().keys()].sort()).to.deep.equal([...after.keys()].sort());
      for (const [name, tensor] of model.stateDict()) {
        const expected = after.get(name)?.toTypedArray() as Float32Array;
        expect(largestDifference(tensor.toTypedArray(), expected), name).to.be.at.most(1e-4);
      }
    });
  });
});
