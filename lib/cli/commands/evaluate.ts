/** `torchwright evaluate`: what a saved model makes of labelled data. */
import type { Command } from "commander";
import { EXIT_CODES_HELP } from "../exit-code";
import { addSettings, givenSettings, type Section } from "../settings/add-settings";
import { LABEL_SETTINGS, ROW_SETTINGS } from "../settings/data-settings";
import { HUB_SETTINGS } from "../settings/hub-settings";
import { SHARE, textKind, WHOLE, WHOLE_FROM_0, WHOLE_FROM_1 } from "../settings/kind";
import { EVALUATION_LOADER_SETTINGS } from "../settings/loader-settings";
import { settingsOf, type Spec } from "../settings/setting";
import { TRAINER_SETTINGS } from "../settings/trainer-settings";
import type { Files } from "../data/rows";
import { runs } from "./runs";

const METRIC_SETTINGS = {
  topK: {
    kind: WHOLE_FROM_1,
    description: "an example counts for topKAccuracy where its class is among so many",
    default: 5,
  },
  calibrationBins: { kind: WHOLE_FROM_1, description: "bins of the calibration error", default: 15 },
  threshold: {
    kind: SHARE,
    description: "of a multi-label model: what a label's probability must exceed",
    default: 0.5,
  },
  bootstrap: {
    on: "confidence intervals, by a Poisson bootstrap",
    settings: {
      replicates: { kind: WHOLE_FROM_1, description: "of the bootstrap", default: 200 },
      confidence: { kind: SHARE, description: "share of the replicates between the ends", default: 0.95 },
      seed: { kind: WHOLE, description: "of the bootstrap", default: 42 },
    },
  },
} as const satisfies Readonly<Record<string, Spec>>;

const REPORT_SETTINGS = {
  report: { kind: textKind("file"), description: "also write a page about the evaluation, as HTML" },
  title: { kind: textKind("text"), description: "heading of the page" },
  examples: { kind: WHOLE_FROM_0, description: "examples with the highest loss on the page", default: 20 },
} as const satisfies Readonly<Record<string, Spec>>;

/** Names of the settings that are options of the metrics. */
export const METRICS = Object.keys(METRIC_SETTINGS);

const { device, precision, progress } = TRAINER_SETTINGS;

export const EVALUATE_SECTIONS: readonly Section[] = [
  { heading: "Data:", settings: settingsOf({ ...ROW_SETTINGS, ...LABEL_SETTINGS }) },
  { heading: "Batches:", settings: settingsOf({ ...EVALUATION_LOADER_SETTINGS, device, precision, progress }) },
  { heading: "Metrics:", settings: settingsOf(METRIC_SETTINGS) },
  { heading: "Page:", settings: settingsOf(REPORT_SETTINGS) },
  { heading: "Hub:", settings: settingsOf(HUB_SETTINGS) },
];

export function addEvaluate(program: Command): void {
  const command = program
    .command("evaluate")
    .description("evaluate a saved model on labelled texts")
    .argument("<model>", "folder that train, or Hugging Face, wrote, or a name on the hub")
    .argument(
      "<data...>",
      "CSV, TSV, JSON, JSON Lines or Parquet files, or a folder with a folder of texts for each class",
    )
    .option("--json", "print one JSON object")
    .addHelpText("after", EXIT_CODES_HELP);
  addSettings(command, EVALUATE_SECTIONS).action(async (model: string, data: string[]) => {
    const settings = await givenSettings(command, EVALUATE_SECTIONS);
    await runs.evaluate()({
      model,
      files: data as unknown as Files,
      settings,
      metrics: METRICS,
      json: command.opts<{ json?: boolean }>().json,
    });
  });
}
