/** Gradient checkpointing gives the same gradients as keeping everything. */
import { expect } from "chai";
import { checkpoint } from "../../lib/autograd/checkpoint";
import { BertForSequenceClassification } from "../../lib/models/bert-for-sequence-classification";
import { manualSeed } from "../../lib/tensor/device";
import { ops } from "../../lib/tensor/ops";
import { memory, resetPeakMemory } from "../../lib/tensor/memory";
import { noGrad } from "../../lib/autograd/grad-mode";
import { ScriptModule } from "../../lib/jit/script-module";
import { grad } from "../../lib/tensor/backward";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import { rejection, thrown } from "../support/rejection";

const weights = (seed: number, shape: readonly number[]): Tensor => {
  manualSeed(seed);
  const tensor = ops.randn([...shape]);
  tensor.requiresGrad = true;
  return tensor;
};

describe("checkpoint of a function", () => {
  /**
   * Gradients of a small net with dropout, checkpointed or not: of the weights, and of x where it requires grad. Each
   * weight is used once, since sums of several uses are added up in another order.
   */
  const gradients = (checkpointed: boolean, inputRequiresGrad: boolean): unknown[] =>
    scope(() => {
      const layers = [1, 2, 3].map((seed) => [weights(seed, [8, 8]), weights(10 + seed, [8, 8])] as const);
      const x = weights(20, [4, 8]);
      x.requiresGrad = inputRequiresGrad;
      manualSeed(3);
      let y: Tensor = x;
      for (const [first, second] of layers) {
        const block = (input: Tensor): Tensor => ops.dropout(ops.gelu(input.matmul(first)), 0.4, true).matmul(second);
        y = checkpointed ? checkpoint(block, [y]) : block(y);
      }
      const next = ops.rand([2]).toArray(); // what is drawn next is the same as well
      y.pow(2).sum().backwardSync();
      return [x.grad?.toArray(), layers.flat().map((weight) => weight.grad?.toArray()), next, ops.rand([2]).toArray()];
    });

  it("is the same to the bit, with dropout, and leaves the generator where it was", () => {
    expect(gradients(true, true)).to.deep.equal(gradients(false, true));
  });

  it("trains what the function uses from outside where no input requires grad", () => {
    const [x, ...rest] = gradients(true, false);
    expect(x).to.equal(undefined);
    expect(rest).to.deep.equal(gradients(false, false).slice(1));
    expect((rest[0] as unknown[]).every(Array.isArray)).to.equal(true);
  });

  it("draws anew with preserveRngState: false", () =>
    scope(() => {
      const x = Tensor.from(Array(100).fill(1), { requiresGrad: true });
      const draws: unknown[] = [];
      const noisy = (input: Tensor): Tensor => {
        const noise = ops.rand([100]);
        draws.push(noise.toArray());
        return input.mul(noise);
      };
      checkpoint(noisy, [x]).sum().backwardSync();
      checkpoint(noisy, [x], { preserveRngState: false }).sum().backwardSync();
      expect(draws[0]).to.deep.equal(draws[1]);
      expect(draws[2]).to.not.deep.equal(draws[3]);
    }));

  it("takes several inputs and gives several outputs, of which not all are used", () =>
    scope(async () => {
      const [a, b] = [weights(1, [3]), weights(2, [3])];
      const [product] = checkpoint((x, y) => [x.mul(y), x.add(y)], [a, b]);
      await product.sum().backward();
      expect([a.grad?.toArray(), b.grad?.toArray()]).to.deep.equal([b.toArray(), a.toArray()]);
    }));

  it("keeps less", () => {
    const peak = (checkpointed: boolean): number =>
      scope(() => {
        const x = weights(1, [256, 256]);
        const chain = (input: Tensor): Tensor => {
          let y = input;
          for (let i = 0; i < 8; i++) y = y.exp().log();
          return y;
        };
        resetPeakMemory();
        const before = memory().cpuBytes;
        let y: Tensor = x;
        for (let i = 0; i < 8; i++) y = checkpointed ? scope(() => checkpoint(chain, [y])) : scope(() => chain(y));
        y.sum().backwardSync();
        return memory().cpuPeakBytes - before;
      });
    expect(peak(true)).to.be.below(0.5 * peak(false));
  });

  it("refuses backward passes that it would be wrong in, as PyTorch's reentrant checkpoint", () =>
    scope(async () => {
      const [x, w] = [weights(1, [3]), weights(2, [3])];
      const y = (): Tensor => checkpoint((input: Tensor) => input.pow(3).mul(w), [x]).sum();
      await rejection(grad(y(), x), "ERR_INVALID_ARG");
      await rejection(y().backward(undefined, { inputs: [x] }), "ERR_INVALID_ARG");
      await rejection(y().backward(undefined, { createGraph: true }), "ERR_INVALID_ARG");
      expect([x.grad, w.grad]).to.deep.equal([undefined, undefined]);
      using script = ScriptModule.compile({
        className: "Cube",
        source: "\ndef forward(self, x: Tensor) -> Tensor:\n    return x ** 3\n",
      });
      const z = (): Promise<Tensor> => script.checkpoint([x]).then((cubed) => (cubed as Tensor).sum());
      await rejection(grad(await z(), x), "ERR_INVALID_ARG");
      await (await z()).backward();
      expect(x.grad?.toArray()).to.deep.equal(noGrad(() => x.pow(2).mul(3)).toArray());
    }));

  it("leaves nothing to the collector: what backward made goes with it", () =>
    scope(() => {
      const w = weights(1, [4, 4]);
      const step = (): void =>
        scope(() =>
          checkpoint((x: Tensor) => x.mul(w).tanh(), [w.mul(2)])
            .sum()
            .backwardSync(),
        );
      step();
      void w.grad; // its own handle, from now on
      const { liveTensors } = memory();
      for (let i = 0; i < 3; i++) step();
      expect(memory().liveTensors).to.equal(liveTensors);
    }));

  it("refuses what is no function or gives no tensors", () =>
    scope(() => {
      thrown(() => checkpoint(5 as never, []), "ERR_INVALID_ARG");
      thrown(() => checkpoint((() => Promise.resolve()) as never, []), "ERR_INVALID_ARG");
    }));
});

describe("checkpoint of a TorchScript module", () => {
  const config = {
    vocab_size: 30,
    hidden_size: 16,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    intermediate_size: 32,
    max_position_embeddings: 12,
  };

  /** Gradients of a BERT layer with dropout and of its input, where that requires grad. */
  const gradients = (checkpointed: boolean, inputRequiresGrad: boolean): Promise<unknown[]> =>
    scope(async () => {
      const model = BertForSequenceClassification.fromConfig(config, { labels: ["a", "b"], seed: 5, device: "cpu" });
      const layer = model.part("bert.encoder.layer.0");
      const hidden = weights(6, [2, 5, 16]);
      hidden.requiresGrad = inputRequiresGrad;
      manualSeed(7);
      const output = (
        checkpointed ? await layer.checkpoint([hidden, undefined]) : await layer.forward([hidden, undefined])
      ) as Tensor;
      const next = ops.rand([2]).toArray();
      await output.pow(2).sum().backward();
      const result = [
        ...layer.parameters().map((tensor) => tensor.grad?.toArray()),
        hidden.grad?.toArray(),
        next,
        ops.rand([2]).toArray(),
      ];
      layer.dispose();
      model.dispose();
      return result;
    });

  for (const inputRequiresGrad of [true, false]) {
    it(`has the same gradients to the bit, with dropout, where its input ${inputRequiresGrad ? "requires" : "does not require"} grad`, async () => {
      const [ours, plain] = [await gradients(true, inputRequiresGrad), await gradients(false, inputRequiresGrad)];
      expect(ours).to.deep.equal(plain);
      expect(ours[0], "the parameters have gradients").to.be.an("array");
    });
  }
});
