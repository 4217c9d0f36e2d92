/** Folders of adapters: what is written, what is refused, and that a model is as it was when opening one fails. */
import { expect } from "chai";
import { mkdir, readdir, readFile, rename, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { noGrad } from "../../../lib/autograd/grad-mode";
import type { ErrorCode } from "../../../lib/errors";
import type { BertForSequenceClassification as Bert } from "../../../lib/models/bert-for-sequence-classification";
import type { LoraConfig } from "../../../lib/models/lora/lora-config";
import { manualSeed } from "../../../lib/tensor/device";
import { memory } from "../../../lib/tensor/memory";
import { readSafetensors, type StoredTensor, writeSafetensors } from "../../support/golden";
import { rejection } from "../../support/rejection";
import { inFolder, tinyBert } from "../../support/tiny-bert";

const WEIGHTS = "adapter_model.safetensors";
const CONFIG = "adapter_config.json";
const A = "base_model.model.bert.encoder.layer.0.attention.self.query.lora_A.weight";

/**
 * A model with an adapter that was stirred, and the folder that it is saved in, without a manifest: as from elsewhere.
 */
function withSaved(
  work: (folder: string, model: Bert, root: string) => Promise<void>,
  options: LoraConfig = {},
): Promise<void> {
  return inFolder(async (root) => {
    const folder = join(root, "adapter");
    const model = tinyBert();
    try {
      await model.addAdapter({ seed: 1, ...options });
      manualSeed(5);
      for (const parameter of model.parameters()) if (parameter.requiresGrad) noGrad(() => parameter.normal_(0, 0.3));
      await model.saveAdapter(folder);
      await rm(join(folder, "manifest.json"));
      await work(folder, model, root);
    } finally {
      model.dispose();
    }
  });
}

const values = (model: Bert): unknown =>
  model.namedParameters().map(([name, tensor]) => [name, tensor.requiresGrad, tensor.toArray()]);

async function editConfig(folder: string, change: object): Promise<void> {
  const file = join(folder, CONFIG);
  await writeFile(file, JSON.stringify({ ...(JSON.parse(await readFile(file, "utf8")) as object), ...change }));
}

function editWeights(folder: string, change: (weights: Map<string, StoredTensor>) => void): void {
  const weights = readSafetensors(join(folder, WEIGHTS));
  change(weights);
  writeSafetensors(join(folder, WEIGHTS), weights);
}

/** Opening fails with the code, says every part of the message, and the model is as it was. */
async function expectRefused(folder: unknown, code: ErrorCode, parts: readonly string[] = []): Promise<void> {
  const model = tinyBert();
  const before = { values: values(model), live: memory().liveTensors };
  const { message } = await rejection(model.loadAdapter(folder as string), code);
  for (const part of parts) expect(message).to.contain(part);
  expect({ values: values(model), live: memory().liveTensors }).to.deep.equal(before);
  expect(model.adapterConfig).to.equal(undefined);
  model.dispose();
}

describe("an adapter's folder", () => {
  for (const [what, options] of [
    ["of the defaults", {}],
    [
      "of all options",
      {
        r: 3,
        loraAlpha: 5.5,
        loraDropout: 0.25,
        targetModules: ["query", "dense"],
        excludeModules: ["layer.1.output.dense"],
        layersToTransform: [1],
        modulesToSave: ["pooler"],
        bias: "all",
        useRslora: true,
        rankPattern: { "intermediate.dense": 2 },
        alphaPattern: { query: 3 },
        initLoraWeights: "gaussian",
        baseModelNameOrPath: "bert-base-uncased",
      },
    ],
    [
      "of an expression",
      {
        targetModules: String.raw`.*\.0\..*dense`,
        excludeModules: ".*intermediate.*",
        initLoraWeights: false,
        bias: "lora_only",
      },
    ],
  ] as const satisfies readonly (readonly [string, LoraConfig])[]) {
    it(`${what} opens as what was saved`, () =>
      withSaved(async (folder, model) => {
        const opened = tinyBert();
        await opened.loadAdapter(folder);
        expect(values(opened)).to.deep.equal(values(model));
        const { seed: _, ...config } = model.adapterConfig ?? {};
        expect(opened.adapterConfig).to.deep.equal(config);
        opened.dispose();
      }, options));
  }

  it("holds adapter, configuration and manifest, and takes the place of an older one", () =>
    withSaved(async (folder, model, root) => {
      await writeFile(join(folder, "README.md"), "PEFT's model card");
      await model.saveAdapter(folder);
      expect(await readdir(folder)).to.have.members([CONFIG, WEIGHTS, "manifest.json"]);
      expect(await readdir(root), "nothing beside it").to.deep.equal(["adapter"]);
      const config = JSON.parse(await readFile(join(folder, CONFIG), "utf8")) as object;
      expect(config).to.include({ peft_type: "LORA", task_type: "SEQ_CLS", r: 8, base_model_name_or_path: null });
      expect((await stat(join(folder, WEIGHTS))).size).to.be.below(16_000); // 4 · 2 · 8 · 32 numbers, and the head
    }));

  it("is never one with other files: a model folder, which would be lost, or the other way about", () =>
    withSaved(async (folder, model, root) => {
      const base = join(root, "model");
      await model.save(base);
      for (const work of [() => model.saveAdapter(base), () => model.save(folder)]) {
        const { message } = await rejection(work(), "ERR_FILE_WRITE");
        expect(message).to.contain("folder of its own");
      }
      expect(await readdir(base)).to.include("model.safetensors");
      expect(await readdir(folder)).to.include(WEIGHTS);
      for (const wrong of ["", 5, undefined]) await rejection(model.saveAdapter(wrong as string), "ERR_INVALID_ARG");
    }));

  it("is opened where a save was killed in the middle of an exchange", () =>
    withSaved(async (folder, model, root) => {
      await rename(folder, join(root, ".adapter.999999-0123abcd.old"));
      const opened = tinyBert();
      await opened.loadAdapter(folder);
      expect(values(opened)).to.deep.equal(values(model));
      opened.dispose();
    }));

  it("that was damaged after saving is noticed", () =>
    withSaved(async (folder, model) => {
      await model.saveAdapter(folder);
      const bytes = await readFile(join(folder, WEIGHTS));
      bytes[bytes.length - 9] = (bytes[bytes.length - 9] as number) ^ 1;
      await writeFile(join(folder, WEIGHTS), bytes);
      await expectRefused(folder, "ERR_CHECKSUM", [WEIGHTS, "SHA-256"]);
    }));

  it("must be there, with both files", () =>
    withSaved(async (folder, _model, root) => {
      await expectRefused(join(root, "nowhere"), "ERR_FILE_NOT_FOUND", ["loadAdapter: expected a folder", "nowhere"]);
      await expectRefused(root, "ERR_FILE_NOT_FOUND", [CONFIG]);
      for (const wrong of [undefined, 5, null]) await expectRefused(wrong, "ERR_INVALID_ARG");
      await truncate(join(folder, WEIGHTS), 1000);
      await expectRefused(folder, "ERR_SAFETENSORS_INVALID", [WEIGHTS]);
      await rm(join(folder, WEIGHTS));
      await expectRefused(folder, "ERR_FILE_NOT_FOUND", [WEIGHTS]);
      await writeFile(join(folder, "adapter_model.bin"), "a pickle");
      await expectRefused(folder, "ERR_PICKLE_WEIGHTS", ["adapter_model.bin", "save_file"]);
    }));

  it("with a configuration that is wrong or not supported is refused, with file and key", () =>
    withSaved(async (folder) => {
      const file = join(folder, CONFIG);
      const original = await readFile(file, "utf8");
      const wrong: readonly (readonly [key: string, value: unknown])[] = [
        ["peft_type", "IA3"],
        ["peft_type", undefined],
        ["task_type", "CAUSAL_LM"],
        ["task_type", 5],
        ["use_dora", true],
        ["use_qalora", true],
        ["fan_in_fan_out", true],
        ["lora_bias", true],
        ["layer_replication", [[0, 1]]],
        ["target_parameters", ["weight"]],
        ["trainable_token_indices", [1]],
        ["alora_invocation_tokens", [1]],
        ["arrow_config", { top_k: 1 }],
        ["kasa_config", { beta: 1 }],
        ["loftq_config", { loftq_bits: 4 }],
        ["megatron_config", { x: 1 }],
        ["some_later_key", 1],
        ["seed", 1],
        ["init_lora_weights", "pissa"],
        ["init_lora_weights", "pissa_niter_4"],
        ["init_lora_weights", "olora"],
        ["init_lora_weights", "loftq"],
        ["layers_pattern", "h"],
        ["layers_pattern", ["h", "e.*", "layer"]],
        ["layers_pattern", 5],
        ["r", 0],
        ["r", "8"],
        ["lora_alpha", null],
        ["lora_alpha", 0],
        ["lora_dropout", 2],
        ["bias", "some"],
        ["target_modules", []],
        ["target_modules", ["q_proj"]],
        ["target_modules", "(?i)query"],
        ["target_modules", ["attention"]],
        ["target_modules", 5],
        ["modules_to_save", "pooler"],
        ["rank_pattern", { query: "4" }],
        ["use_rslora", "yes"],
        ["layers_to_transform", "0"],
        ["base_model_name_or_path", 5],
      ];
      for (const [key, value] of wrong) {
        await editConfig(folder, { [key]: value });
        await expectRefused(folder, "ERR_CONFIG_INVALID", [CONFIG, key]);
        await writeFile(file, original);
      }
      for (const text of ["", "{", "[]", "null", "5"]) {
        await writeFile(file, text);
        await expectRefused(folder, "ERR_CONFIG_INVALID", [CONFIG]);
      }
    }));

  it("with keys that say nothing new is opened: of other versions of PEFT, empty, or about first values", () =>
    withSaved(async (folder, model) => {
      for (const change of [
        {
          peft_version: "9.9.9",
          megatron_core: "megatron.core",
          auto_mapping: { base_model_class: "Bert" },
          qalora_group_size: 16,
          revision: "main",
          some_later_key: null,
        },
        {
          loftq_config: {},
          use_dora: false,
          layer_replication: null,
          target_parameters: [],
          layers_pattern: "layer",
          layers_to_transform: [],
        },
        {
          layers_pattern: ["h", "layer"],
          layers_to_transform: [0, 1, 7],
          init_lora_weights: "eva",
          eva_config: { rho: 2 },
        },
        {
          modules_to_save: ["classifier", "score", "classifier", "score"],
          target_modules: ["query", "value", "q_proj"],
          exclude_modules: [],
        },
        { modules_to_save: null, exclude_modules: null, rank_pattern: null, target_modules: null },
      ]) {
        await editConfig(folder, change);
        const opened = tinyBert();
        await opened.loadAdapter(folder);
        expect(values(opened), JSON.stringify(change)).to.deep.equal(values(model));
        opened.dispose();
      }
    }));

  it("with weights that are not what its configuration makes of the model is refused, with their names", () =>
    withSaved(async (folder) => {
      const original = await readFile(join(folder, WEIGHTS));
      const cases: readonly (readonly [
        change: (weights: Map<string, StoredTensor>) => void,
        parts: readonly string[],
      ])[] = [
        [(weights) => weights.delete(A), ["missing (1)", "query.lora_A.weight"]],
        [
          (weights) => weights.set(A.replace("query", "key"), weights.get(A) as StoredTensor),
          ["unexpected (1)", "key.lora_A.weight"],
        ],
        [
          (weights) => weights.set(A, { ...(weights.get(A) as StoredTensor), shape: [32, 8] }),
          ["mis-shaped (1)", "[32, 8]", "[8, 32]"],
        ],
        [(weights) => weights.delete("base_model.model.classifier.bias"), ["missing (1)", "classifier.bias"]],
      ];
      for (const [change, parts] of cases) {
        editWeights(folder, change);
        await expectRefused(folder, "ERR_WEIGHTS_MISMATCH", [WEIGHTS, ...parts]);
        await writeFile(join(folder, WEIGHTS), original);
      }
      await editConfig(folder, { r: 4 });
      await expectRefused(folder, "ERR_WEIGHTS_MISMATCH", ["mis-shaped (8)"]);
      await editConfig(folder, { r: 8, target_modules: ["query"] });
      await expectRefused(folder, "ERR_WEIGHTS_MISMATCH", ["unexpected (4)"]);
    }));

  it("of a model with another head or width is refused", () =>
    withSaved(async (folder) => {
      for (const [labels, config] of [
        [["a", "b", "c"], {}],
        [["a", "b"], { hidden_size: 16 }],
        [["a", "b"], { num_hidden_layers: 1 }],
      ] as const) {
        const model = tinyBert(labels, config);
        const { message } = await rejection(model.loadAdapter(folder), "ERR_WEIGHTS_MISMATCH");
        expect(message).to.contain("adapter_config.json");
        model.dispose();
      }
    }));

  it("that cannot be written leaves the old one as it was", () =>
    withSaved(async (folder, model, root) => {
      await writeFile(join(root, "file"), "in the way");
      await rejection(model.saveAdapter(join(root, "file")), "ERR_FILE_WRITE");
      await mkdir(join(folder, "runs"));
      await rejection(model.saveAdapter(folder), "ERR_FILE_WRITE");
      expect(await readdir(folder)).to.have.members([CONFIG, WEIGHTS, "runs"]);
    }));
});
