/**
 * The same numbers on a GPU. Where there is none the tests are skipped with the reason in their title; with
 * `TORCHWRIGHT_TEST_DEVICE=cuda` (`npm run test:gpu`) a missing GPU is a failure.
 */
import { expect } from "chai";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { jit } from "../lib/jit/load";
import { BertForSequenceClassification } from "../lib/models/bert-for-sequence-classification";
import { nn } from "../lib/index";
import { AdamW } from "../lib/optim/adamw";
import { clipGradNorm } from "../lib/optim/clip-grad-norm";
import { decayGroups } from "../lib/optim/decay-groups";
import { LinearSchedule } from "../lib/optim/linear-schedule";
import { cudaStatus, synchronize } from "../lib/tensor/device";
import { ops } from "../lib/tensor/ops";
import { scope } from "../lib/tensor/scope";
import { Tensor } from "../lib/tensor/tensor";
import { Trainer } from "../lib/train/trainer";
import { DataLoader } from "../lib/data/data-loader";
import type { GoldenBatch } from "./support/golden";
import { GOLDEN, largestDifference, readGolden, toBatch } from "./support/golden";
import { inFolder, tinyBert, tinyData, tinyTokenizer } from "./support/tiny-bert";

interface GoldenTraining {
  readonly settings: { learningRate: number; warmupSteps: number; totalSteps: number; weightDecay: number; maxGradNorm: number };
  readonly runs: readonly { readonly dropout: number; readonly loss: readonly number[] }[];
  readonly batches: readonly GoldenBatch[];
}

/** float32 on another device sums in another order. */
const TOLERANCE = 1e-4;

function onCuda(title: string, suite: () => void): void {
  const { available, reason } = cudaStatus();
  if (available) {
    describe(title, suite);
  } else if (process.env.TORCHWRIGHT_TEST_DEVICE === "cuda") {
    it(`${title}: needs a GPU`, () => {
      throw new Error(reason);
    });
  } else {
    describe.skip(`${title} (skipped: ${reason})`, suite);
  }
}

onCuda("on CUDA", () => {
  it("computes and differentiates tensors, and copies them back", async () => {
    await scope(async () => {
      const x = Tensor.from([[1, 2], [3, 4]], { device: "cuda", requiresGrad: true });
      await x.matmul(x).sum().backward();
      expect(x.device).to.equal("cuda:0");
      expect(x.grad?.toArray()).to.deep.equal([[7, 11], [9, 13]]); // rows' and columns' sums
      expect(x.to("cpu").toArray()).to.deep.equal([[1, 2], [3, 4]]);
      expect([...(await x.detach().read())]).to.deep.equal([1, 2, 3, 4]);
      await synchronize("cuda");
    });
  });

  it("takes the same training steps as PyTorch on the CPU, without dropout", async () => {
    const { settings, runs, batches } = readGolden<GoldenTraining>("training.json");
    const expected = runs.find(({ dropout }) => dropout === 0)?.loss ?? [];
    const config = { hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 };
    const source = await BertForSequenceClassification.fromPretrained(join(GOLDEN, "bert"), { device: "cpu" });
    await inFolder(async (folder) => {
      await source.save(join(folder, "model"));
      const file = join(folder, "model", "config.json");
      await writeFile(file, JSON.stringify({ ...(JSON.parse(await readFile(file, "utf8")) as object), ...config }));
      const model = await BertForSequenceClassification.fromPretrained(join(folder, "model"), { device: "cuda" });
      using optimizer = new AdamW(decayGroups(model, settings.weightDecay), { lr: settings.learningRate });
      const schedule = new LinearSchedule(optimizer, settings);
      const losses: number[] = [];
      for (const batch of batches) {
        await scope(async () => {
          const { loss } = await model.forward(toBatch(batch));
          await loss.backward();
          await clipGradNorm(model.parameters(), settings.maxGradNorm);
          await optimizer.step();
          schedule.step();
          optimizer.zeroGrad();
          losses.push(Number(loss.item()));
        });
      }
      expect(losses).to.have.length(expected.length);
      expect(largestDifference(losses, expected)).to.be.at.most(TOLERANCE);
      model.dispose();
    });
    source.dispose();
  });

  it("moves a model there and back, and saves from there", async () => {
    const model = tinyBert();
    const before = model.parameters()[0]?.toTypedArray();
    await model.to("cuda");
    expect(model.parameters()[0]?.device).to.equal("cuda:0");
    await inFolder(async (folder) => {
      await model.save(join(folder, "model"));
      const reopened = await BertForSequenceClassification.fromPretrained(join(folder, "model"), { device: "cpu" });
      expect(reopened.parameters()[0]?.toTypedArray()).to.deep.equal(before);
      reopened.dispose();
    });
    await model.to("cpu");
    expect(model.parameters()[0]?.toTypedArray()).to.deep.equal(before);
    model.dispose();
  });

  it("moves an nn.Module there and back under the same handles, gradients included", async () => {
    using layer = new nn.Linear(2, 1);
    const before = layer.weight.toTypedArray();
    await scope(async () => layer.forward(ops.ones([1, 2])).sum().backward());
    const { grad } = layer.weight;
    await layer.to("cuda");
    expect([layer.weight.device, grad?.device]).to.deep.equal(["cuda:0", "cuda:0"]);
    await scope(async () => layer.forward(ops.ones([1, 2], { device: "cuda" })).sum().backward());
    expect(layer.weight.grad).to.equal(grad);
    expect(grad?.toArray()).to.deep.equal([[2, 2]]);
    await layer.to("cpu");
    expect(layer.weight.toTypedArray()).to.deep.equal(before);
  });

  it("trains through the Trainer", async () => {
    const model = tinyBert();
    const loader = new DataLoader(tinyData(64), { tokenizer: await tinyTokenizer(), batchSize: 16, shuffle: true });
    const trainer = new Trainer(model, { device: "cuda", epochs: 20, learningRate: 3e-3, progress: "silent" });
    await trainer.fit(loader);
    expect((await trainer.evaluate(loader)).accuracy).to.be.greaterThan(0.9);
    model.dispose();
  });

  it("moves a tensor that tracing left in a graph, there and back", async () => {
    const module = await jit.load(join(GOLDEN, "torchscript", "traced-constant.pt"), { device: "cpu" });
    for (const device of ["cuda", "cpu"]) {
      await module.to(device);
      await scope(async () => expect(((await module.forward([Tensor.from([0, 0], { device })])) as Tensor).toArray()).to.deep.equal([1, 2]));
    }
    module.dispose();
  });

  it("opens a module that was traced elsewhere, its baked-in devices rewritten", async () => {
    const module = await jit.load(join(GOLDEN, "torchscript", "traced-eval.pt"), { device: "cuda" });
    expect(module.parameters().every(({ device }) => device === "cuda:0")).to.equal(true);
    await scope(async () => {
      const inputs = Tensor.from([[1n, 2n, 3n]], { device: "cuda" });
      const mask = Tensor.from([[1n, 1n, 1n]], { device: "cuda" });
      await module.forward([], { input_ids: inputs, attention_mask: mask, token_type_ids: mask.sub(mask) });
    });
    module.dispose();
  });
});
