/** A model's adapter: put in, asked for, saved within the model, merged; what is refused, and that nothing is lost. */
import { expect } from "chai";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { autocast } from "../../../lib/autograd/autocast";
import { inferenceMode, noGrad } from "../../../lib/autograd/grad-mode";
import { jit } from "../../../lib/jit/load";
import type { ScriptModule } from "../../../lib/jit/script-module";
import { BertForSequenceClassification as Bert } from "../../../lib/models/bert-for-sequence-classification";
import { exclusive, predicting } from "../../../lib/models/exclusive";
import type { LoraConfig } from "../../../lib/models/lora/lora-config";
import type { TextClassifier } from "../../../lib/models/model";
import { AdamW } from "../../../lib/optim/adamw";
import { manualSeed, synchronize } from "../../../lib/tensor/device";
import { memory } from "../../../lib/tensor/memory";
import { scope } from "../../../lib/tensor/scope";
import { Tensor } from "../../../lib/tensor/tensor";
import { fullName, onEachDevice } from "../../support/devices";
import { largestDifference } from "../../support/golden";
import { rejection } from "../../support/rejection";
import { inFolder, LABELS, TINY_CONFIG, tinyBert } from "../../support/tiny-bert";

const ids = (rows: number[][]): Tensor => Tensor.from(rows, { dtype: "int64" });
const BATCH = [
  [2, 7, 8, 3],
  [2, 9, 3, 0],
];
const MASK = [
  [1, 1, 1, 1],
  [1, 1, 1, 0],
];
const QUERY = "bert.encoder.layer.0.attention.self.query";

/** Logits as the model computes them in the mode that it is in. */
function logitsOf(model: TextClassifier): Promise<number[]> {
  return scope(async () => {
    const { logits } = await noGrad(() => model.forward({ inputIds: ids(BATCH), attentionMask: ids(MASK) }));
    return Array.from(logits.toTypedArray(), Number);
  });
}

const parameter = (model: Bert, name: string): Tensor =>
  model.namedParameters().find(([own]) => own === name)?.[1] as Tensor;
const values = (model: Bert): Map<string, unknown> =>
  new Map(model.namedParameters().map(([name, tensor]) => [name, tensor.toArray()]));
const flags = (model: Bert): Record<string, boolean> =>
  Object.fromEntries(model.namedParameters().map(([name, { requiresGrad }]) => [name, requiresGrad]));
const adapted = (model: Bert): string[] =>
  model
    .namedParameters()
    .flatMap(([name]) => (name.endsWith(".lora_A.weight") ? [name.slice(0, -".lora_A.weight".length)] : []));

/** As after some training: nothing of the adapter is zero. */
function stir(model: Bert): void {
  manualSeed(5);
  for (const [name, tensor] of model.namedParameters()) {
    if (name.includes("lora_")) noGrad(() => tensor.normal_(0, 0.3));
  }
}

async function withModel(work: (model: Bert) => Promise<void>, config: object = {}): Promise<void> {
  const model = tinyBert(LABELS, config);
  try {
    model.eval();
    await work(model);
  } finally {
    model.dispose();
  }
}

describe("addAdapter", () => {
  it("computes at first what the model computed before, to the bit", () =>
    withModel(async (model) => {
      const before = await logitsOf(model);
      await model.addAdapter({ targetModules: "all-linear", seed: 1 });
      expect(await logitsOf(model)).to.deep.equal(before);
      stir(model);
      expect(await logitsOf(model)).to.not.deep.equal(before);
    }));

  it("has PEFT's defaults: rank 8 on query and value, trained with the head", () =>
    withModel(async (model) => {
      expect(model.adapterConfig).to.equal(undefined);
      await model.addAdapter();
      expect(model.adapterConfig).to.deep.equal({
        r: 8,
        loraAlpha: 8,
        loraDropout: 0,
        targetModules: ["query", "value"],
        modulesToSave: [],
        bias: "none",
        useRslora: false,
        rankPattern: {},
        alphaPattern: {},
        initLoraWeights: true,
      });
      expect(adapted(model)).to.have.members(
        [0, 1].flatMap((layer) =>
          ["query", "value"].map((part) => `bert.encoder.layer.${layer}.attention.self.${part}`),
        ),
      );
      for (const [name, isTrained] of Object.entries(flags(model))) {
        expect(isTrained, name).to.equal(/lora_|^classifier\./.test(name));
      }
      expect(parameter(model, `${QUERY}.lora_A.weight`).shape).to.deep.equal([8, 32]);
      expect(parameter(model, `${QUERY}.lora_B.weight`).shape).to.deep.equal([32, 8]);
    }));

  for (const [what, options, expected] of [
    [
      "ends of names",
      { targetModules: ["output.dense", "key"] },
      [0, 1].flatMap((i) =>
        ["attention.self.key", "attention.output.dense", "output.dense"].map(
          (part) => `bert.encoder.layer.${i}.${part}`,
        ),
      ),
    ],
    [
      "dense layers everywhere",
      { targetModules: ["dense"] },
      [
        ...[0, 1].flatMap((i) =>
          ["attention.output", "intermediate", "output"].map((part) => `bert.encoder.layer.${i}.${part}.dense`),
        ),
        "bert.pooler.dense",
      ],
    ],
    [
      "layers by number, where others have none",
      { targetModules: ["dense", "query"], layersToTransform: 1 },
      ["attention.self.query", "attention.output.dense", "intermediate.dense", "output.dense"].map(
        (part) => `bert.encoder.layer.1.${part}`,
      ),
    ],
    [
      "an expression",
      { targetModules: String.raw`.*\.1\..*\.(?:query|value)` },
      ["bert.encoder.layer.1.attention.self.query", "bert.encoder.layer.1.attention.self.value"],
    ],
    [
      "all but some",
      { targetModules: "all-linear", excludeModules: ["dense", "key", "layer.1.attention.self.value"] },
      [QUERY, "bert.encoder.layer.0.attention.self.value", "bert.encoder.layer.1.attention.self.query"],
    ],
    [
      "all but what is trained whole",
      { targetModules: ["dense"], excludeModules: String.raw`.*\.layer\..*`, modulesToSave: ["bert.encoder.layer.0"] },
      ["bert.pooler.dense"],
    ],
  ] as const satisfies readonly (readonly [string, LoraConfig, readonly string[]])[]) {
    it(`finds its targets by ${what}`, () =>
      withModel(async (model) => {
        await model.addAdapter(options);
        expect(adapted(model)).to.have.members(expected);
        stir(model);
        await logitsOf(model);
      }));
  }

  it("trains biases and modules that are asked for", () =>
    withModel(async (model) => {
      const trainedWith = async (options: LoraConfig): Promise<string[]> => {
        await model.addAdapter({ targetModules: ["query"], layersToTransform: [0], ...options });
        const names = Object.entries(flags(model)).flatMap(([name, isTrained]) =>
          isTrained && !/lora_|^classifier\./.test(name) ? [name] : [],
        );
        await model.mergeAdapter();
        return names;
      };
      expect(await trainedWith({ bias: "lora_only" })).to.deep.equal([`${QUERY}.bias`]);
      expect(await trainedWith({ bias: "all" })).to.deep.equal(
        model
          .namedParameters()
          .flatMap(([name]) => (name.endsWith(".bias") && !name.startsWith("classifier") ? [name] : [])),
      );
      expect(await trainedWith({ modulesToSave: ["pooler", "1.output.LayerNorm"] })).to.deep.equal([
        "bert.encoder.layer.1.output.LayerNorm.weight",
        "bert.encoder.layer.1.output.LayerNorm.bias",
        "bert.pooler.dense.weight",
        "bert.pooler.dense.bias",
      ]);
    }));

  it("shares the weights: what changes them through an older part changes the adapted model", () =>
    withModel(async (model) => {
      using part = model.part(QUERY);
      await model.addAdapter();
      const [, weight] = part.namedParameters()[0] as readonly [string, Tensor];
      const before = await logitsOf(model);
      noGrad(() => weight.add_(1));
      expect(parameter(model, `${QUERY}.weight`).toArray()).to.deep.equal(weight.toArray());
      expect(await logitsOf(model)).to.not.deep.equal(before);
    }));

  it("keeps every part's mode, and dropout in front of updates obeys it", () =>
    withModel(
      async (model) => {
        using layer = model.part("bert.encoder.layer.1");
        model.train();
        layer.eval();
        await model.addAdapter({ loraDropout: 0.5, seed: 1 });
        const modes = (): boolean[] =>
          ["bert.encoder.layer.0", "bert.encoder.layer.1", `${QUERY}.lora_A`].map((path) => {
            using part = model.part(path);
            return part.training;
          });
        expect([model.training, ...modes()]).to.deep.equal([true, true, false, true]);
        stir(model);
        expect(await logitsOf(model)).to.not.deep.equal(await logitsOf(model));
        model.eval();
        expect([model.training, ...modes()]).to.deep.equal([false, false, false, false]);
        expect(await logitsOf(model)).to.deep.equal(await logitsOf(model));
        await model.mergeAdapter();
        expect(model.training).to.equal(false);
      },
      { hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 },
    ));

  it("frees gradients, and parameters that were given out before: an optimizer over them says so", () =>
    withModel(async (model) => {
      using optimizer = new AdamW(model.parameters());
      await scope(async () =>
        (await model.forward({ inputIds: ids(BATCH), labels: ids([[0, 1]]).squeeze() })).loss.backward(),
      );
      expect(parameter(model, "classifier.bias").grad).to.not.equal(undefined);
      await model.addAdapter();
      expect(model.parameters().filter(({ grad }) => grad !== undefined)).to.deep.equal([]);
      await rejection(optimizer.step(), "ERR_TENSOR_DISPOSED");
    }));

  it("its parts, called one after the other, give its logits", () =>
    withModel(async (model) => {
      await model.addAdapter({ targetModules: ["query", "dense"], layersToTransform: [1], seed: 1 });
      stir(model);
      const own = await logitsOf(model);
      await scope(async () => {
        const parts = [
          "bert.embeddings",
          "bert.encoder.layer.0",
          "bert.encoder.layer.1",
          "bert.pooler",
          "classifier",
        ].map((path) => model.part(path)) as [ScriptModule, ...ScriptModule[]];
        const mask = ids(MASK).gt(0).unsqueeze(1).unsqueeze(1); // [B, 1, 1, T]
        let x = (await parts[0].forward([ids(BATCH)])) as Tensor;
        for (const part of parts.slice(1)) {
          x = (await part.forward(part.schema().length > 1 ? [x, mask] : [x])) as Tensor;
        }
        expect(Array.from(x.toTypedArray(), Number)).to.deep.equal(own);
        for (const part of parts) part.dispose();
      });
    }));

  it("is float32 in a model of halves, which then still computes and saves halves", () =>
    inFolder(async (root) => {
      const model = Bert.fromConfig(TINY_CONFIG, { labels: LABELS, seed: 1, device: "cpu", dtype: "bfloat16" });
      model.eval();
      await model.addAdapter({ modulesToSave: ["pooler"] });
      stir(model);
      for (const [name, { dtype }] of model.namedParameters()) {
        expect(dtype, name).to.equal(name.includes("lora_") ? "float32" : "bfloat16");
      }
      await scope(async () => {
        const { loss, logits } = await model.forward({ inputIds: ids(BATCH), labels: ids([[0, 1]]).squeeze() });
        expect(logits.dtype).to.equal("bfloat16");
        await loss.backward();
        expect(parameter(model, `${QUERY}.lora_B.weight`).grad?.dtype).to.equal("float32");
      });
      await model.saveAdapter(join(root, "adapter"));
      const before = await logitsOf(model);
      await model.mergeAdapter();
      expect(new Set(model.parameters().map(({ dtype }) => dtype))).to.deep.equal(new Set(["bfloat16"]));
      expect(largestDifference(await logitsOf(model), before)).to.be.at.most(0.05);
      model.dispose();
    }));

  it("computes under autocast, with gradients in float32", () =>
    withModel(async (model) => {
      await model.addAdapter({ targetModules: "all-linear" });
      stir(model);
      const exact = await logitsOf(model);
      await scope(async () => {
        const { loss, logits } = await autocast(
          () => model.forward({ inputIds: ids(BATCH), attentionMask: ids(MASK), labels: ids([[0, 1]]).squeeze() }),
          { dtype: "bfloat16" },
        );
        expect(largestDifference(logits.toTypedArray(), exact)).to.be.within(1e-7, 0.1);
        await loss.backward();
        expect(parameter(model, `${QUERY}.lora_A.weight`).grad?.dtype).to.equal("float32");
      });
    }));

  it("refuses options that are wrong, naming them, and changes nothing", () =>
    withModel(async (model) => {
      const before = { values: values(model), flags: flags(model) };
      const sparse = ["query"];
      sparse[2] = "value";
      const wrong: readonly (readonly [unknown, string])[] = [
        ...[null, 5, "query", []].map((options) => [options, "options"] as const),
        [{ rank: 8 }, "rank"],
        [{ lora_alpha: 8 }, "lora_alpha"],
        [{ useDora: true }, "useDora"],
        [{ toString: 1 }, "toString"],
        ...[0, -1, 1.5, NaN, "8", null, 2 ** 60].map((r) => [{ r }, "r to be"] as const),
        ...[0, -8, NaN, Infinity, "16"].map((loraAlpha) => [{ loraAlpha }, "loraAlpha"] as const),
        ...[-0.1, 1.1, NaN, "0.1"].map((loraDropout) => [{ loraDropout }, "loraDropout"] as const),
        ...[[], "", 5, [5], [""], sparse, [undefined], "query(", "(?P<x>query)", String.raw`query\Z`, null].map(
          (targetModules) => [{ targetModules }, "targetModules"] as const,
        ),
        ...[
          ["q_proj"],
          ["query", "valu"],
          ["uery"],
          "query",
          ["classifier"],
          ["attention"],
          ["word_embeddings"],
          ".*",
          "nothing",
        ].map((targetModules) => [{ targetModules }, "targetModules"] as const),
        [{ targetModules: ["dense"], modulesToSave: ["layer", "pooler"] }, "targetModules"],
        ...[5, "(", [""], sparse].map((excludeModules) => [{ excludeModules }, "excludeModules"] as const),
        ...[-1, 0.5, "1", [0, "1"], 2, [0, 7]].map(
          (layersToTransform) => [{ layersToTransform }, "layersToTransform"] as const,
        ),
        [{ targetModules: "all-linear", layersToTransform: [0] }, "layersToTransform"],
        ...["pooler", ["poolr"], [5], [""], sparse].map(
          (modulesToSave) => [{ modulesToSave }, "modulesToSave"] as const,
        ),
        ...["some", true, null].map((bias) => [{ bias }, "bias"] as const),
        [{ useRslora: 1 }, "useRslora"],
        [{ initLoraWeights: "pissa" }, "initLoraWeights"],
        [{ baseModelNameOrPath: 5 }, "baseModelNameOrPath"],
        ...[-1, 0.5, "7", 2 ** 60].map((seed) => [{ seed }, "seed"] as const),
        ...[[], { "(": 4 }, { query: 0 }, { query: "4" }, { "": 4 }].map(
          (rankPattern) => [{ rankPattern }, "rankPattern"] as const,
        ),
        ...[5, { query: -1 }, { query: NaN }].map((alphaPattern) => [{ alphaPattern }, "alphaPattern"] as const),
      ];
      for (const [options, name] of wrong) {
        const { message } = await rejection(model.addAdapter(options as LoraConfig), "ERR_INVALID_ARG");
        expect(message, JSON.stringify(options))
          .to.match(/^addAdapter: expected /)
          .and.to.contain(name);
      }
      await rejection(model.addAdapter({ r: 2 ** 40 }), "ERR_OUT_OF_MEMORY");
      expect({ values: values(model), flags: flags(model) }).to.deep.equal(before);
      expect(model.adapterConfig).to.equal(undefined);
    }));

  it("takes undefined for a default, and keeps the options as they were given", () =>
    withModel(async (model) => {
      const targetModules = ["query"];
      await model.addAdapter({ r: undefined, targetModules, seed: undefined } as unknown as LoraConfig);
      targetModules.push("nothing");
      expect(model.adapterConfig).to.include({ r: 8 });
      expect(model.adapterConfig?.targetModules).to.deep.equal(["query"]);
    }));

  it("one at a time, and none while the model is used", () =>
    withModel(async (model) => {
      const both = [model.addAdapter(), rejection(model.addAdapter(), "ERR_BUSY")];
      await Promise.all(both);
      for (const again of [() => model.addAdapter(), () => model.loadAdapter("nowhere")]) {
        const { message } = await rejection(again(), "ERR_INVALID_ARG");
        expect(message).to.contain("mergeAdapter");
      }
      const user: TextClassifier = model;
      await exclusive(user, "fit", async () => {
        for (const work of [() => model.addAdapter(), () => model.loadAdapter("nowhere"), () => model.mergeAdapter()]) {
          const { message } = await rejection(work(), "ERR_BUSY");
          expect(message).to.contain("fit");
        }
        await inFolder((root) => model.saveAdapter(join(root, "adapter"))); // as from a callback
      });
      await predicting(model, "predict", () => rejection(model.mergeAdapter(), "ERR_BUSY"));
      await model.mergeAdapter();
      for (const work of [() => model.mergeAdapter(), () => model.saveAdapter("nowhere")]) {
        await rejection(work(), "ERR_INVALID_ARG");
      }
      await model.addAdapter({ targetModules: ["key"] });
    }));

  it("on a model that was disposed is an error", async () => {
    const model = tinyBert();
    model.dispose();
    await rejection(model.addAdapter(), "ERR_TENSOR_DISPOSED");
  });
});

describe("mergeAdapter", () => {
  it("adds scaling · B A to the weights, and leaves a model as one that never had an adapter", () =>
    withModel(async (model) => {
      const frozen = "bert.embeddings.word_embeddings.weight";
      parameter(model, frozen).requiresGrad = false;
      const before = { flags: flags(model), values: values(model) };
      await model.addAdapter({ r: 2, loraAlpha: 6, rankPattern: { "1.attention.self.value": 3 }, useRslora: true });
      stir(model);
      const factors = values(model);
      const logits = await logitsOf(model);
      await model.mergeAdapter();
      expect(model.adapterConfig).to.equal(undefined);
      expect(flags(model)).to.deep.equal(before.flags);
      expect(largestDifference(await logitsOf(model), logits)).to.be.at.most(1e-5);
      for (const [name, value] of before.values) {
        const [a, b] = ["A", "B"].map(
          (factor) => factors.get(`${name.replace(/\.weight$/, "")}.lora_${factor}.weight`) as number[][] | undefined,
        );
        if (!a || !b) {
          expect(parameter(model, name).toArray(), name).to.deep.equal(value);
          continue;
        }
        const merged = (value as number[][]).map((row, i) =>
          row.map(
            (w, j) =>
              w +
              (6 / Math.sqrt(a.length)) *
                a.reduce((sum, factor, k) => sum + (b[i]?.[k] ?? NaN) * (factor[j] ?? NaN), 0),
          ),
        );
        expect(largestDifference(parameter(model, name).toTypedArray(), merged.flat()), name).to.be.at.most(1e-6);
      }
    }));

  it("gives weights that can be trained, whatever mode it is called in", () =>
    withModel(async (model) => {
      await inferenceMode(() => model.addAdapter({ targetModules: "all-linear", seed: 1 }));
      stir(model);
      const before = await logitsOf(model);
      await inferenceMode(() => autocast(() => model.mergeAdapter(), { dtype: "bfloat16" }));
      expect(largestDifference(await logitsOf(model), before)).to.be.at.most(1e-5);
      await scope(async () =>
        (await model.forward({ inputIds: ids(BATCH), labels: ids([[0, 1]]).squeeze() })).loss.backward(),
      );
      expect(parameter(model, `${QUERY}.weight`).grad?.shape).to.deep.equal([32, 32]);
    }));

  it("leaves nothing behind, however often it is done", () =>
    withModel(async (model) => {
      const cycle = async (): Promise<void> => {
        await model.addAdapter({ targetModules: "all-linear", r: 4 });
        model.parameters();
        await model.mergeAdapter();
        model.parameters();
      };
      /** Once the queue's last tasks have let go of what they worked on. */
      const used = async (): Promise<readonly [number, number]> => {
        await synchronize("cpu");
        await new Promise((resolve) => setImmediate(resolve));
        return [memory().liveTensors, memory().cpuBytes];
      };
      await cycle();
      const before = await used();
      for (let i = 0; i < 5; i++) await cycle();
      expect(await used()).to.deep.equal(before);
    }));
});

describe("a model with an adapter, saved", () => {
  it("is a folder with the adapter merged, and keeps its adapter", () =>
    inFolder((root) =>
      withModel(async (model) => {
        const folder = join(root, "model");
        await model.addAdapter({ targetModules: "all-linear", bias: "all", seed: 1 });
        stir(model);
        const before = { logits: await logitsOf(model), values: values(model) };
        await model.save(folder);
        expect(await readdir(folder)).to.have.members(["config.json", "manifest.json", "model.safetensors"]);
        expect({ logits: await logitsOf(model), values: values(model) }).to.deep.equal(before);
        const opened = await Bert.fromPretrained(folder, { device: "cpu" });
        opened.eval();
        expect(opened.loading).to.deep.equal({ missing: [], unexpected: [] });
        expect(largestDifference(await logitsOf(opened), before.logits)).to.be.at.most(1e-5);
        await model.mergeAdapter();
        expect(values(opened)).to.deep.equal(values(model));
        opened.dispose();
      }),
    ));

  it("is a TorchScript archive with the adapter as one", () =>
    inFolder((root) =>
      withModel(async (model) => {
        const file = join(root, "model.pt");
        await model.addAdapter({ targetModules: ["query", "dense"], layersToTransform: [1], seed: 1 });
        stir(model);
        await model.saveTorchScript(file);
        using opened = await jit.load(file, { device: "cpu" });
        expect(opened.namedParameters().map(([name]) => name)).to.have.members(
          model.namedParameters().map(([name]) => name),
        );
        await scope(async () => {
          const [, logits] = (await opened.forward([], { input_ids: ids(BATCH), attention_mask: ids(MASK) })) as [
            undefined,
            Tensor,
          ];
          expect(Array.from(logits.toTypedArray(), Number)).to.deep.equal(await logitsOf(model));
        });
      }),
    ));
});

onEachDevice("an adapter", (device) => {
  it("moves with its model, and is merged there", () =>
    withModel(async (model) => {
      await model.addAdapter({ targetModules: "all-linear", seed: 1 });
      stir(model);
      const before = await logitsOf(model);
      await model.to(device);
      expect(new Set(model.parameters().map((tensor) => tensor.device))).to.deep.equal(new Set([fullName(device)]));
      expect(largestDifference(await logitsOf(model), before)).to.be.at.most(1e-4);
      await model.mergeAdapter();
      expect(new Set(model.parameters().map((tensor) => tensor.device))).to.deep.equal(new Set([fullName(device)]));
      await model.addAdapter();
      expect(new Set(model.parameters().map((tensor) => tensor.device))).to.deep.equal(new Set([fullName(device)]));
      expect(largestDifference(await logitsOf(model), before)).to.be.at.most(1e-4);
    }));
});
