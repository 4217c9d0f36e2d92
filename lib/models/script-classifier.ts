/** Makes a text classifier of any TorchScript module that maps token ids to logits. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { TorchwrightError } from "../errors";
import type { ScriptModule } from "../jit/script-module";
import { resolveDevice } from "../tensor/device";
import type { Tensor } from "../tensor/tensor";
import { checkBatchLabels, checkLabels } from "./labels";
import type { ModelInputs, ModelOutput, ModelProblem, SaveOptions, TextClassifier } from "./model";
import { toDevice } from "./model";
import { chooseProblem, problemTypeKey } from "./problem";
import { classifierOutput } from "./output";
import { writeCompanions, writeFolder } from "./save-folder";

/** What of a batch a module can take: its tensors. */
type Column = Exclude<keyof ModelInputs, "labelNames" | "problemType">;

/** Batch columns by the names that arguments have in Python. */
const COLUMNS: Readonly<Record<string, Column>> = {
  input_ids: "inputIds",
  attention_mask: "attentionMask",
  token_type_ids: "tokenTypeIds",
  position_ids: "positionIds",
  inputs_embeds: "inputsEmbeds",
  labels: "labels",
};

/**
 * A TorchScript module, scripted or traced in Python, as a text classifier. Its forward's argument names decide
 * which batch columns it gets. It may give logits alone, a tuple, or a dictionary with `logits`; where it gives
 * no loss, that of its problem is computed from its logits.
 */
export class ScriptClassifier<P extends ModelProblem = "single-label"> implements TextClassifier<P> {
  readonly problemType: P;
  /** Rows of the position table, found by the name that BERTs give it; Infinity where there is none. */
  readonly maxLength: number;
  /** Rows of the word embeddings, found by the name that BERTs give them. */
  readonly vocabSize: number | undefined;
  readonly #columns: readonly (readonly [name: string, column: Column, optional: boolean])[];
  #device: string;

  /**
   * @param problemType what the module decides; default "single-label"
   * @throws TorchwrightError ERR_INVALID_ARG for bad labels, or a forward with arguments that no batch column fits
   */
  constructor(
    /** The module that makes the logits. */
    readonly module: ScriptModule,
    readonly labels: readonly string[],
    problemType?: P,
  ) {
    this.problemType = chooseProblem("ScriptClassifier", problemType) as P;
    checkLabels(labels, "ScriptClassifier", this.problemType);
    this.#device = module.parameters()[0]?.device ?? "cpu";
    const rows = (name: RegExp): number | undefined =>
      module.namedParameters().find(([path]) => name.test(path))?.[1].shape[0];
    this.maxLength = rows(/(?:^|\.)position_embeddings\.weight$/) ?? Infinity;
    this.vocabSize = rows(/(?:^|\.)word_embeddings\.weight$/);
    this.#columns = module.schema().flatMap(({ name, optional, type }) => {
      const column = Object.hasOwn(COLUMNS, name) ? COLUMNS[name] : undefined;
      const mayBeAbsent = optional || type.startsWith("Optional");
      if (column) return [[name, column, mayBeAbsent] as const];
      if (mayBeAbsent) return [];
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `ScriptClassifier: expected forward's arguments among ${Object.keys(COLUMNS).join(", ")}; got "${name}", which is not optional`,
      );
    });
  }

  get device(): string {
    return this.#device;
  }

  get training(): boolean {
    return this.module.training;
  }

  /** The module: whoever else makes a classifier of it has the same model. */
  get core(): ScriptModule {
    return this.module;
  }

  /**
   * @throws TorchwrightError ERR_INVALID_ARG, ERR_LABEL_ORDER, ERR_OUTPUT_NOT_UNDERSTOOD, ERR_LABEL_COUNT,
   *   ERR_SCRIPT_CALL
   */
  async forward(inputs: ModelInputs): Promise<ModelOutput> {
    checkBatchLabels(this, inputs);
    const named: Record<string, Tensor> = {};
    for (const [name, column, optional] of this.#columns) {
      const tensor = toDevice(inputs[column], this.#device);
      if (tensor) named[name] = tensor;
      else if (!optional) {
        throw new TorchwrightError(
          "ERR_INVALID_ARG",
          `forward: the module needs ${name}, and the batch has no ${column}`,
        );
      }
    }
    const output: unknown = await this.module.forward([], named);
    const labels = toDevice(inputs.labels, this.#device);
    return classifierOutput(output, this, { labels, given: "labels" in named });
  }

  namedParameters(): readonly (readonly [string, Tensor])[] {
    return this.module.namedParameters();
  }

  namedBuffers(): readonly (readonly [string, Tensor])[] {
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
    const resolved = resolveDevice(device);
    await this.module.to(resolved);
    this.#device = resolved;
    return this;
  }

  /**
   * Writes `model.pt` with label names and tokenizer. `torch.jit.load` opens `model.pt`; being code and not
   * weights alone, the folder is none for Python's `from_pretrained`.
   *
   * @throws TorchwrightError ERR_FILE_WRITE
   */
  async save(folder: string, options: SaveOptions = {}): Promise<void> {
    await writeFolder(folder, async (temporary) => {
      await this.module.save(path.join(temporary, "model.pt"));
      const id2label = Object.fromEntries(this.labels.map((label, id) => [String(id), label]));
      await writeFile(
        path.join(temporary, "config.json"),
        `${JSON.stringify({ model_type: "torchscript", problem_type: problemTypeKey(this.problemType), id2label }, null, 2)}\n`,
      );
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
