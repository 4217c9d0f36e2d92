/** `torchwright predict`: texts in, one JSON object a line out. */
import type { Command } from "commander";
import { EXIT_CODES_HELP } from "../exit-code";
import { addSettings, givenSettings, type Section } from "../settings/add-settings";
import { ROW_SETTINGS } from "../settings/data-settings";
import { HUB_SETTINGS } from "../settings/hub-settings";
import { textKind, textsKind } from "../settings/kind";
import { CLASSIFIER_SETTINGS } from "../settings/loader-settings";
import { settingsOf, type Spec } from "../settings/setting";
import { runs } from "./runs";

const INPUT_SETTINGS = {
  file: {
    kind: textsKind("file"),
    description: "CSV, TSV, JSON, JSON Lines or Parquet to read; all columns are kept; repeatable",
  },
  ...ROW_SETTINGS,
  text: {
    ...ROW_SETTINGS.text,
    default: undefined,
    description:
      "column of the texts; default of a file: text. Standard input is JSON Lines where this is given, else one text a line",
  },
} as const satisfies Readonly<Record<string, Spec>>;

const OUTPUT_SETTINGS = {
  as: { kind: textKind("name"), description: "name of what is predicted, beside the columns", default: "prediction" },
} as const satisfies Readonly<Record<string, Spec>>;

export const PREDICT_SECTIONS: readonly Section[] = [
  { heading: "Input:", settings: settingsOf(INPUT_SETTINGS) },
  { heading: "Predictions:", settings: settingsOf({ ...CLASSIFIER_SETTINGS, ...OUTPUT_SETTINGS }) },
  { heading: "Hub:", settings: settingsOf(HUB_SETTINGS) },
];

const ABOUT = `
Each line of the output is the row, or { "text": … }, with "prediction": { "label", "probability" }, and "top" with --top-k, "abstained"
where there is a threshold; "labels" and "top" of a multi-label model; "value" of a regression. Lines come in the order of the input.
Exit codes as below; a reader that closes the pipe ends it with 0.`;

export function addPredict(program: Command): void {
  const command = program
    .command("predict")
    .description("classify texts with a saved model: arguments, a file, or standard input")
    .argument("<model>", "folder that train, or Hugging Face, wrote, or a name on the hub")
    .argument("[texts...]", "texts; without any, and without --file, standard input is read")
    .option("--json", "as without it: each answer is one JSON object on a line")
    .addHelpText("after", `${ABOUT}${EXIT_CODES_HELP}`);
  addSettings(command, PREDICT_SECTIONS).action(async (model: string, texts: string[]) => {
    const settings = await givenSettings(command, PREDICT_SECTIONS);
    await runs.predict()({ model, texts, settings });
  });
}
