/** The options of a LoRA adapter as settings. */
import type { LoraConfig } from "../../models/lora/lora-config";
import { MODULES, namesKind, NUMBER, NUMBERS, RECORD, SHARE, SWITCH, textKind, WHOLE, WHOLE_FROM_1 } from "./kind";
import { choice, type Group, type Leaf } from "./setting";

export const LORA_SETTINGS = {
  lora: {
    on: "train a LoRA adapter; the model that is saved has it merged",
    settings: {
      r: { kind: WHOLE_FROM_1, description: "rank of the updates", default: 8 },
      loraAlpha: { kind: NUMBER, description: "updates are multiplied by alpha / r", default: 8 },
      loraDropout: { kind: SHARE, description: "dropout in front of an update", default: 0 },
      targetModules: { kind: MODULES, description: "layers that get an update", default: "query,value" },
      excludeModules: { kind: MODULES, description: "layers that get none" },
      layersToTransform: { kind: NUMBERS, description: "numbers of the encoder's layers; default: all" },
      modulesToSave: { kind: namesKind("name,…"), description: "modules that are trained whole" },
      bias: choice(["none", "lora_only", "all"], "biases that are trained", { default: "none" }),
      useRslora: { kind: SWITCH, description: "multiply by alpha / √r instead" },
      rankPattern: { kind: RECORD, description: "other ranks, by patterns of layers' names" },
      alphaPattern: { kind: RECORD, description: "other alphas, by patterns of layers' names" },
      initLoraWeights: choice(["true", "false", "gaussian"], "first values", { default: true }),
      baseModelNameOrPath: { kind: textKind("name"), description: "base model, as a note in the adapter's folder" },
      seed: { kind: WHOLE, description: "of the first values; default: seed" },
    } satisfies Readonly<Record<keyof LoraConfig, Leaf>>,
  },
  adapterOutput: {
    kind: textKind("folder"),
    description: "also write the adapter alone, as PEFT's save_pretrained",
    flag: "adapter-output",
  },
} as const satisfies Readonly<Record<string, Group | Leaf>>;
