/**
 * Opens what `train` starts from: a folder of BERT, with or without head, a folder of a TorchScript module, or its
 * file.
 */
import { readConfig } from "../../models/bert-config";
import { loadTextClassifier } from "../../models/auto-classifier";
import { BertForSequenceClassification } from "../../models/bert-for-sequence-classification";
import type { LoraConfig } from "../../models/lora/lora-config";
import type { ModelProblem, TextClassifier } from "../../models/model";
import { asTextClassifier } from "../../models/as-text-classifier";
import { loadScriptModule } from "../../jit/load";
import { UsageError } from "../usage-error";

export interface Start {
  /** A folder, a name that `fromPretrained` takes, or a file of TorchScript. */
  readonly model: string;
  /** Of the data; empty for a regression. */
  readonly labels: readonly string[];
  readonly problemType: ModelProblem;
  readonly device: string | undefined;
  /** Seed of what the model lacks. */
  readonly seed: number;
  readonly lora: LoraConfig | undefined;
}

/**
 * The model; whoever asked disposes it. Throws what opening it throws, and UsageError for an adapter on what takes
 * none.
 */
export async function openTrainable({
  model: from,
  labels,
  problemType,
  device: asked,
  seed,
  lora,
}: Start): Promise<TextClassifier<ModelProblem>> {
  const device = asked === undefined ? {} : { device: asked };
  if (isTorchScriptFile(from)) {
    refuse(lora);
    return asTextClassifier(await loadScriptModule(from, device), { labels, problemType });
  }
  if (await isTorchScriptFolder(from)) {
    refuse(lora);
    return loadTextClassifier(from, { ...device, problemType });
  }
  const names = labels.length > 0 ? { labels } : {};
  const model = await BertForSequenceClassification.fromPretrained<ModelProblem>(from, {
    ...device,
    ...names,
    problemType,
    seed,
  });
  try {
    if (lora) await model.addAdapter({ seed, ...lora });
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** A file that Python's `torch.jit.save` or `export --torchscript` wrote. */
export function isTorchScriptFile(name: string): boolean {
  return /\.(?:pt|pth|ts)$/.test(name);
}

/** Whatever cannot be read here is told by whoever opens it. */
async function isTorchScriptFolder(folder: string): Promise<boolean> {
  return readConfig(folder).then(
    (config) => config["model_type"] === "torchscript",
    () => false,
  );
}

function refuse(lora: LoraConfig | undefined): void {
  if (lora) {
    throw new UsageError("--lora: expected a folder of BERT, whose linear layers are known, got a TorchScript module");
  }
}
