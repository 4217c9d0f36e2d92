/** Makes a text classifier of a module that someone wrote with `nn`. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { Batch } from "../data/batch";
import { describe, TorchwrightError } from "../errors";
import type { HubOptions } from "../hub/options";
import { Module } from "../nn/module";
import type { AnyModule, Named } from "../nn/part";
import type { StateDict } from "../nn/state";
import { resolveDevice } from "../tensor/device";
import { scope } from "../tensor/scope";
import { Tensor } from "../tensor/tensor";
import { openFolder } from "../text/open-folder";
import { readConfig } from "./bert-config";
import { MODEL_FILES } from "./hub-files";
import { checkBatchLabels, checkLabels, labelsOf } from "./labels";
import { loadVerified } from "./manifest";
import type { ModelInputs, ModelOutput, ModelProblem, SaveOptions, TextClassifier } from "./model";
import { toDevice } from "./model";
import { chooseProblem, problemTypeKey } from "./problem";
import { classifierOutput } from "./output";
import { writeSafetensors } from "./safetensors";
import { writeCompanions, writeFolder } from "./save-folder";
import { loadSafetensors } from "./state-file";

/** Logits, alone or with a loss. @inline */
type Output =
  | Tensor
  | {
      /** `[batch, classes]`. */
      readonly logits: Tensor;
      /** A scalar, where the module computes one. */
      readonly loss?: Tensor | undefined;
    };

/**
 * An `nn.Module` that can be trained as a text classifier: its forward takes a loader's batch and gives logits
 * `[batch, classes]`, alone or with a loss of its own, at once or as a promise.
 */
export type ClassifierModule = Module & {
  /** Maps a batch to logits, or to what has them. */
  readonly forward: (batch: Batch) => Output | Promise<Output>;
  /** Longest sequence that it takes, in tokens; no limit where it does not say. */
  readonly maxLength?: number;
};

/** `model_type` of the folders that {@link ModuleClassifier.save} writes. */
export const MODULE_TYPE = "torchwright-module";

/**
 * A module written with `nn`, as a text classifier. Where its forward gives no loss, that of its problem is computed
 * from its logits. The Trainer makes one of the module that it is given.
 */
export class ModuleClassifier<P extends ModelProblem = "single-label"> implements TextClassifier<P> {
  readonly labels: readonly string[];
  readonly problemType: P;

  /**
   * @param problemType what the module decides; default "single-label"
   * @throws TorchwrightError ERR_INVALID_ARG for bad labels or what is no `nn.Module`
   */
  constructor(
    /** The module that makes the logits. */
    readonly module: ClassifierModule,
    labels: readonly string[],
    problemType?: P,
  ) {
    this.problemType = chooseProblem("ModuleClassifier", problemType) as P;
    this.labels = checkLabels(labels, "ModuleClassifier", this.problemType);
    if (!(module instanceof Module)) {
      throw new TorchwrightError("ERR_INVALID_ARG", `ModuleClassifier: expected an nn.Module, got ${describe(module)}`);
    }
  }

  /**
   * Reads a folder that {@link ModuleClassifier.save} or the Trainer wrote into a module of the class that was saved: a
   * folder holds weights and label names, not code.
   *
   * @example
   * ```ts
   * import { ModuleClassifier, nn, ops } from "torchwright";
   * import type { Batch } from "torchwright";
   * class Bag extends nn.Module {
   *   readonly words = new nn.Embedding(100, 2);
   *   forward({ inputIds }: Batch) {
   *     return this.words.forward(inputIds).mean([1]); // [batch, sequence] → [batch, 2]
   *   }
   * }
   * await new ModuleClassifier(new Bag(), ["ham", "spam"]).save("bag");
   * const model = await ModuleClassifier.load("bag", new Bag());
   * console.log(model.labels);
   * ```
   *
   * @throws TorchwrightError ERR_WEIGHTS_MISMATCH for a module of another shape, ERR_CONFIG_INVALID,
   *   ERR_FILE_NOT_FOUND, ERR_SAFETENSORS_INVALID; ERR_CHECKSUM for a damaged file, with the module as it was
   */
  static async load<P extends ModelProblem = "single-label">(
    given: string,
    module: ClassifierModule,
    problemType?: P,
    options: HubOptions = {},
  ): Promise<ModuleClassifier<P>> {
    const folder = await openFolder("ModuleClassifier.load", given, options, MODEL_FILES);
    const config = await readConfig(folder);
    const problem = chooseProblem("ModuleClassifier.load", problemType, config["problem_type"]) as P;
    const labels = labelsOf(config, folder);
    if (!labels) {
      throw new TorchwrightError("ERR_CONFIG_INVALID", `${path.join(folder, "config.json")}: expected id2label`);
    }
    const classifier = new ModuleClassifier(module, labels, problem);
    await scope(async () => {
      const read = (): Promise<StateDict> => loadSafetensors(path.join(folder, "model.safetensors"));
      module.loadStateDict(await loadVerified(folder, read, () => undefined)); // the scope frees it
    });
    return classifier;
  }

  /** Where the first parameter is. */
  get device(): string {
    return this.module.parameters()[0]?.device ?? "cpu";
  }

  /** Two classifiers of one module are one model. */
  get core(): ClassifierModule {
    return this.module;
  }

  get training(): boolean {
    return this.module.training;
  }

  get maxLength(): number {
    return this.module.maxLength ?? Infinity;
  }

  /**
   * @throws TorchwrightError ERR_LABEL_ORDER, ERR_OUTPUT_NOT_UNDERSTOOD, ERR_LABEL_COUNT, and what the module throws
   */
  async forward(inputs: ModelInputs): Promise<ModelOutput> {
    checkBatchLabels(this, inputs);
    const { device } = this;
    const here = Object.fromEntries(
      Object.entries(inputs).map(([name, value]: [string, unknown]) => [
        name,
        value instanceof Tensor ? toDevice(value, device) : value,
      ]),
    ) as unknown as Batch;
    const { labels } = here;
    return classifierOutput(await this.module.forward(here), this, { labels, given: labels !== undefined });
  }

  namedParameters(): Named<Tensor> {
    return this.module.namedParameters();
  }

  /** The module's parts, by which weight decay knows normalisation layers. */
  namedModules(): Named<AnyModule> {
    return this.module.namedModules();
  }

  namedBuffers(): Named<Tensor> {
    return this.module.namedBuffers();
  }

  parameters(): readonly Tensor[] {
    return this.module.parameters();
  }

  train(): void {
    this.module.train();
  }

  eval(): void {
    this.module.eval();
  }

  async to(device: string): Promise<this> {
    await this.module.to({ device: resolveDevice(device) });
    return this;
  }

  /**
   * Writes `model.safetensors` under the names of `stateDict()`, the label names and the tokenizer. The class is code
   * and is not saved: {@link ModuleClassifier.load} needs one of it.
   *
   * @throws TorchwrightError ERR_FILE_WRITE
   */
  async save(folder: string, options: SaveOptions = {}): Promise<void> {
    await writeFolder(folder, async (temporary) => {
      const config = {
        model_type: MODULE_TYPE,
        architectures: [this.module.constructor.name],
        problem_type: problemTypeKey(this.problemType),
        id2label: Object.fromEntries(this.labels.map((label, id) => [String(id), label])),
        label2id: Object.fromEntries(this.labels.map((label, id) => [label, id])),
      };
      await writeFile(path.join(temporary, "config.json"), `${JSON.stringify(config, null, 2)}\n`);
      await writeSafetensors(path.join(temporary, "model.safetensors"), [...this.module.stateDict()]);
      await writeCompanions(temporary, options);
    });
  }

  /** Frees the module's tensors; harmless when repeated. */
  dispose(): void {
    this.module.dispose();
  }

  /** Frees the module's tensors; harmless when repeated. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Why a folder cannot be opened without its class. */
export function needsClass(folder: string, config: Readonly<Record<string, unknown>>): TorchwrightError {
  const [name = "the class"] = Array.isArray(config["architectures"])
    ? (config["architectures"] as unknown[]).map(String)
    : [];
  return new TorchwrightError(
    "ERR_CONFIG_INVALID",
    `${path.join(folder, "config.json")}: expected a model that this library can make, got the weights of ${name}, an nn.Module of someone's own. ` +
      `Make one and open it with ModuleClassifier.load(${JSON.stringify(folder)}, new ${name}(…)).`,
  );
}
