/** `torchwright export`: a saved model in another form. */
import type { Command } from "commander";
import { EXIT_CODES_HELP } from "../exit-code";
import { addSettings, givenSettings, type Section } from "../settings/add-settings";
import { HUB_SETTINGS } from "../settings/hub-settings";
import { textKind } from "../settings/kind";
import { choice, settingsOf, type Spec } from "../settings/setting";
import { UsageError } from "../usage-error";
import { runs } from "./runs";

/** Types of weights that a folder can be written in. */
export const DTYPES = ["float32", "float64", "float16", "bfloat16"] as const;

/** What was said of what is written. */
export interface ExportSettings {
  readonly torchscript?: string;
  readonly output?: string;
  readonly adapter?: string;
  readonly dtype?: (typeof DTYPES)[number];
}

const FORM_SETTINGS = {
  torchscript: {
    kind: textKind("file"),
    description: "write what Python's torch.jit.load and jit.load open: code and weights, dropout off",
  },
  output: {
    kind: textKind("folder"),
    description: "write a Hugging Face folder with config, tokenizer, calibration and model card",
  },
  adapter: {
    kind: textKind("folder"),
    description: "merge this LoRA adapter, of saveAdapter or PEFT, into the weights first",
  },
  dtype: choice(DTYPES, "type of the weights", { default: "float32" }),
} as const satisfies Readonly<Record<keyof ExportSettings, Spec>>;

export const EXPORT_SECTIONS: readonly Section[] = [
  { heading: "What is written:", settings: settingsOf(FORM_SETTINGS) },
  { heading: "Hub:", settings: settingsOf(HUB_SETTINGS) },
];

export function addExport(program: Command): void {
  const command = program
    .command("export")
    .description("write a saved model as a TorchScript file, or as a folder with other weights")
    .argument("<model>", "folder of BERT that train, or Hugging Face, wrote, or a name on the hub")
    .option("--json", "print one JSON object")
    .addHelpText("after", EXIT_CODES_HELP);
  addSettings(command, EXPORT_SECTIONS).action(async (model: string) => {
    const settings = await givenSettings(command, EXPORT_SECTIONS);
    if (settings["torchscript"] === undefined && settings["output"] === undefined) {
      throw new UsageError(
        "export: expected something to write, got neither; give --torchscript <file>, --output <folder>, or both",
      );
    }
    await runs.export()({ model, settings, json: command.opts<{ json?: boolean }>().json });
  });
}
