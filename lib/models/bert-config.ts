/** BERT's `config.json`, by Hugging Face's keys: read, checked, written. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { describe, TorchwrightError } from "../errors";
import { finishInterruptedSave } from "../text/interrupted-save";
import type { ModelProblem } from "./model";
import { problemTypeKey } from "./problem";

/** The keys that shape the computation; all others are carried along untouched. */
export interface BertConfig {
  /** Rows of the table of word embeddings. Default 30522. */
  readonly vocab_size: number;
  /** Width of the layers. Default 768. */
  readonly hidden_size: number;
  /** Number of layers. Default 12. */
  readonly num_hidden_layers: number;
  /** Attention heads of a layer; divides `hidden_size`. Default 12. */
  readonly num_attention_heads: number;
  /** Width between a layer's two dense parts. Default 3072. */
  readonly intermediate_size: number;
  /** The activation between them, by Hugging Face's name. Default "gelu". */
  readonly hidden_act: string;
  /** Dropout of embeddings and layers' outputs. Default 0.1. */
  readonly hidden_dropout_prob: number;
  /** Dropout of attention probabilities. Default 0.1. */
  readonly attention_probs_dropout_prob: number;
  /** Dropout before the classifier; null takes `hidden_dropout_prob`. Default null. */
  readonly classifier_dropout: number | null;
  /** Rows of the position table: the longest sequence. Default 512. */
  readonly max_position_embeddings: number;
  /** Kinds of segments. Default 2. */
  readonly type_vocab_size: number;
  /** Standard deviation of new weights. Default 0.02. */
  readonly initializer_range: number;
  /** Added to variances in layer normalization. Default 1e-12. */
  readonly layer_norm_eps: number;
  /** Id of the padding token. Default 0. */
  readonly pad_token_id: number | null;
  /** Class names by id. */
  readonly id2label?: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}

/** `BertConfig` of Hugging Face's transformers 5, the sizes of bert-base-uncased. */
const DEFAULTS: BertConfig = {
  vocab_size: 30522,
  hidden_size: 768,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  intermediate_size: 3072,
  hidden_act: "gelu",
  hidden_dropout_prob: 0.1,
  attention_probs_dropout_prob: 0.1,
  classifier_dropout: null,
  max_position_embeddings: 512,
  type_vocab_size: 2,
  initializer_range: 0.02,
  layer_norm_eps: 1e-12,
  pad_token_id: 0,
};

/** Activations by Hugging Face's names, as TorchScript. */
export const ACTIVATIONS: Readonly<Record<string, string>> = {
  gelu: "torch.gelu(x)",
  gelu_new: 'torch.gelu(x, approximate="tanh")',
  gelu_pytorch_tanh: 'torch.gelu(x, approximate="tanh")',
  relu: "torch.relu(x)",
  silu: "torch.silu(x)",
  swish: "torch.silu(x)",
  tanh: "torch.tanh(x)",
};

/** @internal */
export function invalidConfig(where: string, expected: string, got: unknown): TorchwrightError {
  return new TorchwrightError("ERR_CONFIG_INVALID", `${where}: expected ${expected}, got ${describe(got)}`);
}

/** Keys that other kinds of BERT set; obeying them would need another computation, so they are refused. */
function refuseUnsupported(config: Readonly<Record<string, unknown>>, where: string): void {
  const refuse = (key: string, allowed: readonly unknown[]): void => {
    const value = config[key];
    if (value !== undefined && value !== null && !allowed.includes(value)) {
      throw invalidConfig(`${where}: ${key}`, allowed.map((item) => JSON.stringify(item)).join(" or "), value);
    }
  };
  refuse("model_type", ["bert"]);
  refuse("position_embedding_type", ["absolute"]);
  refuse("is_decoder", [false]);
  refuse("add_cross_attention", [false]);
  refuse("problem_type", ["single_label_classification", "multi_label_classification", "regression"]);
}

/**
 * Completes a configuration with Hugging Face's defaults and checks it.
 *
 * @throws TorchwrightError ERR_CONFIG_INVALID naming the key
 */
export function checkBertConfig(given: unknown, where = "BertConfig"): BertConfig {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw invalidConfig(where, "an object", given);
  }
  refuseUnsupported(given as Record<string, unknown>, where);
  const config: BertConfig = { ...DEFAULTS, ...(given as Partial<BertConfig>) };
  const number = (key: string, low: number, high: number, integer: boolean, mayBeNull = false): void => {
    const value = config[key];
    if (mayBeNull && value === null) return;
    if (typeof value === "number" && value >= low && value <= high && (!integer || Number.isInteger(value))) return;
    throw invalidConfig(`${where}: ${key}`, `${integer ? "an integer" : "a number"} from ${low} to ${high}`, value);
  };
  for (const key of [
    "vocab_size",
    "hidden_size",
    "num_attention_heads",
    "intermediate_size",
    "max_position_embeddings",
    "type_vocab_size",
  ]) {
    number(key, 1, 2 ** 31 - 1, true);
  }
  number("num_hidden_layers", 1, 1000, true);
  for (const key of ["hidden_dropout_prob", "attention_probs_dropout_prob"]) number(key, 0, 1, false);
  number("classifier_dropout", 0, 1, false, true);
  number("initializer_range", 0, 100, false);
  number("layer_norm_eps", 0, 1, false);
  number("pad_token_id", 0, config.vocab_size - 1, true, true);
  if (config.hidden_size % config.num_attention_heads !== 0) {
    throw invalidConfig(
      `${where}: num_attention_heads`,
      `a divisor of hidden_size ${config.hidden_size}`,
      config.num_attention_heads,
    );
  }
  if (typeof config.hidden_act !== "string" || !Object.hasOwn(ACTIVATIONS, config.hidden_act)) {
    throw invalidConfig(`${where}: hidden_act`, `one of ${Object.keys(ACTIVATIONS).join(", ")}`, config.hidden_act);
  }
  return config;
}

/** The folder that a run writes has the model in a folder of its own. */
function hintOf(folder: string): string {
  const model = path.join(folder, "model");
  return existsSync(path.join(model, "config.json")) ? `; the model of this run is ${model}` : "";
}

/** @throws TorchwrightError ERR_FILE_NOT_FOUND, ERR_CONFIG_INVALID naming the file */
export async function readConfig(folder: string): Promise<Readonly<Record<string, unknown>>> {
  const file = path.join(folder, "config.json");
  let text: string;
  try {
    await finishInterruptedSave(folder);
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new TorchwrightError(
      "ERR_FILE_NOT_FOUND",
      `fromPretrained: expected a model folder with config.json, got ${folder}: ${(cause as Error).message}${hintOf(folder)}`,
      { cause },
    );
  }
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) {
      return parsed as Record<string, unknown>;
    }
  } catch (cause) {
    throw new TorchwrightError("ERR_CONFIG_INVALID", `${file}: expected JSON: ${(cause as Error).message}`, { cause });
  }
  throw invalidConfig(file, "a JSON object", text);
}

/** What a configuration does not know of a model. */
export interface SavedWith {
  readonly labels: readonly string[];
  readonly problemType: ModelProblem;
  /** Of the parameters; default "float32". */
  readonly dtype: string | undefined;
}

/** `config.json` as `save_pretrained` would write it. */
export function configToSave(
  { torch_dtype: _, ...config }: BertConfig,
  { labels, problemType, dtype = "float32" }: SavedWith,
): Record<string, unknown> {
  return {
    ...config,
    architectures: ["BertForSequenceClassification"],
    model_type: "bert",
    problem_type: problemTypeKey(problemType),
    dtype,
    id2label: Object.fromEntries(labels.map((label, id) => [String(id), label])),
    label2id: Object.fromEntries(labels.map((label, id) => [label, id])),
  };
}
