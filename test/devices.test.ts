/** The same behaviour and the same numbers on every device, from a tensor to a saved model. */
import { expect } from "chai";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DataLoader } from "../lib/data/data-loader";
import { jit } from "../lib/jit/load";
import { BertForSequenceClassification } from "../lib/models/bert-for-sequence-classification";
import { Linear } from "../lib/nn/linear";
import { AdamW } from "../lib/optim/adamw";
import { clipGradNorm } from "../lib/optim/clip-grad-norm";
import { decayGroups } from "../lib/optim/decay-groups";
import { LinearSchedule } from "../lib/optim/schedules/linear";
import { Classifier } from "../lib/predict/classifier";
import { manualSeed, synchronize } from "../lib/tensor/device";
import { emptyCache, memory, resetPeakMemory } from "../lib/tensor/memory";
import { ops } from "../lib/tensor/ops";
import { scope } from "../lib/tensor/scope";
import { Tensor } from "../lib/tensor/tensor";
import { Trainer } from "../lib/train/trainer";
import { fullName, onEachDevice } from "./support/devices";
import type { GoldenBatch } from "./support/golden";
import { GOLDEN, largestDifference, readGolden, toBatch } from "./support/golden";
import { thrown } from "./support/rejection";
import { inFolder, tinyBert, tinyData, tinyTokenizer } from "./support/tiny-bert";

interface GoldenTraining {
  readonly settings: {
    learningRate: number;
    warmupSteps: number;
    totalSteps: number;
    weightDecay: number;
    maxGradNorm: number;
  };
  readonly runs: readonly { readonly dropout: number; readonly loss: readonly number[] }[];
  readonly batches: readonly GoldenBatch[];
}

/** float32 on another device sums in another order than the CPU that wrote the golden files. */
const TOLERANCE = 1e-4;

onEachDevice("tensors", (device) => {
  it("are computed, differentiated and copied back", async () => {
    await scope(async () => {
      const x = Tensor.from(
        [
          [1, 2],
          [3, 4],
        ],
        { device, requiresGrad: true },
      );
      await x.matmul(x).sum().backward();
      expect(x.device).to.equal(fullName(device));
      expect(x.grad?.toArray()).to.deep.equal([
        [7, 11],
        [9, 13],
      ]); // rows' and columns' sums
      expect(x.to("cpu").toArray()).to.deep.equal([
        [1, 2],
        [3, 4],
      ]);
      expect([...(await x.detach().read())]).to.deep.equal([1, 2, 3, 4]);
      await synchronize(device);
    });
  });

  it("move there and back, blocking or not", async () => {
    await scope(async () => {
      const x = Tensor.from([1, 2, 3]);
      const there = x.to({ device, nonBlocking: true });
      expect(there.device).to.equal(fullName(device));
      const back = there.to({ device: "cpu", dtype: "float64", nonBlocking: true });
      await synchronize(device);
      expect(back.toArray()).to.deep.equal([1, 2, 3]);
      expect(back.dtype).to.equal("float64");
    });
  });

  it("are drawn again under the same seed", () =>
    scope(() => {
      manualSeed(3);
      const first = ops.rand([5], { device }).toArray();
      manualSeed(3);
      expect(ops.rand([5], { device }).toArray()).to.deep.equal(first);
    }));

  it("are counted by the device's allocator, with their peak", () => {
    const bytes = (): { allocatedBytes: number; peakBytes: number; reservedBytes: number } => {
      const found = memory().devices[fullName(device)];
      if (!found) throw new Error(`memory: no ${device}`);
      return found;
    };
    ops.zeros([1], { device }).dispose(); // the device is open from here
    const before = bytes().allocatedBytes;
    resetPeakMemory(device);
    const x = ops.zeros([1 << 20], { device }); // 4 MiB
    expect(bytes().allocatedBytes - before).to.be.within(4 << 20, 5 << 20);
    x.dispose();
    expect(bytes().allocatedBytes).to.equal(before);
    expect(bytes().peakBytes - before).to.be.within(4 << 20, 5 << 20);
    expect(bytes().reservedBytes).to.be.at.least(before);
    resetPeakMemory();
    expect(bytes().peakBytes).to.equal(before);
    emptyCache();
    expect(bytes().allocatedBytes).to.equal(before);
  });

  it("that do not fit are an error with the figures", () => {
    using held = ops.ones([3, 1 << 20], { device });
    const { details } = thrown(() => ops.empty([2 ** 50], { device }), "ERR_OUT_OF_MEMORY");
    expect(details?.device).to.equal(fullName(device));
    expect(details?.liveBytes).to.be.at.least(held.numel * 4);
    expect(details?.largest.some(({ shape }) => shape.join() === `3,${1 << 20}`)).to.equal(true);
  });
});

onEachDevice("training", (device) => {
  it("takes the same steps as PyTorch on the CPU, without dropout", async () => {
    const { settings, runs, batches } = readGolden<GoldenTraining>("training.json");
    const expected = runs.find(({ dropout }) => dropout === 0)?.loss ?? [];
    const config = { hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 };
    const source = await BertForSequenceClassification.fromPretrained(join(GOLDEN, "bert"), { device: "cpu" });
    await inFolder(async (folder) => {
      await source.save(join(folder, "model"));
      const file = join(folder, "model", "config.json");
      await writeFile(file, JSON.stringify({ ...(JSON.parse(await readFile(file, "utf8")) as object), ...config }));
      const model = await BertForSequenceClassification.fromPretrained(join(folder, "model"), { device });
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

  it("learns through the Trainer, evaluates, predicts, and serves what it learned", async () => {
    const model = tinyBert();
    const tokenizer = await tinyTokenizer();
    const loader = new DataLoader(tinyData(64), { tokenizer, batchSize: 16, shuffle: true });
    const trainer = new Trainer(model, { device, epochs: 20, learningRate: 3e-3, progress: "silent" });
    expect((await trainer.fit(loader)).device).to.equal(fullName(device));
    expect((await trainer.evaluate(loader)).accuracy).to.be.greaterThan(0.9);
    expect((await trainer.predict(loader)).labels).to.have.length(64);
    const classifier = new Classifier(model, tokenizer);
    expect((await classifier.predict("this film was very good")).label).to.equal("good");
    classifier.dispose();
    model.dispose();
  });
});

onEachDevice("models", (device) => {
  it("move there and back, and save from there", async () => {
    const model = tinyBert();
    const before = model.parameters()[0]?.toTypedArray();
    await model.to(device);
    expect(model.parameters()[0]?.device).to.equal(fullName(device));
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

  it("of nn move there and back under the same handles, gradients included", async () => {
    using layer = new Linear(2, 1);
    const before = layer.weight.toTypedArray();
    await scope(async () =>
      layer
        .forward(ops.ones([1, 2]))
        .sum()
        .backward(),
    );
    const { grad } = layer.weight;
    await layer.to(device);
    expect([layer.weight.device, grad?.device]).to.deep.equal([fullName(device), fullName(device)]);
    await scope(async () =>
      layer
        .forward(ops.ones([1, 2], { device }))
        .sum()
        .backward(),
    );
    expect(layer.weight.grad).to.equal(grad);
    expect(grad?.toArray()).to.deep.equal([[2, 2]]);
    await layer.to("cpu");
    expect(layer.weight.toTypedArray()).to.deep.equal(before);
  });

  it("take the tensors that tracing left in their graphs along, there and back", async () => {
    const module = await jit.load(join(GOLDEN, "torchscript", "traced-constant.pt"), { device: "cpu" });
    for (const target of [device, "cpu"] as const) {
      await module.to(target);
      await scope(async () =>
        expect(((await module.forward([Tensor.from([0, 0], { device: target })])) as Tensor).toArray()).to.deep.equal([
          1, 2,
        ]),
      );
    }
    module.dispose();
  });

  it("that were traced elsewhere open, their baked-in devices rewritten", async () => {
    const module = await jit.load(join(GOLDEN, "torchscript", "traced-eval.pt"), { device });
    expect(module.parameters().every((parameter) => parameter.device === fullName(device))).to.equal(true);
    await scope(async () => {
      const inputs = Tensor.from([[1n, 2n, 3n]], { device });
      const mask = Tensor.from([[1n, 1n, 1n]], { device });
      await module.forward([], { input_ids: inputs, attention_mask: mask, token_type_ids: mask.sub(mask) });
    });
    module.dispose();
  });
});
