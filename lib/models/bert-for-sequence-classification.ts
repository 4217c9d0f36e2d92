/** BERT with a classification head: from a Hugging Face folder or from a configuration, and back to a folder. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, TorchwrightError } from "../errors";
import { noGrad } from "../autograd/grad-mode";
import { ScriptModule } from "../jit/script-module";
import { outsideScopes } from "../tensor/context";
import { manualSeed, resolveDevice } from "../tensor/device";
import type { DType } from "../tensor/dtype";
import { scope } from "../tensor/scope";
import { Tensor } from "../tensor/tensor";
import type { BertConfig } from "./bert-config";
import { checkBertConfig, readConfig } from "./bert-config";
import { bertModuleSpec, bertParameterShapes } from "./bert-source";
import type { LoadingReport } from "./bert-weights";
import { fitWeights, initialTensor, loadWeights } from "./bert-weights";
import { canonicalNames, listTensors } from "./checkpoint";
import { checkBatchLabels, checkLabels, chooseLabels, labelsOf } from "./labels";
import { loadVerified } from "./manifest";
import type { ModelInputs, ModelOutput, SaveOptions, TextClassifier } from "./model";
import { ClassifierOutput, toDevice } from "./model";
import { writeSafetensors } from "./safetensors";
import { writeCompanions, writeFolder } from "./save-folder";

/** Dtypes that a model may compute in. */
type FloatType = Extract<DType, "float32" | "float64" | "float16" | "bfloat16">;

export interface FromPretrainedOptions {
  /** Names of the classes, usually `train.labels`; default: those of the checkpoint. */
  readonly labels?: readonly string[];
  /** Default: CUDA where there is one. */
  readonly device?: string;
  /** Type of the parameters, whatever the file has; default "float32". */
  readonly dtype?: FloatType;
  /** Seed for parts that the checkpoint lacks (the head); default: libtorch's generator as it stands. */
  readonly seed?: number;
}

export type FromConfigOptions = FromPretrainedOptions & { readonly labels: readonly string[] };

/**
 * BERT for single-label text classification, compiled as TorchScript in-process.
 *
 * @example
 * ```ts
 * import { BertForSequenceClassification, Tensor } from "torchwright";
 * const model = await BertForSequenceClassification.fromPretrained("./minilm", { labels: ["ham", "spam"] });
 * model.eval(); // dropout off, as for every prediction
 * const { logits } = await model.forward({ inputIds: Tensor.from([[2n, 7n, 3n]]) }); // [batch, 2]
 * console.log(logits.softmax(-1).toArray());
 * model.dispose();
 * ```
 */
export class BertForSequenceClassification implements TextClassifier {
  readonly #module: ScriptModule;
  #device: string;

  private constructor(
    module: ScriptModule,
    device: string,
    /** The configuration, by Hugging Face's keys. */
    readonly config: BertConfig,
    readonly labels: readonly string[],
    readonly loading: LoadingReport,
  ) {
    this.#module = module;
    this.#device = device;
  }

  /**
   * Opens a Hugging Face folder: `config.json` with `model.safetensors`, whole or in shards. An encoder without
   * head or pooler gets new ones, drawn from N(0, initializer_range) with zero biases. A folder that `save` wrote
   * has a manifest, by which damage to weights or vocabulary is noticed.
   *
   * @throws TorchwrightError ERR_FILE_NOT_FOUND, ERR_CONFIG_INVALID, ERR_SAFETENSORS_INVALID, ERR_PICKLE_WEIGHTS,
   *   ERR_CHECKSUM, ERR_WEIGHTS_MISMATCH, ERR_LABEL_COUNT, ERR_UNKNOWN_DEVICE, ERR_DEVICE_UNAVAILABLE
   */
  static async fromPretrained(folder: string, options: FromPretrainedOptions = {}): Promise<BertForSequenceClassification> {
    if (typeof folder !== "string") {
      throw new TorchwrightError("ERR_INVALID_ARG", `fromPretrained: expected a folder's path, got ${describe(folder)}`);
    }
    const types = checkTypes(options);
    return await loadVerified(folder, () => this.#read(folder, options, types), (model) => model.dispose());
  }

  static async #read(folder: string, options: FromPretrainedOptions, { device, dtype }: ReturnType<typeof checkTypes>): Promise<BertForSequenceClassification> {
    const raw = await readConfig(folder);
    const config = checkBertConfig(raw, path.join(folder, "config.json"));
    const stored = canonicalNames(await listTensors(folder), "bert", (name) => bertParameterShapes(config, 2).has(name));
    const head = stored.get("classifier.weight")?.entry.shape[0];
    const labels = chooseLabels(folder, options.labels, labelsOf(raw, folder), head);
    const shapes = bertParameterShapes(config, labels.length);

    const loading = fitWeights(folder, stored, shapes);
    return await scope(async () => {
      const tensors = await loadWeights(stored, shapes);
      if (options.seed !== undefined && loading.missing.length > 0) manualSeed(options.seed);
      for (const name of loading.missing) tensors.set(name, initialTensor(name, shapes.get(name) ?? [], config));
      const module = compile(config, tensors, device, dtype);
      return new BertForSequenceClassification(module, device, config, labels, loading);
    });
  }

  /**
   * A model with random weights, initialised as Hugging Face's `_init_weights`: N(0, initializer_range), zero
   * biases and padding row, LayerNorm 1 and 0.
   *
   * @throws TorchwrightError ERR_CONFIG_INVALID, ERR_INVALID_ARG, ERR_UNKNOWN_DEVICE, ERR_DEVICE_UNAVAILABLE
   */
  static fromConfig(given: Partial<BertConfig>, options: FromConfigOptions): BertForSequenceClassification {
    const { device, dtype } = checkTypes(options);
    const config = checkBertConfig(given);
    const labels = checkLabels(options.labels, "fromConfig");
    if (options.seed !== undefined) manualSeed(options.seed);
    return scope(() => {
      const tensors = new Map<string, Tensor>();
      for (const [name, shape] of bertParameterShapes(config, labels.length)) {
        tensors.set(name, initialTensor(name, shape, config));
      }
      const module = compile(config, tensors, device, dtype);
      return new BertForSequenceClassification(module, device, config, labels, { missing: [], unexpected: [] });
    });
  }

  get device(): string {
    return this.#device;
  }

  get training(): boolean {
    return this.#module.training;
  }

  /** Rows of the position table. */
  get maxLength(): number {
    return this.config.max_position_embeddings;
  }

  /** Rows of the word embeddings. */
  get vocabSize(): number {
    return this.config.vocab_size;
  }

  /**
   * The parts under Hugging Face's paths, each callable on its own: `bert.embeddings`, `bert.encoder.layer.0`,
   * `bert.pooler`, `classifier`. The caller disposes it; its parameters are this model's.
   *
   * @throws TorchwrightError ERR_INVALID_ARG for a path that is no part
   */
  part(name: string): ScriptModule {
    return this.#module.submodule(name);
  }

  /**
   * @returns logits `[batch, classes]`, and the mean cross-entropy where the inputs have labels
   * @throws TorchwrightError ERR_MAX_LENGTH for sequences beyond the position table, ERR_INVALID_ARG unless one of
   *   `inputIds` and `inputsEmbeds` is given, ERR_OPERATOR_FAILED for ids outside the vocabulary, ERR_LABEL_ORDER for
   *   a batch whose class ids count in another list of names
   */
  async forward(inputs: ModelInputs): Promise<ModelOutput> {
    checkBatchLabels(this.labels, inputs);
    if (inputs.inputIds && inputs.inputsEmbeds) {
      throw new TorchwrightError("ERR_INVALID_ARG", "forward: expected inputIds or inputsEmbeds, got both");
    }
    const words = inputs.inputIds ?? inputs.inputsEmbeds;
    if (!(words instanceof Tensor)) {
      throw new TorchwrightError("ERR_INVALID_ARG", `forward: expected inputIds or inputsEmbeds, got ${describe(words)}`);
    }
    const length = words.shape[1] ?? 0;
    if (length > this.maxLength) {
      throw new TorchwrightError(
        "ERR_MAX_LENGTH",
        `forward: expected at most ${this.maxLength} tokens (max_position_embeddings), got ${length}. ` +
          `Give the DataLoader { maxLength: ${this.maxLength} }.`,
      );
    }
    const here = (tensor: Tensor | undefined): Tensor | undefined => toDevice(tensor, this.#device);
    const [loss, logits] = (await this.#module.forward([
      here(inputs.inputIds),
      here(inputs.attentionMask),
      here(inputs.tokenTypeIds),
      here(inputs.positionIds),
      here(inputs.inputsEmbeds),
      here(inputs.labels),
    ])) as [Tensor | undefined, Tensor];
    return new ClassifierOutput(logits, loss);
  }

  namedParameters(): readonly (readonly [string, Tensor])[] {
    return this.#module.namedParameters();
  }

  parameters(): readonly Tensor[] {
    return this.#module.parameters();
  }

  train(): void {
    this.#module.train();
  }

  eval(): void {
    this.#module.eval();
  }

  async to(device: string): Promise<this> {
    const resolved = resolveDevice(device);
    await this.#module.to(resolved);
    this.#device = resolved;
    return this;
  }

  /**
   * Writes a Hugging Face folder, atomically: Python's `AutoModelForSequenceClassification.from_pretrained` and
   * {@link BertForSequenceClassification.fromPretrained} open it.
   *
   * @throws TorchwrightError ERR_FILE_WRITE
   */
  async save(folder: string, options: SaveOptions = {}): Promise<void> {
    await writeFolder(folder, async (temporary) => {
      await writeFile(path.join(temporary, "config.json"), `${JSON.stringify(this.#savedConfig(), null, 2)}\n`);
      await writeSafetensors(path.join(temporary, "model.safetensors"), this.namedParameters());
      await writeCompanions(temporary, options);
    });
  }

  /**
   * Writes a TorchScript archive that Python's `torch.jit.load` opens. Its `forward` takes input_ids,
   * attention_mask, token_type_ids, position_ids, inputs_embeds and labels, and gives (loss or None, logits).
   *
   * @throws TorchwrightError ERR_FILE_WRITE
   */
  async saveTorchScript(file: string): Promise<void> {
    await this.#module.save(file);
  }

  dispose(): void {
    this.#module.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #savedConfig(): Record<string, unknown> {
    const { torch_dtype: _, ...config } = this.config;
    return {
      ...config,
      architectures: ["BertForSequenceClassification"],
      model_type: "bert",
      problem_type: "single_label_classification",
      dtype: this.parameters()[0]?.dtype ?? "float32",
      id2label: Object.fromEntries(this.labels.map((label, id) => [String(id), label])),
      label2id: Object.fromEntries(this.labels.map((label, id) => [label, id])),
    };
  }
}

function checkTypes(options: FromPretrainedOptions): { device: string; dtype: FloatType } {
  const dtype = options.dtype ?? "float32";
  if (!["float32", "float64", "float16", "bfloat16"].includes(dtype)) {
    throw new TorchwrightError("ERR_UNKNOWN_DTYPE", `dtype: expected float32, float64, float16 or bfloat16, got ${describe(dtype)}`);
  }
  return { device: resolveDevice(options.device), dtype };
}

/** Compiles the module over the tensors; it shares their storage, so their own handles may go with the scope. */
function compile(config: BertConfig, tensors: ReadonlyMap<string, Tensor>, device: string, dtype: FloatType): ScriptModule {
  const handles = noGrad(
    () =>
      new Map(
        [...tensors].map(([name, tensor]) => {
          const placed = tensor.to({ dtype, device });
          placed.requiresGrad = true;
          return [name, placed.handle];
        }),
      ),
  );
  return outsideScopes(() => ScriptModule.compile(bertModuleSpec(config, handles)));
}
