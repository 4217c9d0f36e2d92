/** BERT with a classification head: from a Hugging Face folder or from a configuration, and back to a folder. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, TorchwrightError } from "../errors";
import type { HubOptions } from "../hub/options";
import { isGradEnabled } from "../autograd/grad-mode";
import type { ScriptModule } from "../jit/script-module";
import { manualSeed, resolveDevice } from "../tensor/device";
import { scope } from "../tensor/scope";
import { Tensor } from "../tensor/tensor";
import { openFolder } from "../text/open-folder";
import type { BertConfig } from "./bert-config";
import { checkBertConfig, configToSave, readConfig } from "./bert-config";
import { checkpointedLogits } from "./bert-checkpointed";
import { type FromConfigOptions, type FromPretrainedOptions, type Placement, resolvePlacement } from "./bert-options";
import { bertModuleSpec, bertParameterShapes } from "./bert-source";
import type { LoadingReport } from "./bert-weights";
import { fitWeights, initialTensor, loadWeights } from "./bert-weights";
import { canonicalNames, listTensors } from "./checkpoint";
import { compileBert } from "./compile-bert";
import { exclusive } from "./exclusive";
import { MODEL_FILES } from "./hub-files";
import { checkBatchLabels, checkLabels, chooseLabels, labelsOf } from "./labels";
import { AdaptableModule } from "./lora/adaptable-module";
import type { LoraConfig, ResolvedLoraConfig } from "./lora/lora-config";
import { loadVerified } from "./manifest";
import type { ModelInputs, ModelOutput, ModelProblem, SaveOptions, TextClassifier } from "./model";
import { ClassifierOutput, toDevice } from "./model";
import { chooseProblem, problemLoss } from "./problem";
import { writeSafetensors } from "./safetensors";
import { writeCompanions, writeFolder } from "./save-folder";

/**
 * BERT for text classification, with one class or several of each text, or for a number, compiled as TorchScript
 * in-process.
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
export class BertForSequenceClassification<P extends ModelProblem = "single-label"> implements TextClassifier<P> {
  readonly #adaptable: AdaptableModule;
  #device: string;
  #checkpointing = false;

  private constructor(
    module: ScriptModule,
    device: string,
    /** The configuration, by Hugging Face's keys. */
    readonly config: BertConfig,
    /** Class names, in the order of the logits. */
    readonly labels: readonly string[],
    readonly problemType: P,
    /** What was loaded, and what began anew. */
    readonly loading: LoadingReport,
  ) {
    this.#adaptable = new AdaptableModule(module, (handles) => bertModuleSpec(config, problemType, handles));
    this.#device = device;
  }

  /**
   * Opens a Hugging Face folder: `config.json` with `model.safetensors`, whole or in shards; where there is no folder
   * of that name, the model of that name on the hub, of which just these files are downloaded. An encoder without head
   * or pooler gets new ones, drawn from N(0, initializer_range) with zero biases. A folder that `save` wrote has a
   * manifest, by which damage to weights or vocabulary is noticed.
   *
   * @throws TorchwrightError ERR_FILE_NOT_FOUND, ERR_CONFIG_INVALID, ERR_SAFETENSORS_INVALID, ERR_PICKLE_WEIGHTS,
   *   ERR_CHECKSUM, ERR_WEIGHTS_MISMATCH, ERR_LABEL_COUNT, ERR_UNKNOWN_DEVICE, ERR_DEVICE_UNAVAILABLE; of the hub
   *   ERR_HUB_…, ERR_DISK_FULL, ERR_FILE_WRITE
   */
  static async fromPretrained<P extends ModelProblem = "single-label">(
    given: string,
    options: FromPretrainedOptions<P> = {},
  ): Promise<BertForSequenceClassification<P>> {
    const placement = resolvePlacement(options);
    const folder = await openFolder("fromPretrained", given, options, MODEL_FILES);
    return await loadVerified(
      folder,
      () => this.#read(folder, options, placement),
      (model) => model.dispose(),
    );
  }

  static async #read<P extends ModelProblem>(
    folder: string,
    options: FromPretrainedOptions<P>,
    placement: Placement,
  ): Promise<BertForSequenceClassification<P>> {
    const raw = await readConfig(folder);
    const config = checkBertConfig(raw, path.join(folder, "config.json"));
    const stored = canonicalNames(await listTensors(folder), "bert", (name) =>
      bertParameterShapes(config, 2).has(name),
    );
    const head = stored.get("classifier.weight")?.entry.shape[0];
    const problem = chooseProblem(
      "fromPretrained",
      options.problemType,
      head === undefined ? undefined : raw["problem_type"],
    ) as P;
    const labels = chooseLabels(folder, options.labels, labelsOf(raw, folder), head, problem);
    const shapes = bertParameterShapes(config, labels.length);

    const loading = fitWeights(folder, stored, shapes);
    return await scope(async () => {
      const tensors = await loadWeights(stored, shapes);
      if (options.seed !== undefined && loading.missing.length > 0) manualSeed(options.seed);
      for (const name of loading.missing) tensors.set(name, initialTensor(name, shapes.get(name) ?? [], config));
      const module = compileBert(config, problem, tensors, placement);
      return new BertForSequenceClassification(module, placement.device, config, labels, problem, loading);
    });
  }

  /**
   * A model with random weights, initialised as Hugging Face's `_init_weights`: N(0, initializer_range), zero
   * biases and padding row, LayerNorm 1 and 0.
   *
   * @throws TorchwrightError ERR_CONFIG_INVALID, ERR_INVALID_ARG, ERR_UNKNOWN_DEVICE, ERR_DEVICE_UNAVAILABLE
   */
  static fromConfig<P extends ModelProblem = "single-label">(
    given: Partial<BertConfig>,
    options: FromConfigOptions<P>,
  ): BertForSequenceClassification<P> {
    const placement = resolvePlacement(options);
    const config = checkBertConfig(given);
    const problem = chooseProblem("fromConfig", options.problemType) as P;
    const labels = checkLabels(options.labels, "fromConfig", problem);
    if (options.seed !== undefined) manualSeed(options.seed);
    return scope(() => {
      const tensors = new Map<string, Tensor>();
      for (const [name, shape] of bertParameterShapes(config, labels.length)) {
        tensors.set(name, initialTensor(name, shape, config));
      }
      const module = compileBert(config, problem, tensors, placement);
      return new BertForSequenceClassification(module, placement.device, config, labels, problem, {
        missing: [],
        unexpected: [],
      });
    });
  }

  get #module(): ScriptModule {
    return this.#adaptable.module;
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
   * From now on what a layer computed is not kept for backward, which computes it again: training takes about a third
   * more time, and memory for one layer instead of all. Gradients stay the same, with dropout too.
   */
  gradientCheckpointingEnable(): void {
    this.#checkpointing = true;
  }

  gradientCheckpointingDisable(): void {
    this.#checkpointing = false;
  }

  /**
   * @returns logits `[batch, classes]`, and the mean loss of its problem where the inputs have labels
   * @throws TorchwrightError ERR_MAX_LENGTH for sequences beyond the position table, ERR_INVALID_ARG unless one of
   *   `inputIds` and `inputsEmbeds` is given, ERR_OPERATOR_FAILED for ids outside the vocabulary, ERR_LABEL_ORDER for
   *   a batch whose class ids count in another list of names
   */
  async forward(inputs: ModelInputs): Promise<ModelOutput> {
    checkBatchLabels(this, inputs);
    if (inputs.inputIds && inputs.inputsEmbeds) {
      throw new TorchwrightError("ERR_INVALID_ARG", "forward: expected inputIds or inputsEmbeds, got both");
    }
    const words = inputs.inputIds ?? inputs.inputsEmbeds;
    if (!(words instanceof Tensor)) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `forward: expected inputIds or inputsEmbeds, got ${describe(words)}`,
      );
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
    const { attentionMask, tokenTypeIds, positionIds } = inputs;
    const args = [
      here(inputs.inputIds),
      here(attentionMask),
      here(tokenTypeIds),
      here(positionIds),
      here(inputs.inputsEmbeds),
    ] as const;
    const labels = here(inputs.labels);
    if (this.#checkpointing && this.training && isGradEnabled()) {
      const logits = await checkpointedLogits(this.#module, this.config.num_hidden_layers, args);
      return new ClassifierOutput(logits, labels && problemLoss(this.problemType, logits, labels));
    }
    const [loss, logits] = (await this.#module.forward([...args, labels])) as [Tensor | undefined, Tensor];
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

  /** Of the adapter that the model has, with the defaults filled in; undefined where it has none. */
  get adapterConfig(): ResolvedLoraConfig | undefined {
    return this.#adaptable.config;
  }

  /**
   * Puts a LoRA adapter in, as PEFT's `get_peft_model` for `TaskType.SEQ_CLS`: linear layers get an update of low rank,
   * `lora_A` and `lora_B` beside their `weight`, which is trained with the head and what `modulesToSave` names. The
   * rest no longer requires grad. The weights are not copied.
   *
   * Parameters and parts that the model gave before are of the model without adapter, and such parameters are freed:
   * make optimizers after this.
   *
   * @example
   * ```ts
   * import { BertForSequenceClassification } from "torchwright";
   * const model = await BertForSequenceClassification.fromPretrained("./minilm", { labels: ["ham", "spam"] });
   * await model.addAdapter({ r: 8, loraAlpha: 16, loraDropout: 0.1, targetModules: ["query", "value", "dense"] });
   * // Train it, with a higher learning rate than all weights would take: 5e-4 in place of 2e-5.
   * await model.saveAdapter("adapters/spam"); // opens with Python's PeftModel.from_pretrained, too
   * model.dispose();
   * ```
   *
   * @throws TorchwrightError ERR_INVALID_ARG, also where the model has an adapter; ERR_BUSY while it is trained or
   *   asked
   */
  async addAdapter(config: LoraConfig = {}): Promise<void> {
    await this.#alone("addAdapter", () => this.#adaptable.add(config));
  }

  /**
   * Puts an adapter in that {@link BertForSequenceClassification.saveAdapter} or PEFT's `save_pretrained` wrote, and
   * its head; what it trained can be trained on. It is given as a folder, or where there is none of that name, as a
   * name on the hub. Otherwise as {@link BertForSequenceClassification.addAdapter}. The model must be the one that it
   * was trained on: that cannot be seen from the folder.
   *
   * @throws TorchwrightError ERR_FILE_NOT_FOUND, ERR_CONFIG_INVALID for an adapter of a kind that is not supported,
   *   ERR_PICKLE_WEIGHTS, ERR_SAFETENSORS_INVALID, ERR_CHECKSUM, ERR_WEIGHTS_MISMATCH for one of another model;
   *   ERR_INVALID_ARG where the model has an adapter; ERR_BUSY. Nothing is changed then.
   */
  async loadAdapter(given: string, options: HubOptions = {}): Promise<void> {
    await this.#alone("loadAdapter", () => this.#adaptable.load(given, options));
  }

  /**
   * Writes `adapter_config.json` and `adapter_model.safetensors`, atomically: the updates, the head and what else is
   * trained, without the model's other weights.
   *
   * @throws TorchwrightError ERR_INVALID_ARG where the model has no adapter; ERR_FILE_WRITE, also for a folder with
   *   other files in it
   */
  async saveAdapter(folder: string): Promise<void> {
    await this.#adaptable.save(folder);
  }

  /**
   * Merges the adapter's updates into the weights, W + scaling · B A, as PEFT's `merge_and_unload`. The model computes
   * the same but for rounding, and is then as one that never had an adapter: what required grad does so again.
   * Parameters that it gave before are freed.
   *
   * @throws TorchwrightError ERR_INVALID_ARG where the model has no adapter; ERR_BUSY
   */
  async mergeAdapter(): Promise<void> {
    await this.#alone("mergeAdapter", () => this.#adaptable.merge());
  }

  #alone(operation: string, work: () => Promise<void>): Promise<void> {
    return exclusive(this as TextClassifier<P>, operation, work);
  }

  async to(device: string): Promise<this> {
    const resolved = resolveDevice(device);
    await this.#module.to(resolved);
    this.#device = resolved;
    return this;
  }

  /**
   * Writes a Hugging Face folder, atomically: Python's `AutoModelForSequenceClassification.from_pretrained` and
   * {@link BertForSequenceClassification.fromPretrained} open it. An adapter is merged into the weights that are
   * written; the model keeps it.
   *
   * @throws TorchwrightError ERR_FILE_WRITE
   */
  async save(folder: string, options: SaveOptions = {}): Promise<void> {
    await writeFolder(folder, async (temporary) => {
      const { labels, problemType } = this;
      const config = configToSave(this.config, { labels, problemType, dtype: this.parameters()[0]?.dtype });
      await writeFile(path.join(temporary, "config.json"), `${JSON.stringify(config, null, 2)}\n`);
      await scope(async () =>
        writeSafetensors(path.join(temporary, "model.safetensors"), await this.#adaptable.mergedParameters()),
      );
      await writeCompanions(temporary, options);
    });
  }

  /**
   * Writes a TorchScript archive that Python's `torch.jit.load` opens. Its `forward` takes input_ids, attention_mask,
   * token_type_ids, position_ids, inputs_embeds and labels, and gives (loss or None, logits). An adapter stays an
   * adapter there.
   *
   * @throws TorchwrightError ERR_FILE_WRITE
   */
  async saveTorchScript(file: string): Promise<void> {
    await this.#module.save(file);
  }

  /** Frees the model's tensors; harmless when repeated. */
  dispose(): void {
    this.#adaptable.dispose();
  }

  /** Frees the model's tensors; harmless when repeated. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
