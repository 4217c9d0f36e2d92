/** `torchwright inspect`: what is in a file of data, a model folder, a checkpoint or a TorchScript file. */
import type { Command } from "commander";
import { EXIT_CODES_HELP } from "../exit-code";
import { addSettings, givenSettings, type Section } from "../settings/add-settings";
import { LABEL_SETTINGS, PART_SETTINGS, ROW_SETTINGS } from "../settings/data-settings";
import { HUB_SETTINGS } from "../settings/hub-settings";
import { NUMBERS, SHARE, SWITCH, textKind, WHOLE_FROM_0 } from "../settings/kind";
import { settingsOf, type Spec } from "../settings/setting";
import { TRAINER_SETTINGS } from "../settings/trainer-settings";
import type { Files } from "../data/rows";
import { runs } from "./runs";

const LOOK_SETTINGS = {
  tokenizer: { kind: textKind("folder"), description: "count lengths in tokens of this model" },
  maxLengths: { kind: NUMBERS, description: "lengths in tokens for which to say how many texts would be cut" },
  nearDuplicates: {
    kind: SWITCH,
    description: "look for near-duplicates; --no-near-duplicates is faster",
    default: true,
  },
  threshold: { kind: SHARE, description: "similarity from which texts are near-duplicates", default: 0.8 },
  examples: { kind: WHOLE_FROM_0, description: "examples of each finding", default: 5 },
  html: { kind: textKind("file"), description: "also write the report as a page" },
} as const satisfies Readonly<Record<string, Spec>>;

const { validation, test } = PART_SETTINGS;
const { problemType } = TRAINER_SETTINGS;

export const INSPECT_SECTIONS: readonly Section[] = [
  {
    heading: "Of data:",
    settings: settingsOf({
      ...ROW_SETTINGS,
      ...LABEL_SETTINGS,
      label: {
        ...LABEL_SETTINGS.label,
        default: undefined,
        description: "column of the labels; default: label, where there is one",
      },
      problemType,
      validation: { ...validation, description: "another split, to be compared; repeatable" },
      test: { ...test, description: "another split, to be compared; repeatable" },
      ...LOOK_SETTINGS,
    }),
  },
  { heading: "Hub:", settings: settingsOf(HUB_SETTINGS) },
];

export function addInspect(program: Command): void {
  const command = program
    .command("inspect")
    .description(
      "look at data before training, or at what training left: a model folder, a checkpoint, a TorchScript file",
    )
    .argument(
      "<path...>",
      "files of data, or one folder, file or name on the hub of a model; nothing of a TorchScript file is run",
    )
    .option("--json", "print one JSON object")
    .addHelpText("after", `\nA model or file that is damaged is told of, and ends with 1.${EXIT_CODES_HELP}`);
  addSettings(command, INSPECT_SECTIONS).action(async (paths: string[]) => {
    const settings = await givenSettings(command, INSPECT_SECTIONS);
    await runs.inspect()({ paths: paths as unknown as Files, settings, json: command.opts<{ json?: boolean }>().json });
  });
}
