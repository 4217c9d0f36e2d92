/** Inference mode, autocast and anomaly detection: what the code around an operator says about it. */
import { expect } from "chai";
import { autocast } from "../../lib/autograd/autocast";
import { detectAnomaly } from "../../lib/autograd/detect-anomaly";
import { enableGrad, inferenceMode, isGradEnabled, isInferenceMode, noGrad } from "../../lib/autograd/grad-mode";
import { BertForSequenceClassification } from "../../lib/models/bert-for-sequence-classification";
import { AdamW } from "../../lib/optim/adamw";
import { join } from "node:path";
import { ScriptModule } from "../../lib/jit/script-module";
import { loadSafetensors, saveSafetensors } from "../../lib/models/state-file";
import * as nn from "../../lib/nn/nn";
import { Generator } from "../../lib/tensor/generator";
import { ops } from "../../lib/tensor/ops";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import { rejection, thrown } from "../support/rejection";
import { inFolder } from "../support/tiny-bert";

const leaf = (data: number[]): Tensor => Tensor.from(data, { dtype: "float64", requiresGrad: true });
const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2));
const CONFIG = {
  vocab_size: 30,
  hidden_size: 16,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 32,
  max_position_embeddings: 12,
};
const bert = (): BertForSequenceClassification =>
  BertForSequenceClassification.fromConfig(CONFIG, { labels: ["a", "b"], seed: 5, device: "cpu" });
const IDS = [[1n, 2n, 3n, 4n]];

describe("inferenceMode", () => {
  it("records nothing, across await and in queued work, and what it makes never joins a graph", () =>
    scope(async () => {
      const x = leaf([2]);
      const made = await inferenceMode(async () => {
        await tick();
        expect([isInferenceMode(), isGradEnabled(), enableGrad(() => x.mul(2).requiresGrad)]).to.deep.equal([
          true,
          false,
          false,
        ]);
        return x.mul(3);
      });
      expect([isInferenceMode(), isGradEnabled(), x.mul(2).requiresGrad]).to.deep.equal([false, true, true]);
      expect(made.isInference()).to.equal(true);
      thrown(() => x.mul(made), "ERR_OPERATOR_FAILED");
      expect(noGrad(() => x.mul(made)).item()).to.equal(12);
    }));

  it("goes with a module's call to the executor, and not to the next one", () =>
    scope(async () => {
      using model = bert();
      const inputIds = Tensor.from(IDS);
      const inside = await inferenceMode(() => model.forward({ inputIds }));
      const after = await model.forward({ inputIds });
      expect([inside.logits.isInference(), inside.logits.requiresGrad]).to.deep.equal([true, false]);
      expect([after.logits.isInference(), after.logits.requiresGrad]).to.deep.equal([false, true]);
    }));
});

describe("after inferenceMode", () => {
  it("nothing that is made is of it, whichever way it is made", () =>
    inFolder(async (folder) => {
      const file = join(folder, "state.safetensors");
      await scope(async () => {
        await saveSafetensors(file, { w: ops.ones([2]) });
        using layer = new nn.Linear(2, 1);
        const generator = new Generator({ seed: 1 });
        const inside = (): unknown => inferenceMode(() => ops.ones([1]));
        const made: Tensor[] = [];
        inside();
        made.push(Tensor.from([1]));
        inside();
        made.push(generator.getState());
        inside();
        made.push((await loadSafetensors(file)).get("w") as Tensor);
        inside();
        await layer.to("float64");
        made.push(...layer.parameters());
        inside();
        const [x, gradient] = [leaf([1]), Tensor.from([2], { dtype: "float64" })];
        inside();
        x.grad = gradient;
        made.push(x.grad);
        inside();
        using script = ScriptModule.compile({
          className: "None",
          source: "\ndef forward(self, x: Tensor) -> Tensor:\n    return x\n",
        });
        made.push((await script.forward([x])) as Tensor);
        expect(made.map((tensor) => tensor.isInference())).to.deep.equal(made.map(() => false));
        inside();
        await layer
          .forward(ops.ones([1, 2], { dtype: "float64" }))
          .sum()
          .backward();
        expect(layer.weight.grad?.toArray()).to.deep.equal([[1, 1]]);
        generator.dispose();
      });
    }));
});

describe("autocast", () => {
  it("runs products in bfloat16, sums in float32, and only inside", () =>
    scope(async () => {
      const x = Tensor.from([
        [1, 2],
        [3, 4],
      ]);
      await autocast(
        async () => {
          await tick();
          expect([x.matmul(x).dtype, x.add(x).dtype, x.softmax(-1).dtype]).to.deep.equal([
            "bfloat16",
            "float32",
            "float32",
          ]);
          expect(autocast(() => x.matmul(x).dtype, { enabled: false })).to.equal("float32");
          expect(autocast(() => x.matmul(x).dtype, { dtype: "float16" })).to.equal("float16");
          expect(
            autocast(() => x.matmul(x).dtype, { device: "cuda", enabled: false }),
            "the CPU's stays",
          ).to.equal("bfloat16");
        },
        { device: "cpu", dtype: "bfloat16" },
      );
      expect(x.matmul(x).dtype).to.equal("float32");
      thrown(() => autocast(() => 1, { dtype: "float32" as never }), "ERR_INVALID_ARG");
      thrown(() => autocast(() => 1, { device: "cpu:0" as never }), "ERR_INVALID_ARG");
      thrown(() => autocast(() => 1, { enabled: 1 as never }), "ERR_INVALID_ARG");
    }));

  it("sees in step 2 the weights that step 1 wrote, in a module and in operators", () =>
    scope(async () => {
      using model = bert();
      model.eval();
      using optimizer = new AdamW(model.parameters(), { lr: 0.1 });
      const batch = { inputIds: Tensor.from(IDS), labels: Tensor.from([1n]) };
      const step = async (): Promise<number> => {
        const { loss } = await autocast(() => model.forward(batch), { device: "cpu", dtype: "bfloat16" });
        await loss.backward();
        await optimizer.step();
        optimizer.zeroGrad();
        return Number(loss.item());
      };
      const losses = [await step(), await step(), await step()];
      const now = Number(
        (await autocast(() => model.forward(batch), { device: "cpu", dtype: "bfloat16" })).loss.item(),
      );
      const exact = Number((await model.forward(batch)).loss.item());
      expect(new Set(losses).size).to.equal(3);
      // bfloat16 has 8 bits: far nearer to what float32 says of the same weights than to step 1's loss.
      expect(Math.abs(now - exact)).to.be.below(0.05 * Math.abs((losses[0] as number) - exact));

      const [w, x] = [leaf([1, 1]).to("float32").detach(), Tensor.from([[1, 1]])];
      w.requiresGrad = true;
      const product = (): unknown => autocast(() => x.matmul(w), { device: "cpu" }).item();
      expect(product()).to.equal(2);
      noGrad(() => w.zero_());
      expect(product(), "a write in place").to.equal(0);
    }));

  it("gives float32 gradients to float32 weights", () =>
    scope(async () => {
      using model = bert();
      const { loss } = await autocast(() => model.forward({ inputIds: Tensor.from(IDS), labels: Tensor.from([0n]) }), {
        device: "cpu",
      });
      await loss.backward();
      expect(new Set(model.parameters().map((parameter) => parameter.grad?.dtype))).to.deep.equal(new Set(["float32"]));
      model.parameters().forEach((parameter) => (parameter.grad = undefined));
    }));
});

describe("detectAnomaly", () => {
  /** 0 / 0 in the gradient of a function whose value is fine. */
  function rootOfZero(x: Tensor): Tensor {
    return x.mul(0).sqrt().mul(0).sum();
  }

  it("names the forward call of a NaN, sync and async", () =>
    scope(async () => {
      const x = leaf([1]);
      await detectAnomaly(async () => {
        await tick();
        for (const error of [
          await rejection(rootOfZero(x).backward(), "ERR_NON_FINITE"),
          thrown(() => rootOfZero(x).backwardSync(), "ERR_NON_FINITE"),
        ]) {
          expect(error.message).to.match(
            /SqrtBackward0.* was made by this forward call:\n\s+at .*rootOfZero.*modes\.test/s,
          );
        }
      });
      await rootOfZero(x).backward(); // off again
      expect(x.grad?.item()).to.be.NaN;
      x.grad = undefined;
    }));

  it("names it for work of the executor too: a large operator, a module", () =>
    scope(async () => {
      const x = ops.ones([300, 300]);
      x.requiresGrad = true;
      const error = await detectAnomaly(() => rejection(rootOfZero(x).backward(), "ERR_NON_FINITE"));
      expect(error.message).to.contain("rootOfZero");

      using model = bert();
      noGrad(() => model.parameters().forEach((parameter) => parameter.fill_(NaN)));
      const forwardCall = async (): Promise<Tensor> =>
        (await model.forward({ inputIds: Tensor.from(IDS), labels: Tensor.from([0n]) })).loss;
      const inside = await detectAnomaly(async () => rejection((await forwardCall()).backward(), "ERR_NON_FINITE"));
      expect(inside.message).to.contain("forwardCall");
    }));

  it("explains other errors of backward as well, leaves hooks' errors alone, and checks no NaN on request", () =>
    scope(async () => {
      const x = leaf([1]);
      await detectAnomaly(async () => {
        const inner = x.mul(1);
        const y = inner.exp();
        noGrad(() => y.add_(1));
        expect((await rejection(y.sum().backward(), "ERR_OPERATOR_FAILED")).message)
          .to.contain("ExpBackward0")
          .and.to.contain("modes.test");
        const mine = new RangeError("mine");
        const hook = inner.registerHook(() => {
          throw mine;
        });
        expect(
          await inner
            .sum()
            .backward()
            .catch((error: unknown) => error),
        ).to.equal(mine);
        hook.remove();
      });
      await detectAnomaly(() => rootOfZero(x).backward(), { checkNan: false });
      const before = rootOfZero(x);
      expect((await detectAnomaly(() => rejection(before.backward(), "ERR_NON_FINITE"))).message).to.contain(
        "while anomaly detection was off",
      );
      thrown(
        () =>
          detectAnomaly(
            () => {
              throw new RangeError("out");
            },
            { checkNan: 1 as never },
          ),
        "ERR_INVALID_ARG",
      );
      expect(() =>
        detectAnomaly(() => {
          throw new RangeError("out");
        }),
      ).to.throw(RangeError);
      await rootOfZero(x).backward();
      x.grad = undefined;
    }));
});
