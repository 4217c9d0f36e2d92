/** TypeScript modules and TorchScript modules in one model, in one Trainer, in one saved folder. */
import { expect } from "chai";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Batch, ScriptModule, BertForSequenceClassification } from "../../lib/index";
import {
  AdamW,
  Classifier,
  DataLoader,
  loadSafetensors,
  loadTextClassifier,
  ModuleClassifier,
  nn,
  saveSafetensors,
  Trainer,
} from "../../lib/index";
import { manualSeed } from "../../lib/tensor/device";
import { memory } from "../../lib/tensor/memory";
import { ops } from "../../lib/tensor/ops";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import type { Tokenizer } from "../../lib/text/tokenizer";
import { readSafetensors } from "../support/golden";
import { rejection, thrown } from "../support/rejection";
import { inFolder, LABELS, TINY_CONFIG, tinyBert, tinyData, tinyTokenizer } from "../support/tiny-bert";

/** The tiny BERT's encoder as a TorchScript part, under a head of one's own. */
class Model extends nn.Module {
  readonly bert: ScriptModule;
  readonly head;

  constructor(whole: BertForSequenceClassification = tinyBert()) {
    super();
    this.bert = whole.part("bert");
    whole.dispose();
    manualSeed(3);
    this.head = new nn.Sequential(
      new nn.Linear(TINY_CONFIG.hidden_size, 16),
      new nn.GELU(),
      new nn.Dropout(0.1),
      new nn.Linear(16, LABELS.length),
    );
    this.parameters(); // the part's handles exist from here on
  }

  async forward({ inputIds, attentionMask, tokenTypeIds }: Batch): Promise<Tensor> {
    const hidden = (await this.bert.forward([inputIds, attentionMask, tokenTypeIds])) as Tensor; // [B, T, H]
    const mask = attentionMask.unsqueeze(-1); // [B, T, 1]
    return this.head.forward(
      hidden
        .mul(mask)
        .sum([1])
        .div(mask.sum([1])),
    ); // [B, classes]
  }
}

/** Gives what `output` makes of its logits. */
class Bag extends nn.Module {
  readonly words = new nn.Embedding(TINY_CONFIG.vocab_size, LABELS.length);

  constructor(readonly output: (logits: Tensor) => unknown = (logits) => logits) {
    super();
  }

  forward({ inputIds }: Batch): Tensor {
    return this.output(this.words.forward(inputIds).mean([1])) as Tensor; // [B, classes]
  }
}

describe("nn with TorchScript parts", () => {
  let tokenizer: Tokenizer;
  const options = { labels: LABELS, maxSteps: 96, learningRate: 5e-3, logEvery: 8, progress: "silent" } as const;
  const loaderOf = (rows: number): DataLoader =>
    new DataLoader(tinyData(rows), { tokenizer, batchSize: 8, shuffle: true, device: "cpu" });

  before(async () => {
    tokenizer = await tinyTokenizer();
  });

  it("the part's parameters stand under its name, in its own order, and follow every mode", async () => {
    const whole = tinyBert();
    const inner = whole.namedParameters().flatMap(([name]) => (name.startsWith("bert.") ? [name] : []));
    using model = new Model(whole);
    const own = ["head.0.weight", "head.0.bias", "head.3.weight", "head.3.bias"];
    expect(model.namedParameters().map(([name]) => name)).to.deep.equal([...inner, ...own]);
    expect([...model.stateDict().keys()]).to.deep.equal([...inner, ...own]);
    expect(model.namedModules().map(([name]) => name)).to.include.members(["bert", "head", "head.1"]);
    expect(model.children()[0]).to.equal(model.bert);

    model.eval();
    expect([model.bert.training, model.head.training]).to.deep.equal([false, false]);
    model.train();
    expect(model.bert.training).to.be.true;
    model.requiresGrad_(false);
    expect(model.bert.parameters().some(({ requiresGrad }) => requiresGrad)).to.be.false;
    await model.to("float64");
    expect(new Set(model.bert.parameters().map(({ dtype }) => dtype))).to.deep.equal(new Set(["float64"]));
  });

  it("a model of this library is a part as it is", () => {
    class Ensemble extends nn.Module {
      readonly model = tinyBert();
      forward(): void {}
    }
    using ensemble = new Ensemble();
    expect(ensemble.namedParameters()[0]?.[0]).to.equal("model.bert.embeddings.word_embeddings.weight");
    ensemble.eval();
    expect(ensemble.model.training).to.be.false;
  });

  it("parameters that two TorchScript parts share are listed once, and stand twice in the state", async () => {
    class Overlapping extends nn.Module {
      readonly whole = tinyBert();
      readonly pooler = this.whole.part("bert.pooler");
      forward(): void {}
    }
    using model = new Overlapping();
    const own = model.whole.parameters();
    expect(model.parameters()).to.deep.equal(own);
    expect(model.stateDict().size).to.equal(own.length + 2);
    using optimizer = new AdamW(model.parameters());
    expect(optimizer.groups[0]?.params.length).to.equal(own.length);
  });

  it("Sequential passes tensors through TorchScript layers, with a promise", async () => {
    using whole = tinyBert();
    using sequence = new nn.Sequential(whole.part("bert.pooler"), new nn.Linear(TINY_CONFIG.hidden_size, 2));
    await scope(async () => {
      const promise = sequence.forward(ops.ones([3, 4, TINY_CONFIG.hidden_size]));
      expect(promise).to.be.instanceOf(Promise);
      expect((await promise).shape).to.deep.equal([3, 2]);
    });
    expect([...sequence.stateDict().keys()]).to.deep.equal(["0.dense.weight", "0.dense.bias", "1.weight", "1.bias"]);
  });

  it("the Trainer trains both parts, lowers the loss, and leaves nothing behind", async () => {
    using model = new Model();
    const before = model.parameters().map((parameter) => parameter.toTypedArray());
    const live = memory().liveTensors;
    const trainer = new Trainer(model, options);
    const { log, evaluations } = await trainer.fit(loaderOf(64), { evalLoader: loaderOf(32) });
    expect(log.at(-1)?.loss).to.be.below((log[0]?.loss as number) / 2);
    expect(evaluations.at(-1)?.metrics.accuracy).to.be.at.least(0.9);
    const still = model
      .namedParameters()
      .filter(([, parameter], i) => Buffer.compare(bytes(parameter.toTypedArray()), bytes(before[i])) === 0);
    expect(still.map(([name]) => name)).to.deep.equal(["bert.pooler.dense.weight", "bert.pooler.dense.bias"]); // not in this forward
    expect(memory().liveTensors).to.be.at.most(live); // fewer where garbage of before was collected
  });

  it("a frozen part keeps its weights", async () => {
    using model = new Model();
    for (const parameter of model.bert.parameters()) parameter.requiresGrad = false;
    const before = model.bert.parameters().map((parameter) => parameter.toTypedArray());
    const { log } = await new Trainer(model, options).fit(loaderOf(64));
    expect(log.at(-1)?.loss).to.be.below(log[0]?.loss as number);
    expect(model.bert.parameters().map((parameter) => parameter.toTypedArray())).to.deep.equal(before);
  });

  it("what the Trainer saves opens with the class, predicts the same, and says that it needs the class", async () => {
    await inFolder(async (folder) => {
      using model = new Model();
      const trainer = new Trainer(model, options);
      await trainer.fit(loaderOf(32));
      const saved = join(folder, "model");
      await trainer.save(saved);
      expect([...readSafetensors(join(saved, "model.safetensors")).keys()]).to.deep.equal([
        ...model.stateDict().keys(),
      ]);
      const config = JSON.parse(await readFile(join(saved, "config.json"), "utf8")) as unknown;
      expect(config).to.deep.include({
        model_type: "torchwright-module",
        architectures: ["Model"],
        id2label: { 0: "good", 1: "bad" },
      });

      const { labels } = await trainer.predict(new DataLoader(tinyData(9), { tokenizer, device: "cpu" }));
      using classifier = new Classifier(await ModuleClassifier.load(saved, new Model()), tokenizer);
      const again = await classifier.predict(Array.from(tinyData(9), ({ text }) => text));
      expect(again.map(({ label }) => label)).to.deep.equal(labels);

      expect((await rejection(loadTextClassifier(saved), "ERR_CONFIG_INVALID")).message)
        .to.contain("ModuleClassifier.load(")
        .and.contain("new Model(");
      using other = new Bag();
      await rejection(ModuleClassifier.load(saved, other), "ERR_WEIGHTS_MISMATCH");
      await rejection(ModuleClassifier.load(folder, other), "ERR_FILE_NOT_FOUND");

      using third = new Model();
      const before = third.parameters().map((parameter) => parameter.toArray());
      const file = join(saved, "model.safetensors");
      const damaged = await readFile(file);
      damaged[damaged.length - 1] = (damaged.at(-1) as number) ^ 1;
      await writeFile(file, damaged);
      await rejection(ModuleClassifier.load(saved, third), "ERR_CHECKSUM");
      expect(third.parameters().map((parameter) => parameter.toArray())).to.deep.equal(before);
    });
  });
});

const bytes = (values: ArrayBufferView | undefined): Uint8Array =>
  values ? new Uint8Array(values.buffer, values.byteOffset, values.byteLength) : new Uint8Array();

describe("nn modules as classifiers", () => {
  let tokenizer: Tokenizer;
  const fit = async (module: Bag, labels: readonly string[] = LABELS): Promise<unknown> =>
    new Trainer(module, { labels, maxSteps: 1, progress: "silent" }).fit(
      new DataLoader(tinyData(8), { tokenizer, device: "cpu" }),
    );

  before(async () => {
    tokenizer = await tinyTokenizer();
  });

  it("takes logits, or logits with a loss of the module's own", async () => {
    using x = Tensor.from([[1n, 2n]]);
    using labels = Tensor.from([1n]);
    await scope(async () => {
      using alone = new ModuleClassifier(new Bag(), LABELS);
      const output = await alone.forward({ inputIds: x, labels });
      const [good = 0, bad = 0] = output.logits.toTypedArray() as Float32Array;
      expect(Number(output.loss.item())).to.be.closeTo(Math.log(Math.exp(good) + Math.exp(bad)) - bad, 1e-6); // −log softmax
      const unlabelled = await alone.forward({ inputIds: x });
      thrown(() => unlabelled.loss, "ERR_INVALID_ARG");
      using own = new ModuleClassifier(new Bag((logits) => ({ logits, loss: logits.sum() })), LABELS);
      const { loss, logits } = await own.forward({ inputIds: x, labels });
      expect(loss.item()).to.equal(logits.sum().item());
    });
  });

  it("refuses bad labels, other outputs, and a number of classes that does not fit", async () => {
    using bag = new Bag();
    thrown(() => new Trainer(bag), "ERR_INVALID_ARG");
    thrown(() => new ModuleClassifier(bag, ["one"]), "ERR_INVALID_ARG");
    thrown(() => new ModuleClassifier({} as Bag, LABELS), "ERR_INVALID_ARG");
    await rejection(fit(bag, [...LABELS, "third"]), "ERR_LABEL_COUNT");
    using odd = new Bag(() => 5);
    await rejection(fit(odd), "ERR_OUTPUT_NOT_UNDERSTOOD");
  });

  it("saveSafetensors and loadSafetensors are each other's inverse", async () => {
    await inFolder(async (folder) => {
      const file = join(folder, "state.safetensors");
      using layer = new nn.Linear(3, 2);
      using other = new nn.Linear(3, 2);
      await saveSafetensors(file, layer.stateDict());
      await scope(async () => other.loadStateDict(await loadSafetensors(file)));
      expect(other.weight.toArray()).to.deep.equal(layer.weight.toArray());
      await rejection(saveSafetensors(file, { weight: 5 as unknown as Tensor }), "ERR_INVALID_ARG");
      await rejection(loadSafetensors(5 as unknown as string), "ERR_INVALID_ARG");
      await rejection(loadSafetensors(join(folder, "none")), "ERR_FILE_NOT_FOUND");
      await rejection(loadSafetensors(folder), "ERR_FILE_READ");
      await rejection(saveSafetensors(join(folder, "none", "state"), layer.stateDict()), "ERR_FILE_WRITE");
    });
  });

  it("saveSafetensors writes the values of any tensor under any name but the format's own", async () => {
    await inFolder(async (folder) => {
      const file = join(folder, "state.safetensors");
      await scope(async () => {
        const x = Tensor.from([1, 2], { requiresGrad: true });
        x.sgn().sum().backwardSync(); // its gradient is zero and has no memory
        const imaginary = ops.imag(ops.conj(Tensor.from([{ re: 1, im: 2 }]))); // negated when it is read
        const state = new Map([
          ["zero", x.grad as Tensor],
          ["imaginary", imaginary],
          ["__proto__", Tensor.from([3])],
          ["transposed", Tensor.from([[1, 2, 3]]).t()],
          ["unsigned", Tensor.from([2n ** 64n - 1n], { dtype: "uint64" })],
          ["complex", Tensor.from([{ re: 1, im: -2 }])],
        ]);
        await saveSafetensors(file, state);
        const read = await loadSafetensors(file);
        expect([...read].map(([name, tensor]) => [name, tensor.toArray()])).to.deep.equal([
          ["zero", [0, 0]],
          ["imaginary", [-2]],
          ["__proto__", [3]],
          ["transposed", [[1], [2], [3]]],
          ["unsigned", [2n ** 64n - 1n]],
          ["complex", [{ re: 1, im: -2 }]],
        ]);
        await rejection(saveSafetensors(file, { __metadata__: Tensor.from([1]) }), "ERR_INVALID_ARG");
      });
    });
  });

  it("saveSafetensors that fails leaves the file that was there, and nothing beside it", async () => {
    await inFolder(async (folder) => {
      const file = join(folder, "state.safetensors");
      await scope(async () => {
        const layer = new nn.Linear(3, 2);
        await saveSafetensors(file, layer.stateDict());
        const before = await readFile(file);
        await rejection(
          saveSafetensors(file, {
            whole: Tensor.from([1]),
            complex: Tensor.from([{ re: 1, im: 2 }], { dtype: "complex128" }),
          }),
          "ERR_INVALID_ARG",
        );
        // What is queued comes first: the header says float32 of what is float16 by then.
        const busy = ops.zeros([50_000_000]).read();
        const moved = layer.to({ dtype: "float16" });
        await rejection(saveSafetensors(file, layer.stateDict()), "ERR_INVALID_ARG");
        await Promise.all([busy, moved]);
        expect(await readFile(file)).to.deep.equal(before);
        expect(await readdir(folder)).to.deep.equal(["state.safetensors"]);
        layer.dispose();
      });
    });
  });
});
