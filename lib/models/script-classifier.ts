/** Makes a text classifier of any TorchScript module that maps token ids to logits. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, TorchwrightError } from "../errors";
import { ScriptModule } from "../jit/script-module";
import { resolveDevice } from "../tensor/device";
import type { OperatorResult } from "../tensor/operators";
import { ops } from "../tensor/ops";
import { Tensor } from "../tensor/tensor";
import { checkBatchLabels, checkLabels } from "./labels";
import type { ModelInputs, ModelOutput, SaveOptions, TextClassifier } from "./model";
import { ClassifierOutput, toDevice } from "./model";
import { writeFolder } from "./save-folder";

/** What of a batch a module can take: its tensors. */
type Column = Exclude<keyof ModelInputs, "labelNames">;

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
 * no loss, cross-entropy is computed from its logits.
 */
export class ScriptClassifier implements TextClassifier {
  /** Rows of the position table, found by the name that BERTs give it; Infinity where there is none. */
  readonly maxLength: number;
  /** Rows of the word embeddings, found by the name that BERTs give them. */
  readonly vocabSize: number | undefined;
  readonly #columns: readonly (readonly [name: string, column: Column, optional: boolean])[];
  #device: string;

  /** @throws TorchwrightError ERR_INVALID_ARG for bad labels, or a forward with arguments that no batch column fits */
  constructor(
    readonly module: ScriptModule,
    readonly labels: readonly string[],
  ) {
    checkLabels(labels, "ScriptClassifier");
    this.#device = module.parameters()[0]?.device ?? "cpu";
    const rows = (name: RegExp): number | undefined => module.namedParameters().find(([path]) => name.test(path))?.[1].shape[0];
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

  /** @throws TorchwrightError ERR_INVALID_ARG, ERR_LABEL_ORDER, ERR_OUTPUT_NOT_UNDERSTOOD, ERR_LABEL_COUNT, ERR_SCRIPT_CALL */
  async forward(inputs: ModelInputs): Promise<ModelOutput> {
    checkBatchLabels(this.labels, inputs);
    const named: Record<string, Tensor> = {};
    for (const [name, column, optional] of this.#columns) {
      const tensor = toDevice(inputs[column], this.#device);
      if (tensor) named[name] = tensor;
      else if (!optional) throw new TorchwrightError("ERR_INVALID_ARG", `forward: the module needs ${name}, and the batch has no ${column}`);
    }
    const { logits, loss } = understand(await this.module.forward([], named), "labels" in named);
    const classes = logits.shape[1];
    if (classes !== this.labels.length) {
      throw new TorchwrightError("ERR_LABEL_COUNT", `forward: the module gives ${classes} classes, ${this.labels.length} labels were given`);
    }
    const target = toDevice(inputs.labels, this.#device);
    return new ClassifierOutput(logits, loss ?? (target && ops.crossEntropyLoss(logits, target)));
  }

  namedParameters(): readonly (readonly [string, Tensor])[] {
    return this.module.namedParameters();
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
      await writeFile(path.join(temporary, "config.json"), `${JSON.stringify({ model_type: "torchscript", id2label }, null, 2)}\n`);
      await options.tokenizer?.save(temporary);
      for (const [name, text] of Object.entries(options.files ?? {})) await writeFile(path.join(temporary, name), text);
    });
  }

  dispose(): void {
    this.module.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Finds logits `[batch, classes]`, and a scalar loss before them, in what a module gave. */
function understand(output: OperatorResult, hadLabels: boolean): { logits: Tensor; loss: Tensor | undefined } {
  if (output instanceof Tensor) {
    if (output.shape.length === 2) return { logits: output, loss: undefined };
  } else if (Array.isArray(output)) {
    const items = output as readonly OperatorResult[];
    const at = items.findIndex((item) => item instanceof Tensor && item.shape.length === 2);
    const logits = items[at];
    const before = items.slice(0, Math.max(at, 0)).find((item) => item instanceof Tensor && item.shape.length === 0);
    if (logits instanceof Tensor) return { logits, loss: hadLabels && before instanceof Tensor ? before : undefined };
  } else if (typeof output === "object" && output !== null) {
    const { logits, loss } = output as { readonly [key: string]: OperatorResult };
    if (logits instanceof Tensor && logits.shape.length === 2) {
      return { logits, loss: hadLabels && loss instanceof Tensor ? loss : undefined };
    }
  }
  throw new TorchwrightError(
    "ERR_OUTPUT_NOT_UNDERSTOOD",
    `forward: expected logits [batch, classes], alone, in a tuple or as "logits" of a dictionary, got ${outline(output)}`,
  );
}

function outline(output: OperatorResult): string {
  if (output instanceof Tensor) return `a tensor [${output.shape.join(", ")}]`;
  if (Array.isArray(output)) return `a tuple of (${(output as readonly OperatorResult[]).map(outline).join(", ")})`;
  if (typeof output === "object" && output !== null) return `a dictionary of ${Object.keys(output).join(", ")}`;
  return describe(output);
}

/**
 * A text classifier as it is; a bare TorchScript module with its labels as one.
 *
 * @throws TorchwrightError ERR_INVALID_ARG for a module without labels, or labels that differ from the model's
 */
export function asTextClassifier(model: TextClassifier | ScriptModule, labels?: readonly string[]): TextClassifier {
  if (model instanceof ScriptModule) {
    if (!labels) {
      throw new TorchwrightError("ERR_INVALID_ARG", "Trainer: expected { labels: [...] } with a TorchScript module, which does not know the names of its classes");
    }
    return new ScriptClassifier(model, labels);
  }
  if (labels && labels.join("\0") !== model.labels.join("\0")) {
    throw new TorchwrightError("ERR_INVALID_ARG", `Trainer: expected no labels, or the model's own (${model.labels.join(", ")}), got ${labels.join(", ")}`);
  }
  return model;
}
