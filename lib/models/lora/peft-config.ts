/** `adapter_config.json`, as PEFT writes and reads it. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { TorchwrightError } from "../../errors";
import { invalidConfig } from "../bert-config";
import { HEAD } from "./adapter-plan";
import { LORA_OPTIONS, type LoraConfig, type Refuse, type ResolvedLoraConfig, resolveLoraConfig } from "./lora-config";

const NAME = "adapter_config.json";
const TASK = "SEQ_CLS";
/** What PEFT calls heads of classifiers, and trains whole: the first is BERT's. */
const HEADS = [HEAD, "score"];
const MAY_BE_NULL = [
  "targetModules",
  "excludeModules",
  "layersToTransform",
  "modulesToSave",
  "rankPattern",
  "alphaPattern",
  "baseModelNameOrPath",
];
/** Ways to draw first values that leave the base model's weights alone: once drawn, they are as any others. */
const DRAWN = ["eva", "orthogonal"];
/** Keys that change nothing of what an adapter computes, whatever their values. */
const WITHOUT_EFFECT = new Set([
  "auto_mapping",
  "ensure_weight_tying",
  "eva_config",
  "inference_mode",
  "megatron_core",
  "peft_version",
  "qalora_group_size",
  "revision",
  "runtime_config",
]);

/** An adapter's configuration in a folder. */
export interface StoredConfig {
  readonly config: ResolvedLoraConfig;
  /** Whether PEFT took the model for a classifier, and so saved its head. */
  readonly savesHead: boolean;
  /** Makes an error that names the file. */
  readonly refuse: Refuse;
}

/** Options that the file has. */
const STORED = LORA_OPTIONS.filter((option) => option !== "seed");
const keyOf = (option: string): string => option.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The text of `adapter_config.json` for a classifier. */
export function peftConfig(config: ResolvedLoraConfig): string {
  const all: Record<string, unknown> = {
    ...Object.fromEntries(STORED.map((option) => [keyOf(option), config[option] ?? null])),
    modules_to_save: [...config.modulesToSave, ...HEADS],
    peft_type: "LORA",
    task_type: TASK,
    auto_mapping: null,
    fan_in_fan_out: false,
    inference_mode: true,
    layers_pattern: null,
    revision: null,
  };
  return `${JSON.stringify(Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1))), null, 2)}\n`;
}

/**
 * Reads a folder's configuration. A key that is not understood must be null, false or empty: it might change what the
 * adapter computes.
 *
 * @throws TorchwrightError ERR_FILE_NOT_FOUND; ERR_CONFIG_INVALID naming file and key
 */
export async function readPeftConfig(folder: string): Promise<StoredConfig> {
  const file = path.join(folder, NAME);
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new TorchwrightError(
      "ERR_FILE_NOT_FOUND",
      `loadAdapter: expected an adapter's folder with ${NAME}, got ${folder}: ${(cause as Error).message}`,
      { cause },
    );
  });
  const raw = parse(file, text);
  const refuse: Refuse = (key, expected, got) =>
    invalidConfig(key === undefined ? file : `${file}: ${keyOf(key)}`, expected, got);
  const task = raw["task_type"] ?? null;
  if (raw["peft_type"] !== "LORA") throw refuse("peft_type", '"LORA"', raw["peft_type"]);
  if (task !== null && task !== TASK) throw refuse("task_type", `"${TASK}" or null`, task);
  const lists = [raw["layers_pattern"] ?? []].flat() as unknown[];
  if (lists.length > 0 && !(lists.includes("layer") && lists.every((name) => /^\w+$/.test(String(name))))) {
    throw refuse("layers_pattern", '"layer", as the list of BERT\'s layers is called, or null', raw["layers_pattern"]);
  }
  const options: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(raw)) {
    const option = STORED.find((name) => keyOf(name) === key);
    if (option !== undefined) options[option] = value === null && MAY_BE_NULL.includes(option) ? undefined : value;
    else if (!WITHOUT_EFFECT.has(key) && !["peft_type", "task_type", "layers_pattern"].includes(key) && !isOff(value)) {
      throw refuse(key, "nothing, as this is not supported", value);
    }
  }
  return { config: resolveLoraConfig(ours(options), refuse), savesHead: task === TASK, refuse };
}

/** What PEFT says in another way. */
function ours({
  initLoraWeights,
  layersToTransform,
  modulesToSave,
  ...options
}: Readonly<Record<string, unknown>>): LoraConfig {
  return {
    ...options,
    initLoraWeights: DRAWN.includes(initLoraWeights as string) ? true : initLoraWeights,
    // No numbers stand for all layers.
    layersToTransform:
      Array.isArray(layersToTransform) && layersToTransform.length === 0 ? undefined : layersToTransform,
    modulesToSave: Array.isArray(modulesToSave)
      ? [...new Set<unknown>(modulesToSave)].filter((name) => !HEADS.includes(name as string))
      : modulesToSave,
  } as LoraConfig;
}

function isOff(value: unknown): boolean {
  return value === null || value === false || (typeof value === "object" && Object.keys(value).length === 0);
}

function parse(file: string, text: string): Readonly<Record<string, unknown>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new TorchwrightError("ERR_CONFIG_INVALID", `${file}: expected JSON: ${(cause as Error).message}`, { cause });
  }
  if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
  throw invalidConfig(file, "a JSON object", parsed);
}
