/** `torchwright train`: from a file of labelled texts and a model to a fine-tuned model folder. */
import path from "node:path";
import type { Command } from "commander";
import { EXIT_CODES_HELP } from "../exit-code";
import { addSettings, givenSettings, type Section } from "../settings/add-settings";
import { LABEL_SETTINGS, PART_SETTINGS, ROW_SETTINGS, SPLIT_SETTINGS } from "../settings/data-settings";
import { NUMBER, SWITCH, textKind, textsKind } from "../settings/kind";
import { TRAIN_LOADER_SETTINGS } from "../settings/loader-settings";
import { HUB_SETTINGS } from "../settings/hub-settings";
import { LORA_SETTINGS } from "../settings/lora-settings";
import { settingsOf, type Spec } from "../settings/setting";
import { TRAINER_SETTINGS } from "../settings/trainer-settings";
import { UsageError } from "../usage-error";
import { runs } from "./runs";

const RUN_SETTINGS = {
  model: {
    kind: textKind("folder"),
    description: "model to start from: a Hugging Face folder of BERT, its name on the hub, or a TorchScript file",
  },
  train: { kind: textsKind("file"), description: "training data, in place of the argument; repeatable" },
  resume: {
    kind: SWITCH,
    description: "go on from the newest checkpoint in the output folder, or begin where there is none",
  },
  resumeFrom: { kind: textKind("checkpoint"), description: "go on from this checkpoint" },
  calibrate: {
    on: "fit a temperature on the validation data, which predictions then obey",
    settings: {
      risk: {
        kind: NUMBER,
        description: "also find the probability below which to abstain, so that at most this share is wrong",
      },
      delta: {
        kind: NUMBER,
        description: "how often that may fail on new data; default: the share is that of the validation data itself",
      },
    },
  },
  report: { kind: textKind("file"), description: "also write a page about the run, as HTML" },
} as const satisfies Readonly<Record<string, Spec>>;

/** All settings of the command, as the help has them. */
export const TRAIN_SECTIONS: readonly Section[] = [
  { heading: "Model and run:", settings: settingsOf({ ...RUN_SETTINGS, ...HUB_SETTINGS }) },
  {
    heading: "Data:",
    settings: settingsOf({ ...ROW_SETTINGS, ...LABEL_SETTINGS, ...PART_SETTINGS, ...SPLIT_SETTINGS }),
  },
  { heading: "Batches:", settings: settingsOf(TRAIN_LOADER_SETTINGS) },
  { heading: "LoRA:", settings: settingsOf(LORA_SETTINGS) },
  { heading: "Training (the Trainer's options):", settings: settingsOf(TRAINER_SETTINGS) },
];

export function addTrain(program: Command): void {
  const command = program
    .command("train")
    .description("fine-tune a model on labelled texts, and save it with its tokenizer")
    .argument(
      "[data...]",
      "CSV, TSV, JSON, JSON Lines or Parquet files, or a folder with a folder of texts for each class",
    )
    .option("--json", "print one JSON object at the end")
    .addHelpText("after", `\nEvery switch can be turned off: --no-<name>.${EXIT_CODES_HELP}`);
  addSettings(command, TRAIN_SECTIONS).action(async (data: string[]) => {
    const settings = await givenSettings(command, TRAIN_SECTIONS);
    const files = [...data, ...[(settings["train"] as string | string[] | undefined) ?? []].flat()];
    const [first, ...others] = files;
    if (first === undefined) {
      throw new UsageError("train: expected training data, got none; name a file, or give --train");
    }
    if (settings["model"] === undefined) {
      throw new UsageError("train: expected a model to start from, got none; give --model <folder>");
    }
    const output =
      (settings["outputDir"] as string | undefined) ??
      path.join("runs", path.basename(path.resolve(first)).split(".")[0] || "data");
    await runs.train()({ files: [first, ...others], output, settings, json: command.opts<{ json?: boolean }>().json });
  });
}
