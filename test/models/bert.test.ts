/** BERT from configurations and folders: what is accepted, what is refused, and what a saved folder holds. */
import { expect } from "chai";
import { mkdir, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { noGrad } from "../../lib/autograd/grad-mode";
import type { ErrorCode } from "../../lib/errors";
import { jit } from "../../lib/jit/load";
import { loadTextClassifier } from "../../lib/models/auto-classifier";
import { BertForSequenceClassification as Bert } from "../../lib/models/bert-for-sequence-classification";
import { cudaStatus } from "../../lib/tensor/device";
import { memory } from "../../lib/tensor/memory";
import { ops } from "../../lib/tensor/ops";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import { readSafetensors, type StoredTensor, writeSafetensors } from "../support/golden";
import { rejection, thrown } from "../support/rejection";
import { inFolder, LABELS, TINY_CONFIG, tinyBert } from "../support/tiny-bert";

const ids = (rows: number[][]): Tensor => Tensor.from(rows, { dtype: "int64" });
const BATCH = [
  [2, 7, 8, 3],
  [2, 9, 3, 0],
];
const MASK = [
  [1, 1, 1, 1],
  [1, 1, 1, 0],
];

/** Logits in eval mode, as numbers. */
function logitsOf(model: Bert): Promise<unknown> {
  model.eval();
  return scope(async () => (await model.forward({ inputIds: ids(BATCH), attentionMask: ids(MASK) })).logits.toArray());
}

/** A folder with a saved model in it, changed by `change`, as `use` finds it. */
function withFolder(change: (folder: string) => Promise<void>, use: (folder: string) => Promise<void>): Promise<void> {
  return inFolder(async (root) => {
    const folder = join(root, "model");
    const model = tinyBert();
    await model.save(folder);
    model.dispose();
    await rm(join(folder, "manifest.json")); // as a folder from elsewhere: manifest.test.ts is about the rest
    await change(folder);
    await use(folder);
  });
}

function changeWeights(change: (weights: Map<string, StoredTensor>) => void): (folder: string) => Promise<void> {
  return async (folder) => {
    const file = join(folder, "model.safetensors");
    const weights = readSafetensors(file);
    change(weights);
    writeSafetensors(file, weights);
  };
}

async function editConfig(folder: string, change: object): Promise<void> {
  const file = join(folder, "config.json");
  await writeFile(file, JSON.stringify({ ...(JSON.parse(await readFile(file, "utf8")) as object), ...change }));
}

/** Loading fails with the code, says every part of the message, and leaves no tensor. */
async function expectRefused(
  folder: string,
  code: ErrorCode,
  parts: readonly string[] = [],
  labels?: readonly string[],
): Promise<void> {
  const before = memory().liveTensors;
  const { message } = await rejection(Bert.fromPretrained(folder, { device: "cpu", ...(labels && { labels }) }), code);
  for (const part of parts) expect(message).to.contain(part);
  expect(memory().liveTensors).to.equal(before);
}

describe("fromConfig", () => {
  it("draws weights as Hugging Face: N(0, initializer_range), zero biases and padding row, LayerNorm 1 and 0", () => {
    const model = tinyBert(LABELS, { initializer_range: 0.5, hidden_size: 64 });
    for (const [name, tensor] of model.namedParameters()) {
      const values = Array.from(tensor.toTypedArray(), Number);
      if (name.endsWith("bias")) {
        expect(
          values.every((value) => value === 0),
          name,
        ).to.equal(true);
      } else if (name.endsWith("LayerNorm.weight")) {
        expect(
          values.every((value) => value === 1),
          name,
        ).to.equal(true);
      } else if (values.length > 2000) {
        const deviation = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
        expect(deviation, name).to.be.within(0.45, 0.55);
      }
      if (name.endsWith("word_embeddings.weight")) {
        expect(values.slice(0, 64).every((value) => value === 0)).to.equal(true);
      }
    }
    model.dispose();
  });

  it("is the same under one seed and another under another", () => {
    const first = (seed: number): unknown => {
      using model = Bert.fromConfig(TINY_CONFIG, { labels: LABELS, seed, device: "cpu" });
      return model.parameters()[0]?.toArray();
    };
    expect(first(1)).to.deep.equal(first(1));
    expect(first(1)).to.not.deep.equal(first(2));
  });

  it("computes in the dtype asked for", async () => {
    for (const dtype of ["float64", "bfloat16"] as const) {
      const model = Bert.fromConfig(TINY_CONFIG, { labels: LABELS, seed: 1, device: "cpu", dtype });
      expect(new Set(model.parameters().map((tensor) => tensor.dtype))).to.deep.equal(new Set([dtype]));
      await scope(async () => expect((await model.forward({ inputIds: ids(BATCH) })).logits.dtype).to.equal(dtype));
      model.dispose();
    }
    thrown(() => Bert.fromConfig(TINY_CONFIG, { labels: LABELS, dtype: "int64" as "float32" }), "ERR_UNKNOWN_DTYPE");
  });

  it("names the key that is wrong or not supported", () => {
    const wrong: readonly object[] = [
      { vocab_size: 0 },
      { vocab_size: "30522" },
      { hidden_size: 33 },
      { hidden_size: 1.5 },
      { num_hidden_layers: 0 },
      { num_attention_heads: 3 },
      { hidden_dropout_prob: 1.5 },
      { attention_probs_dropout_prob: -1 },
      { classifier_dropout: 2 },
      { classifier_dropout: "0.1" },
      { hidden_act: "gelu_fast" },
      { hidden_act: "toString" },
      { hidden_act: null },
      { max_position_embeddings: -1 },
      { pad_token_id: 9999 },
      { layer_norm_eps: "1e-12" },
      { position_embedding_type: "relative_key" },
      { is_decoder: true },
      { add_cross_attention: true },
      { problem_type: "ranking" },
      { model_type: "roberta" },
      { initializer_range: NaN },
      { type_vocab_size: 0 },
      { intermediate_size: Infinity },
    ];
    for (const change of wrong) {
      const { message } = thrown(() => tinyBert(LABELS, change), "ERR_CONFIG_INVALID");
      expect(message).to.contain(
        Object.keys(change)[0] === "hidden_size" && message.includes("num_attention_heads")
          ? "num_attention_heads"
          : Object.keys(change)[0],
      );
    }
    for (const none of [null, undefined, 5, "bert", []]) {
      thrown(() => Bert.fromConfig(none as never, { labels: LABELS }), "ERR_CONFIG_INVALID");
    }
  });

  it("refuses a model that no memory holds", () => {
    thrown(
      () => tinyBert(LABELS, { vocab_size: 2 ** 31 - 1, hidden_size: 2 ** 20, intermediate_size: 1 }),
      "ERR_OUT_OF_MEMORY",
    );
  });

  it("obeys classifier_dropout before hidden_dropout_prob", async () => {
    const spread = async (config: object): Promise<boolean> => {
      const model = tinyBert(LABELS, { hidden_dropout_prob: 0, attention_probs_dropout_prob: 0, ...config });
      model.train();
      const draw = (): Promise<string> =>
        scope(async () => JSON.stringify((await model.forward({ inputIds: ids(BATCH) })).logits.toArray()));
      const different = (await draw()) !== (await draw());
      model.dispose();
      return different;
    };
    expect(await spread({})).to.equal(false);
    expect(await spread({ classifier_dropout: 0.5 })).to.equal(true);
    expect(await spread({ hidden_dropout_prob: 0.5, classifier_dropout: 0 }), "elsewhere").to.equal(true);
    expect(await spread({ classifier_dropout: null })).to.equal(false);
  });

  it("needs at least two different names as labels", () => {
    for (const labels of [[], ["a"], ["a", "a"], ["a", 1], "ab", null, 2, undefined]) {
      thrown(() => Bert.fromConfig(TINY_CONFIG, { labels: labels as string[] }), "ERR_INVALID_ARG");
    }
  });
});

describe("a BERT's forward", () => {
  let model: Bert;

  before(() => {
    model = tinyBert();
  });
  after(() => model.dispose());

  it("refuses more tokens than the position table has, and says what to do", () =>
    scope(async () => {
      const { message } = await rejection(
        model.forward({ inputIds: ops.ones([1, 65], { dtype: "int64" }) }),
        "ERR_MAX_LENGTH",
      );
      expect(message).to.contain("64").and.to.contain("65").and.to.contain("maxLength: 64");
      await rejection(model.forward({ inputsEmbeds: ops.ones([1, 65, 32]) }), "ERR_MAX_LENGTH");
      expect((await model.forward({ inputIds: ops.ones([1, 64], { dtype: "int64" }) })).logits.shape).to.deep.equal([
        1, 2,
      ]);
    }));

  it("refuses inputs that do not fit, each with a code", () =>
    scope(async () => {
      const inputIds = ids(BATCH);
      for (const none of [{}, { inputIds: [[1]] }, { inputIds: null }, { attentionMask: ids(MASK) }]) {
        await rejection(model.forward(none as object), "ERR_INVALID_ARG");
      }
      await rejection(model.forward({ inputIds: ids([[999]]) }), "ERR_OPERATOR_FAILED");
      await rejection(model.forward({ inputIds: ids([[-1]]) }), "ERR_OPERATOR_FAILED");
      await rejection(model.forward({ inputIds: Tensor.from([[1.5]]) }), "ERR_OPERATOR_FAILED");
      await rejection(model.forward({ inputIds: ids([[1]]).squeeze() }), "ERR_OPERATOR_FAILED");
      await rejection(
        model.forward({
          inputIds,
          tokenTypeIds: ids([
            [5, 5, 5, 5],
            [5, 5, 5, 5],
          ]),
        }),
        "ERR_OPERATOR_FAILED",
      );
      await rejection(model.forward({ inputIds, positionIds: ids([[64, 64, 64, 64]]) }), "ERR_OPERATOR_FAILED");
      await rejection(model.forward({ inputIds, tokenTypeIds: ids([[0, 0, 0]]) }), "ERR_SHAPE_MISMATCH");
      for (const odd of [
        { attentionMask: ids([[1, 0]]) },
        { labels: Tensor.from([5, 0], { dtype: "int64" }) },
        { labels: Tensor.from([0], { dtype: "int64" }) },
      ]) {
        const error: unknown = await model.forward({ inputIds, ...odd }).catch((reason: unknown) => reason);
        expect(error).to.have.property("code").that.is.oneOf(["ERR_OPERATOR_FAILED", "ERR_SHAPE_MISMATCH"]);
      }
      const both = await rejection(model.forward({ inputIds, inputsEmbeds: ops.ones([2, 4, 32]) }), "ERR_INVALID_ARG");
      expect(both.message).to.contain("got both");
      const gone = ids(BATCH);
      gone.dispose();
      await rejection(model.forward({ inputIds: gone }), "ERR_TENSOR_DISPOSED");
    }));

  it("its parts, called one after the other, give its logits", () =>
    scope(async () => {
      model.eval();
      const inputIds = ids(BATCH);
      const { logits } = await model.forward({ inputIds, attentionMask: ids(MASK) });
      using embeddings = model.part("bert.embeddings");
      using pooler = model.part("bert.pooler");
      using classifier = model.part("classifier");
      const mask = ids(MASK).gt(0).unsqueeze(1).unsqueeze(1); // [B, 1, 1, T]
      let hidden = await embeddings.forward([inputIds]);
      for (let i = 0; i < 2; i++) {
        using layer = model.part(`bert.encoder.layer.${i}`);
        hidden = await layer.forward([hidden, mask]);
      }
      const own = (await classifier.forward([await pooler.forward([hidden])])) as Tensor;
      expect(own.toArray()).to.deep.equal(logits.toArray());
      thrown(() => model.part("bert.encoder.layer.2"), "ERR_INVALID_ARG");
      for (const name of ["nothing", "classifier.weight", "bert..pooler", 5, undefined]) {
        thrown(() => model.part(name as string), "ERR_INVALID_ARG");
      }
    }));

  it("refuses a batch whose class ids count in other names, or in the same in another order", () =>
    scope(async () => {
      const inputs = { inputIds: ids(BATCH), labels: Tensor.from([0, 1], { dtype: "int64" }) };
      const own = Number((await model.forward({ ...inputs, labelNames: [...LABELS] })).loss.item());
      expect(own).to.equal(Number((await model.forward(inputs)).loss.item()));
      for (const labelNames of [[...LABELS].reverse(), ["x", "y"], [...LABELS, "z"], LABELS.slice(1)]) {
        const { message } = await rejection(model.forward({ ...inputs, labelNames }), "ERR_LABEL_ORDER");
        expect(message).to.contain('"good", "bad"').and.to.contain("{ labels: model.labels }");
      }
      const { labels: _labels, ...unlabelled } = inputs;
      await model.forward({ ...unlabelled, labelNames: ["x", "y"] });
    }));

  it("its parts share its parameters, and its train and eval", () =>
    scope(async () => {
      using part = model.part("classifier");
      using layer = model.part("bert.encoder.layer.1");
      using inner = layer.submodule("attention");
      model.train();
      expect([part.training, layer.training, inner.training]).to.deep.equal([true, true, true]);
      layer.eval();
      expect([model.training, part.training, layer.training, inner.training]).to.deep.equal([true, true, false, false]);
      model.train();
      model.eval();
      expect([part.training, inner.training]).to.deep.equal([false, false]);
      const [, weight] = part.namedParameters()[0] as readonly [string, Tensor];
      noGrad(() => weight.add_(1));
      const own = model.namedParameters().find(([name]) => name === "classifier.weight")?.[1];
      expect(own?.toArray()).to.deep.equal(weight.toArray());
      noGrad(() => weight.sub_(1));
      expect(part.parameters()[0]).to.equal(part.parameters()[0]);
    }));

  it("after dispose is an error, and dispose twice is once", async () => {
    const gone = tinyBert();
    const part = gone.part("classifier");
    gone.dispose();
    gone.dispose();
    await scope(() => rejection(gone.forward({ inputIds: ids(BATCH) }), "ERR_MODULE_DISPOSED"));
    thrown(() => gone.train(), "ERR_MODULE_DISPOSED");
    thrown(() => gone.part("classifier"), "ERR_MODULE_DISPOSED");
    await rejection(gone.saveTorchScript("/nowhere/model.pt"), "ERR_MODULE_DISPOSED");
    await scope(async () =>
      expect(await part.forward([ops.ones([1, 32])]), "a part lives on its own")
        .to.have.property("shape")
        .deep.equal([1, 2]),
    );
    part.dispose();
    part.dispose();
    await rejection(part.forward([]), "ERR_MODULE_DISPOSED");
  });

  it("goes nowhere that is no device", async () => {
    await rejection(model.to("gpu"), "ERR_UNKNOWN_DEVICE");
    const { available } = cudaStatus();
    if (!available) {
      const { message } = await rejection(model.to("cuda"), "ERR_DEVICE_UNAVAILABLE");
      expect(message).to.match(/without CUDA|driver|device/);
      thrown(() => Bert.fromConfig(TINY_CONFIG, { labels: LABELS, device: "cuda" }), "ERR_DEVICE_UNAVAILABLE");
    }
    expect(await model.to("cpu")).to.equal(model);
  });
});

describe("saving and loading a BERT", () => {
  it("gives the same logits, labels and configuration", () =>
    inFolder(async (root) => {
      const folder = join(root, "deep/er/model");
      const model = tinyBert(["spam", "ham", "eggs"], { some_key: [1, { two: 3 }] });
      await model.save(folder);
      const again = await Bert.fromPretrained(folder, { device: "cpu" });
      expect(again.labels).to.deep.equal(["spam", "ham", "eggs"]);
      expect(again.config["some_key"]).to.deep.equal([1, { two: 3 }]);
      expect(again.loading).to.deep.equal({ missing: [], unexpected: [] });
      expect(await logitsOf(again)).to.deep.equal(await logitsOf(model));
      expect(await readdir(folder)).to.have.members(["config.json", "manifest.json", "model.safetensors"]);
      expect(await readdir(join(root, "deep/er")), "nothing beside it").to.deep.equal(["model"]);
      const generic = await loadTextClassifier(folder, { device: "cpu" });
      expect(generic).to.be.instanceOf(Bert);
      [model, again, generic].forEach((one) => one.dispose());
    }));

  it("saves what the weights are after a step that nobody awaited", () =>
    inFolder(async (root) => {
      const model = tinyBert();
      await scope(async () => {
        const { loss } = await model.forward({ inputIds: ids(BATCH), labels: Tensor.from([0, 1], { dtype: "int64" }) });
        await loss.backward();
      });
      noGrad(() => model.parameters().forEach((tensor) => tensor.mul_(0.5)));
      await model.save(join(root, "m"));
      const again = await Bert.fromPretrained(join(root, "m"), { device: "cpu" });
      expect(again.parameters().map((tensor) => tensor.toArray())).to.deep.equal(
        model.parameters().map((tensor) => tensor.toArray()),
      );
      [model, again].forEach((one) => one.dispose());
    }));

  it("replaces an older model whole, and leaves it whole when saving fails", () =>
    inFolder(async (root) => {
      const folder = join(root, "model");
      const [old, fresh] = [tinyBert(), tinyBert(["x", "y", "z"])];
      await old.save(folder, { files: { "training.json": "{}" } });
      const before = await readFile(join(folder, "model.safetensors"));
      await rejection(fresh.save(folder, { files: { "no/such/folder": "" } }), "ERR_FILE_WRITE");
      expect(await readFile(join(folder, "model.safetensors"))).to.deep.equal(before);
      expect(await readdir(root), "no remains").to.deep.equal(["model"]);
      await fresh.save(folder);
      expect(await readdir(folder)).to.have.members(["config.json", "manifest.json", "model.safetensors"]);
      expect(JSON.parse(await readFile(join(folder, "config.json"), "utf8")))
        .to.have.property("id2label")
        .deep.equal({ 0: "x", 1: "y", 2: "z" });
      expect(await readdir(root)).to.deep.equal(["model"]);
      [old, fresh].forEach((model) => model.dispose());
    }));

  it("touches no folder that holds anything else, and no file", () =>
    inFolder(async (root) => {
      const model = tinyBert();
      await writeFile(join(root, "thesis.txt"), "years of work");
      expect((await rejection(model.save(root), "ERR_FILE_WRITE")).message).to.contain("thesis.txt");
      await rejection(model.save(join(root, "thesis.txt")), "ERR_FILE_WRITE");
      await rejection(model.save(join(root, "thesis.txt/model")), "ERR_FILE_WRITE");
      expect(await readdir(root)).to.deep.equal(["thesis.txt"]);
      expect(await readFile(join(root, "thesis.txt"), "utf8")).to.equal("years of work");
      for (const none of ["", undefined, 5]) await rejection(model.save(none as string), "ERR_INVALID_ARG");
      await rejection(model.saveTorchScript(join(root, "no/such/folder/model.pt")), "ERR_FILE_WRITE");
      for (const none of ["", undefined, 5]) await rejection(model.saveTorchScript(none as string), "ERR_INVALID_ARG");
      model.dispose();
    }));

  it("as TorchScript gives the same logits when opened again", () =>
    inFolder(async (root) => {
      const model = tinyBert();
      model.eval();
      await model.saveTorchScript(join(root, "model.pt"));
      const module = await jit.load(join(root, "model.pt"), { device: "cpu" });
      expect(module.hasBakedDropout).to.equal(false);
      module.eval();
      const expected = await logitsOf(model);
      await scope(async () => {
        const [, logits] = (await module.forward([ids(BATCH), ids(MASK)])) as [undefined, Tensor];
        expect(logits.toArray()).to.deep.equal(expected);
      });
      [model, module].forEach((one) => one.dispose());
    }));

  describe("labels", () => {
    it("fewer or more than the checkpoint's classes are refused with both numbers", () =>
      withFolder(
        async () => undefined,
        async (folder) => {
          await expectRefused(folder, "ERR_LABEL_COUNT", ["2 classes", "3 labels"], ["a", "b", "c"]);
          for (const labels of [["a"], ["a", "a"], []]) {
            await rejection(Bert.fromPretrained(folder, { labels, device: "cpu" }), "ERR_INVALID_ARG");
          }
        },
      ));

    it("in another order keep the checkpoint's, other names rename its classes", () =>
      withFolder(
        async () => undefined,
        async (folder) => {
          const turned = await Bert.fromPretrained(folder, { labels: [...LABELS].reverse(), device: "cpu" });
          const renamed = await Bert.fromPretrained(folder, { labels: ["positive", "negative"], device: "cpu" });
          expect([turned.labels, renamed.labels]).to.deep.equal([[...LABELS], ["positive", "negative"]]);
          [turned, renamed].forEach((model) => model.dispose());
        },
      ));

    it("must fit the head in config.json as well, and may be absent there", async () => {
      await withFolder(
        (folder) => editConfig(folder, { id2label: { 0: "a", 1: "b", 2: "c" } }),
        (folder) => expectRefused(folder, "ERR_LABEL_COUNT", ["3 labels", "2 classes"]),
      );
      await withFolder(
        (folder) => editConfig(folder, { id2label: { 0: "a", 2: "b" } }),
        (folder) => expectRefused(folder, "ERR_CONFIG_INVALID", ["id2label"]),
      );
      await withFolder(
        (folder) => editConfig(folder, { id2label: 5 }),
        (folder) => expectRefused(folder, "ERR_CONFIG_INVALID", ["id2label"]),
      );
      await withFolder(
        (folder) => editConfig(folder, { id2label: null }),
        async (folder) => {
          using model = await Bert.fromPretrained(folder, { device: "cpu" });
          expect(model.labels).to.deep.equal(["LABEL_0", "LABEL_1"]);
        },
      );
    });

    it("are needed where the checkpoint has no head", () =>
      withFolder(
        changeWeights((weights) => ["classifier.weight", "classifier.bias"].forEach((name) => weights.delete(name))),
        async (folder) => {
          await expectRefused(folder, "ERR_LABEL_COUNT", ["labels"]);
          const draw = async (seed: number): Promise<unknown> => {
            using model = await Bert.fromPretrained(folder, { labels: ["a", "b", "c"], seed, device: "cpu" });
            expect(model.loading.missing).to.deep.equal(["classifier.weight", "classifier.bias"]);
            return model
              .namedParameters()
              .find(([name]) => name === "classifier.weight")?.[1]
              .toArray();
          };
          expect(await draw(1)).to.deep.equal(await draw(1));
          expect(await draw(1)).to.not.deep.equal(await draw(2));
        },
      ));
  });

  describe("weights", () => {
    it("may have more than is needed, which is reported", () =>
      withFolder(
        changeWeights((weights) => {
          weights.set("cls.predictions.bias", { dtype: "F32", shape: [2], bytes: new Uint8Array(8) });
          weights.set("bert.embeddings.position_ids", { dtype: "I64", shape: [1], bytes: new Uint8Array(8) });
        }),
        async (folder) => {
          using model = await Bert.fromPretrained(folder, { device: "cpu" });
          expect(model.loading).to.deep.equal({ missing: [], unexpected: ["cls.predictions.bias"] });
        },
      ));

    it("that are missing or mis-shaped are listed, and nothing is loaded", async () => {
      const name = "bert.encoder.layer.1.intermediate.dense.weight";
      await withFolder(
        changeWeights((weights) => {
          weights.delete(name);
          weights.set("odd", { dtype: "F32", shape: [0], bytes: new Uint8Array(0) });
        }),
        (folder) => expectRefused(folder, "ERR_WEIGHTS_MISMATCH", ["missing (1)", name, "unexpected (1): odd"]),
      );
      await withFolder(
        changeWeights((weights) => weights.set(name, { ...(weights.get(name) as StoredTensor), shape: [32, 64] })),
        (folder) =>
          expectRefused(folder, "ERR_WEIGHTS_MISMATCH", [
            "mis-shaped (1)",
            `${name} is [32, 64], config.json says [64, 32]`,
          ]),
      );
      await withFolder(
        (folder) => editConfig(folder, { vocab_size: 99 }),
        (folder) => expectRefused(folder, "ERR_WEIGHTS_MISMATCH", ["word_embeddings", "[99, 32]"]),
      );
      await withFolder(
        (folder) => editConfig(folder, { num_hidden_layers: 3 }),
        (folder) => expectRefused(folder, "ERR_WEIGHTS_MISMATCH", ["layer.2", "missing (16)"]),
      );
    });

    it("only as a pickle are refused with the way to convert them", () =>
      withFolder(
        async (folder) => {
          await rm(join(folder, "model.safetensors"));
          await writeFile(join(folder, "pytorch_model.bin"), "");
        },
        (folder) =>
          expectRefused(folder, "ERR_PICKLE_WEIGHTS", [
            "pytorch_model.bin",
            "weights_only=True",
            "save_file",
            join(folder, "model.safetensors"),
          ]),
      ));

    it("that are not there are named, as is a folder that is not", () =>
      withFolder(
        (folder) => rm(join(folder, "model.safetensors")),
        async (folder) => {
          await expectRefused(folder, "ERR_FILE_NOT_FOUND", ["model.safetensors", folder]);
          await expectRefused(join(folder, "nowhere"), "ERR_FILE_NOT_FOUND", ["nowhere"]);
          for (const none of [undefined, null, 5, {}]) {
            await rejection(Bert.fromPretrained(none as never), "ERR_INVALID_ARG");
          }
        },
      ));

    it("in shards whose index is damaged or leads out of the folder are refused", () =>
      withFolder(
        (folder) => rm(join(folder, "model.safetensors")),
        async (folder) => {
          const index = join(folder, "model.safetensors.index.json");
          for (const text of [
            "{",
            "null",
            "[]",
            "{}",
            '{"weight_map":{}}',
            '{"weight_map":5}',
            '{"weight_map":{"a":5}}',
            '{"weight_map":{"a":"../secret.safetensors"}}',
            '{"weight_map":{"a":"/etc/passwd"}}',
          ]) {
            await writeFile(index, text);
            await expectRefused(folder, "ERR_SAFETENSORS_INVALID", ["index.json"]);
          }
          await writeFile(index, '{"weight_map":{"a":"model-00001-of-00001.safetensors"}}');
          await expectRefused(folder, "ERR_FILE_NOT_FOUND", ["model-00001-of-00001.safetensors"]);
        },
      ));
  });

  describe("a damaged config.json", () => {
    for (const text of ["", "{", "null", "5", "[]", '"x"', "\0", '{"vocab_size": 29', "{'a': 1}"]) {
      it(`${JSON.stringify(text)} is refused by name`, () =>
        withFolder(
          (folder) => writeFile(join(folder, "config.json"), text),
          async (folder) => {
            await expectRefused(folder, "ERR_CONFIG_INVALID", ["config.json"]);
            await rejection(loadTextClassifier(folder), "ERR_CONFIG_INVALID");
          },
        ));
    }

    it("that is a folder or is missing is named", async () => {
      const remove = (folder: string): Promise<void> => rm(join(folder, "config.json"));
      await withFolder(remove, (folder) => expectRefused(folder, "ERR_FILE_NOT_FOUND", ["config.json"]));
      await withFolder(
        async (folder) => {
          await remove(folder);
          await mkdir(join(folder, "config.json"));
        },
        (folder) => expectRefused(folder, "ERR_FILE_NOT_FOUND", ["config.json"]),
      );
    });
  });

  describe("a damaged model.safetensors", () => {
    const HEADER = 8;
    const cut =
      (size: (whole: number, header: number) => number) =>
      async (folder: string): Promise<void> => {
        const file = join(folder, "model.safetensors");
        const content = await readFile(file);
        await truncate(file, size(content.length, Number(content.readBigUInt64LE(0))));
      };
    const edit =
      (change: (content: Buffer) => Buffer) =>
      async (folder: string): Promise<void> => {
        const file = join(folder, "model.safetensors");
        await writeFile(file, change(await readFile(file)));
      };
    type Header = Record<string, { dtype: unknown; shape: unknown; data_offsets: number[] } & Record<string, unknown>>;
    const reheader = (change: (header: Header) => unknown) =>
      edit((content) => {
        const end = HEADER + Number(content.readBigUInt64LE(0));
        const header = JSON.parse(content.toString("utf8", HEADER, end)) as Header;
        const json = Buffer.from(JSON.stringify(change(header) ?? header));
        const length = Buffer.alloc(8);
        length.writeBigUInt64LE(BigInt(json.length));
        return Buffer.concat([length, json, content.subarray(end)]);
      });
    const length = (value: bigint) => edit((content) => (content.writeBigUInt64LE(value, 0), content));
    const bias = (header: Header): Header[string] => header["classifier.bias"] as Header[string];

    const damages: Readonly<Record<string, (folder: string) => Promise<void>>> = {
      empty: cut(() => 0),
      "cut within the length": cut(() => 5),
      "cut after the length": cut(() => HEADER),
      "cut within the header": cut((_, header) => HEADER + (header >> 1)),
      "cut after the header": cut((_, header) => HEADER + header),
      "cut within the data": cut((whole) => whole >> 1),
      "cut by the last byte": cut((whole) => whole - 1),
      "longer by a byte": edit((content) => Buffer.concat([content, Buffer.alloc(1)])),
      "a header length of 0": length(0n),
      "a header length beyond the file": length(1_000_000n),
      "a header length of 100 MB and one": length(100_000_001n),
      "a header length of 2^64 - 1": length(2n ** 64n - 1n),
      "a header that is no JSON": edit((content) => (content.write("}", HEADER), content)),
      "a header that is no UTF-8": edit((content) => (content.writeUInt8(0xff, HEADER + 3), content)),
      "a header that is a list": reheader(() => []),
      "a header that is null": reheader(() => "null"),
      "an entry that is null": reheader((header) => ({ ...header, "classifier.bias": null })),
      "an unknown dtype": reheader((header) => void (bias(header).dtype = "F7")),
      "a dtype from Object.prototype": reheader((header) => void (bias(header).dtype = "constructor")),
      "a dtype that is no string": reheader((header) => void (bias(header).dtype = 5)),
      "a dtype of another size": reheader((header) => void (bias(header).dtype = "F64")),
      "a shape that is none": reheader((header) => void (bias(header).shape = "2")),
      "a negative shape": reheader((header) => void (bias(header).shape = [-2])),
      "a fractional shape": reheader((header) => void (bias(header).shape = [0.5, 4])),
      "a shape that overflows": reheader((header) => void (bias(header).shape = [2 ** 52, 2 ** 52, 2 ** 52])),
      "a shape that needs more bytes": reheader((header) => void (bias(header).shape = [3])),
      "no offsets": reheader((header) => void delete (bias(header) as Record<string, unknown>)["data_offsets"]),
      "one offset": reheader((header) => void (bias(header).data_offsets = [0])),
      "offsets in the wrong order": reheader((header) => void bias(header).data_offsets.reverse()),
      "offsets beyond the file": reheader(
        (header) => void (bias(header).data_offsets = bias(header).data_offsets.map((at) => at + 1e6)),
      ),
      "negative offsets": reheader(
        (header) => void (bias(header).data_offsets = bias(header).data_offsets.map((at) => at - 1e6)),
      ),
      "offsets that overlap": reheader(
        (header) => void (bias(header).data_offsets = bias(header).data_offsets.map((at) => at - 4)),
      ),
      "a gap": reheader((header) => void delete header["bert.pooler.dense.bias"]),
    };
    for (const [what, damage] of Object.entries(damages)) {
      it(`${what} is refused by name`, () =>
        withFolder(damage, (folder) =>
          expectRefused(folder, "ERR_SAFETENSORS_INVALID", [join(folder, "model.safetensors")]),
        ));
    }

    it("with a dtype that the format has and no tensor is another error", () =>
      withFolder(
        reheader((header) => void (bias(header).dtype = "F8_E4M3")),
        (folder) => expectRefused(folder, "ERR_UNKNOWN_DTYPE", [join(folder, "model.safetensors"), "F8_E4M3"]),
      ));

    it("that is cut between header and data being read gives an error, too", () =>
      withFolder(
        async () => undefined,
        async (folder) => {
          const loading = Bert.fromPretrained(folder, { device: "cpu" }).catch((error: unknown) => error);
          await truncate(join(folder, "model.safetensors"), 5000);
          const outcome = await loading;
          if (outcome instanceof Bert) {
            outcome.dispose();
          } // it was quicker
          else expect(outcome).to.have.property("code", "ERR_SAFETENSORS_INVALID");
        },
      ));
  });
});
