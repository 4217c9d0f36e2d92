/** One run of `evaluate`. */
import { plural } from "../../data/inspect/numbers";
import { loadTextClassifier } from "../../models/auto-classifier";
import type { ModelProblem } from "../../models/model";
import { AutoTokenizer } from "../../text/auto-tokenizer";
import { resolveOptions } from "../../train/check-options";
import type { TrainerOptions } from "../../train/options";
import { scorerOf } from "../../train/scorers";
import { Trainer } from "../../train/trainer";
import { type Files, readTexts } from "../data/rows";
import { checkDevice } from "../model/check-device";
import { placeOf } from "../model/model-place";
import { savedProblem } from "../model/saved-problem";
import { evaluationSections } from "../output/evaluation";
import { printed, printResult } from "../output/print";
import type { Settings } from "../settings/config-file";
import { evaluationLoader } from "../train/loaders";
import { asUsage, UsageError } from "../usage-error";

export interface EvaluationCall {
  readonly model: string;
  readonly files: Files;
  readonly settings: Settings;
  /** Settings that are options of the metrics. */
  readonly metrics: readonly string[];
  readonly json: boolean | undefined;
}

export async function runEvaluation({ model: given, files, settings, metrics, json }: EvaluationCall): Promise<void> {
  const { label = "label", report, title, examples } = settings as EvaluateSettings;
  const options = Object.fromEntries(
    ["device", "precision", "progress"].flatMap((name) =>
      settings[name] === undefined ? [] : [[name, settings[name]]],
    ),
  ) as TrainerOptions<ModelProblem>;
  asUsage(() => resolveOptions(options));
  if (report === undefined && (title !== undefined || examples !== undefined)) {
    throw new UsageError("--title and --examples: expected --report with them, whose page they are of, got none");
  }
  checkDevice(options.device);
  const { model: folder, tokenizer: tokenizerFolder } = await placeOf("evaluate", given, settings);
  const problemType = await savedProblem(folder);
  const tokenizer = await AutoTokenizer.fromPretrained(tokenizerFolder);
  const model = await loadTextClassifier(folder, {
    ...(options.device !== undefined && { device: options.device }),
    problemType,
  });
  try {
    const told = Object.fromEntries(
      metrics.flatMap((name) => (settings[name] === undefined ? [] : [[name, settings[name]]])),
    );
    asUsage(() => scorerOf(model, told));
    // What numbers mean, the model knows; soft labels are told from names by their looks.
    const like = problemType === "single-label" ? {} : { problemType };
    const data = await readTexts(files, { ...settings, label, ...like }, model.labels);
    const loader = evaluationLoader(data, tokenizer, model, settings);
    const trainer = new Trainer<ModelProblem>(model, options);
    const evaluation = await trainer.evaluate(loader, told);
    if (report !== undefined) {
      await trainer.report(report, {
        loader,
        ...(title !== undefined && { title }),
        ...(examples !== undefined && { examples }),
      });
    }
    const skipped = data.skipped > 0 ? `, ${plural(data.skipped, "bad one")} left out` : "";
    printResult(json, { model: given, data: { rows: data.length, skipped: data.skipped }, evaluation }, () =>
      printed(`Evaluation of ${given} on ${plural(data.length, "row")}${skipped}`, evaluationSections(evaluation)),
    );
  } finally {
    model.dispose();
  }
}

interface EvaluateSettings {
  readonly label?: string;
  readonly report?: string;
  readonly title?: string;
  readonly examples?: number;
}
