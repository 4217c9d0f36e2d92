/** The model card of what a Trainer saves. */
import path from "node:path";
import { BertForSequenceClassification } from "../../models/bert-for-sequence-classification";
import type { TextClassifier } from "../../models/model";
import { ModuleClassifier } from "../../models/module-classifier";
import { ScriptClassifier } from "../../models/script-classifier";
import { describe, TorchwrightError } from "../../errors";
import { readOptions } from "../../metrics/metric-options";
import { scalarMetrics } from "../evaluation";
import { formatRecord, summarize } from "../run-folder";
import { type CardFormat, checkCardOptions, type ModelCardOptions } from "./card-data";
import { dataParts, type Reporter } from "./make-report";
import { modelCard } from "./model-card";
import { evaluationOfRun } from "./reported-evaluation";
import { readVersions } from "./versions";

/** What is written beside the model. */
export interface TrainerSaveOptions {
  /**
   * What the model card, README.md, says beside what the run knows: `{ license: "mit", language: "en" }`. A text is the
   * whole file; false leaves it out. Default: a card after a `fit`, none without.
   */
  readonly card?: ModelCardOptions | string | false;
}

/** Settings and model card, by the names of their files. Throws ERR_INVALID_ARG. */
export async function filesToSave(
  folder: string,
  reporter: CardSource,
  options: TrainerSaveOptions,
): Promise<Readonly<Record<string, string>>> {
  const { fitted } = reporter;
  const { card = fitted ? {} : false } = readOptions<{ card: ModelCardOptions | string | false | undefined }>(
    "save",
    options,
    { card: undefined },
    {
      card: [
        "options of a model card, its text, or false",
        (value) => value === false || typeof value === "string" || (typeof value === "object" && value !== null),
      ],
    },
  );
  return {
    ...(fitted && { "training.json": formatRecord(fitted.record) }),
    ...(card !== false && { "README.md": typeof card === "string" ? card : await makeCard(folder, reporter, card) }),
  };
}

type CardSource = Pick<Reporter, "model" | "fitted">;

/** Without a `fit` it says what the model is and how it is opened. */
async function makeCard(folder: string, { model, fitted }: CardSource, given: ModelCardOptions): Promise<string> {
  if (typeof folder !== "string") {
    throw new TorchwrightError("ERR_INVALID_ARG", `save: expected a folder's path, got ${describe(folder)}`);
  }
  const options = checkCardOptions(given);
  const { record, history } = fitted ?? {};
  const evaluation = history && evaluationOfRun(history, record?.options["loadBestModelAtEnd"] === true);
  const [training, heldOut] = await dataParts(fitted?.loader, fitted?.evalLoader);
  return modelCard({
    name: options.modelName ?? path.basename(path.resolve(folder)),
    options,
    format: formatOf(model),
    problem: model.problemType ?? "single-label",
    labels: model.labels,
    ...(record && { record }),
    ...(history && { run: { ...summarize(history), log: history.log } }),
    ...(evaluation && { evaluation: { step: evaluation.step, metrics: scalarMetrics(evaluation.metrics) } }),
    ...(training && { training }),
    ...(heldOut && { heldOut }),
    versions: readVersions(model.device),
  });
}

function formatOf(model: TextClassifier): CardFormat | undefined {
  if (model instanceof BertForSequenceClassification) return "transformers";
  if (model instanceof ScriptClassifier) return "torchscript";
  return model instanceof ModuleClassifier ? "module" : undefined;
}
