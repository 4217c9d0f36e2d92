/** What a LoRA adapter is like: its options under PEFT's names and with its defaults, checked. */
import type { TorchwrightError } from "../../errors";

/**
 * Options of an adapter, by the names that PEFT's `LoraConfig` has for them.
 *
 * Names of modules in lists are whole names or their ends: "dense" stands for every layer that ends in ".dense",
 * "attention.output.dense" for those of the attentions. A string in place of a list is a regular expression for the
 * whole name, `.*layer\.[01]\..*\.query`.
 *
 * Source: Hu et al., *LoRA: Low-Rank Adaptation of Large Language Models*, 2021.
 */
export interface LoraConfig {
  /** Rank of the updates. Default 8. */
  readonly r?: number;
  /** An update is multiplied by loraAlpha / r. Default 8. */
  readonly loraAlpha?: number;
  /** Dropout in front of an update, from 0 to 1. Default 0. */
  readonly loraDropout?: number;
  /** Linear layers that get an update; "all-linear" stands for all but the head. Default ["query", "value"]. */
  readonly targetModules?: string | readonly string[];
  /** Layers that get none, although they are targets. Default: none. */
  readonly excludeModules?: string | readonly string[];
  /** Numbers of the encoder's layers in which targets are looked for, where those are a list. Default: all. */
  readonly layersToTransform?: number | readonly number[];
  /** Modules that are trained whole and saved with the adapter, beside the head, which always is. Default: none. */
  readonly modulesToSave?: readonly string[];
  /** Biases that are trained: none, those of layers with an update, or all. Default "none". */
  readonly bias?: "none" | "lora_only" | "all";
  /** Whether an update is multiplied by loraAlpha / √r instead (Kalajdzievski, 2023). Default false. */
  readonly useRslora?: boolean;
  /** Other ranks, by regular expressions for the end of a layer's name; the first that fits counts. Default {}. */
  readonly rankPattern?: Readonly<Record<string, number>>;
  /** Other values of loraAlpha, in the same way. Default {}. */
  readonly alphaPattern?: Readonly<Record<string, number>>;
  /**
   * First values. True: A uniform within ±1/√inputs and B zero, so that the model computes at first what it did before;
   * "gaussian": A from N(0, 1/r²); false: B as A, for tests. Default true.
   */
  readonly initLoraWeights?: boolean | "gaussian";
  /**
   * Where the adapter's base model is found: a note for Python's `AutoPeftModel`, which saving writes. Default: none.
   */
  readonly baseModelNameOrPath?: string;
  /** Seed of the first values, under which PEFT draws the same. Default: libtorch's generator as it stands. */
  readonly seed?: number;
}

/** Options that are absent where nobody gave them. @inline */
type WithoutDefault = "excludeModules" | "layersToTransform" | "baseModelNameOrPath" | "seed";

/** The options with the defaults filled in. */
export type ResolvedLoraConfig = Readonly<
  Required<Omit<LoraConfig, WithoutDefault>> & Pick<LoraConfig, WithoutDefault>
>;

const DEFAULTS: ResolvedLoraConfig = {
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
};

/** Makes the error for an option that is wrong; `key` is undefined for all of them together. */
export type Refuse = (key: string | undefined, expected: string, got: unknown) => TorchwrightError;

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 1;
const isIndex = (value: unknown): boolean => value === 0 || isCount(value);
const isFactor = (value: unknown): boolean => typeof value === "number" && Number.isFinite(value) && value > 0;
const isText = (value: unknown): boolean => typeof value === "string" && value !== "";
/** Holes count, too. */
const isList = (value: unknown, allows: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && Array.from<unknown>(value).every(allows);
const isPattern = (value: unknown): boolean => isText(value) && expression(value as string) !== undefined;
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isPatterns = (value: unknown, allows: (item: unknown) => boolean): boolean =>
  isRecord(value) && Object.keys(value).every(isPattern) && Object.values(value).every(allows);

const NAMES = "names of modules or a regular expression";

const RULES: Readonly<Record<keyof LoraConfig, readonly [expected: string, allows: (value: unknown) => boolean]>> = {
  r: ["a whole number from 1", isCount],
  loraAlpha: ["a number above 0", isFactor],
  loraDropout: ["a number from 0 to 1", (value) => typeof value === "number" && value >= 0 && value <= 1],
  targetModules: [NAMES, (value) => isPattern(value) || (isList(value, isText) && (value as unknown[]).length > 0)],
  excludeModules: [NAMES, (value) => isPattern(value) || isList(value, isText)],
  layersToTransform: ["numbers of layers, from 0", (value) => isIndex(value) || isList(value, isIndex)],
  modulesToSave: ["names of modules", (value) => isList(value, isText)],
  bias: ['"none", "lora_only" or "all"', (value) => ["none", "lora_only", "all"].includes(value as string)],
  useRslora: ["true or false", (value) => typeof value === "boolean"],
  rankPattern: ["whole numbers from 1 by regular expressions", (value) => isPatterns(value, isCount)],
  alphaPattern: ["numbers above 0 by regular expressions", (value) => isPatterns(value, isFactor)],
  initLoraWeights: ['true, false or "gaussian"', (value) => typeof value === "boolean" || value === "gaussian"],
  baseModelNameOrPath: ["a text", (value) => typeof value === "string"],
  seed: ["a whole number from 0", isIndex],
};

/** All options, by name. */
export const LORA_OPTIONS = Object.keys(RULES) as readonly (keyof LoraConfig)[];

/** Fills in the defaults. Throws what `refuse` makes of the first option that is wrong or that there is not. */
export function resolveLoraConfig(given: unknown, refuse: Refuse): ResolvedLoraConfig {
  if (!isRecord(given)) throw refuse(undefined, "an object with options", given);
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  for (const [key, value] of entries) {
    if (!Object.hasOwn(RULES, key)) throw refuse(undefined, `options among ${LORA_OPTIONS.join(", ")}`, key);
    const [expected, allows] = RULES[key as keyof LoraConfig];
    if (!allows(value)) throw refuse(key, expected, value);
  }
  const own = entries.map(
    ([key, value]) =>
      [key, Array.isArray(value) ? [...(value as unknown[])] : isRecord(value) ? { ...value } : value] as const,
  );
  const config = { ...DEFAULTS, ...(Object.fromEntries(own) as LoraConfig) } as ResolvedLoraConfig;
  if (typeof config.targetModules === "string" && config.layersToTransform !== undefined) {
    throw refuse(
      "layersToTransform",
      "none with a regular expression for targetModules, which says by itself in which layers they are",
      config.layersToTransform,
    );
  }
  return config;
}

/**
 * For the whole of a name, as Python's `re.fullmatch`; undefined for what is no regular expression, or one in Python
 * only.
 */
export function expression(pattern: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${pattern})$`, "u"); // "u" refuses what it would otherwise take for letters, as \Z
  } catch {
    return undefined;
  }
}
