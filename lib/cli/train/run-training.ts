/** One run of `train`: data in at the top, a saved model at the bottom. */
import path from "node:path";
import { plural } from "../../data/inspect/numbers";
import type { TextDataset } from "../../data/text-dataset";
import type { LoraConfig } from "../../models/lora/lora-config";
import type { ModelProblem, TextClassifier } from "../../models/model";
import { problemOf } from "../../models/labels";
import { BertForSequenceClassification } from "../../models/bert-for-sequence-classification";
import { AutoTokenizer } from "../../text/auto-tokenizer";
import type { Tokenizer } from "../../text/tokenizer";
import { type AbstentionOptions, checkAbstentionOptions } from "../../train/calibration/abstention";
import type { CalibrateOptions } from "../../train/calibration/calibrate";
import type { AnyEvaluation } from "../../train/evaluation";
import type { History } from "../../train/events";
import type { TrainerOptions } from "../../train/options";
import { checkLabels } from "../../train/check-loader";
import { Trainer } from "../../train/trainer";
import type { Files } from "../data/rows";
import { readParts, type TrainParts } from "../data/train-parts";
import { EXIT_CODE } from "../exit-code";
import { checkDevice } from "../model/check-device";
import { placeOf } from "../model/model-place";
import { isTorchScriptFile, openTrainable } from "../model/trainable";
import { evaluationSections } from "../output/evaluation";
import { pairs, printed, printResult, say } from "../output/print";
import type { Settings } from "../settings/config-file";
import { asUsage, UsageError } from "../usage-error";
import { checkClasses, checkPlaces, checkSeed } from "./check-run";
import { evaluationLoader, trainLoader } from "./loaders";
import { trainerOptions } from "./trainer-options";

export interface TrainingCall {
  readonly files: Files;
  /** Folder of logs, checkpoints and the model. */
  readonly output: string;
  readonly settings: Settings;
  readonly json: boolean | undefined;
}

/** What the command says of itself at the end. */
interface Outcome extends Omit<History<ModelProblem>, "log" | "evaluations"> {
  /** The saved folder; absent where the run was interrupted. */
  readonly model?: string;
  readonly output: string;
  /** Rows of each part. */
  readonly data: Readonly<Record<keyof TrainParts, number | undefined>>;
  readonly evaluatedOn?: "test" | "validation";
  readonly evaluation?: AnyEvaluation;
  readonly calibration?: unknown;
}

export async function runTraining({ files, output, settings, json }: TrainingCall): Promise<void> {
  const { model: given, adapterOutput } = settings as { readonly model: string; readonly adapterOutput?: string };
  const seed = (settings["seed"] as number | undefined) ?? 42;
  const { options: prepared, open } = trainerOptions({ ...settings, outputDir: output });
  const lora = settings["lora"] as LoraConfig | undefined;
  const calibrate = settings["calibrate"] as CalibrateOptions | undefined;
  if (calibrate && Object.keys(calibrate).length > 0) {
    asUsage(() => checkAbstentionOptions("--calibrate", calibrate as AbstentionOptions));
  }
  if (settings["resume"] === true && settings["resumeFrom"] !== undefined) {
    throw new UsageError("--resume: expected no --resume-from with it, got both");
  }
  if (adapterOutput !== undefined && !lora) throw new UsageError("--adapter-output: expected --lora with it, got none");
  if (isTorchScriptFile(given) && settings["tokenizer"] === undefined) {
    throw new UsageError("--model: expected --tokenizer <folder> with a TorchScript file, which has none, got none");
  }

  checkDevice(prepared.device);
  await checkPlaces({ report: settings["report"] as string | undefined, adapterOutput });
  await checkSeed(settings, output, seed);
  const { model: from, tokenizer: tokenizerFolder } = await placeOf("train", given, settings);
  const tokenizer = await AutoTokenizer.fromPretrained(tokenizerFolder);
  const parts = await readParts(files, settings, seed);
  const { train, validation } = parts;
  if (calibrate && !validation) throw new UsageError("--calibrate: expected validation data, got none");
  say(`read ${described(parts)}`);
  const labels = (settings["labels"] as string[] | undefined) ?? train.labels;
  const problemType =
    (settings["problemType"] as ModelProblem | undefined) ?? problemOf(train.problemType ?? "single-label");
  checkClasses(labels, problemType, settings["label"]);
  const model = await openTrainable({ model: from, labels, problemType, device: prepared.device, seed, lora });
  let options = prepared;
  try {
    if (parts.test) await checkLabels(evaluationLoader(parts.test, tokenizer, model, settings), model);
    options = await open();
    const run = { model, tokenizer, parts, settings, output };
    const done = await fit(new Trainer<ModelProblem>(model, options), run);
    if (isInterrupted(done)) return interrupted(done, json, prepared);
    if (adapterOutput !== undefined && model instanceof BertForSequenceClassification) {
      await model.saveAdapter(adapterOutput);
    }
    printResult(json, done, () => text(done));
  } finally {
    model.dispose();
    options.distillation?.teacher.dispose();
  }
}

interface Run {
  readonly model: TextClassifier<ModelProblem>;
  readonly tokenizer: Tokenizer;
  readonly parts: TrainParts;
  readonly settings: Settings;
  readonly output: string;
}

/** Trains, and where nobody interrupts it calibrates, saves, evaluates and reports. */
async function fit(
  trainer: Trainer<ModelProblem>,
  { model, tokenizer, parts: { train, validation, test }, settings, output }: Run,
): Promise<Outcome> {
  const { resume, resumeFrom, calibrate, report } = settings as {
    readonly resume?: boolean;
    readonly resumeFrom?: string;
    readonly calibrate?: CalibrateOptions;
    readonly report?: string;
  };
  const evalLoader = validation && evaluationLoader(validation, tokenizer, model, settings);
  const finalLoader = test ? evaluationLoader(test, tokenizer, model, settings) : evalLoader;
  const goOn = resumeFrom ?? (resume === true ? "auto" : undefined);
  const history = await trainer.fit(trainLoader(train, tokenizer, model, settings), {
    ...(evalLoader && { evalLoader }),
    ...(goOn !== undefined && { resume: goOn }),
  });
  const { log: _log, evaluations: _evaluations, ...outcome } = history;
  const done: Outcome = {
    ...outcome,
    output,
    data: { train: train.length, validation: validation?.length, test: test?.length },
  };
  if (isInterrupted(history)) return done;

  // From here on nothing that goes wrong costs the training.
  const folder = path.join(output, "model");
  let saved: Promise<void> | undefined;
  try {
    const calibration = calibrate && evalLoader ? await trainer.calibrate(evalLoader, calibrate) : undefined;
    await (saved = trainer.save(folder));
    const evaluation = finalLoader && (await trainer.evaluate(finalLoader));
    if (report !== undefined) await trainer.report(report, finalLoader ? { loader: finalLoader } : {});
    return {
      ...done,
      model: folder,
      ...(evaluation && { evaluatedOn: test ? "test" : "validation", evaluation }),
      ...(calibration && { calibration }),
    };
  } catch (error) {
    await (saved ?? trainer.save(folder)); // should this be what failed, it says so again
    say(`the model is in ${folder}${saved ? "" : ", without calibration"}`);
    throw error;
  }
}

function described(parts: TrainParts): string {
  return Object.entries(parts as Readonly<Record<keyof TrainParts, TextDataset>>)
    .map(
      ([name, { length, skipped }]) =>
        `${plural(length, "row")} for ${name === "train" ? "training" : `the ${name}`}${skipped > 0 ? ` (${plural(skipped, "bad one")} left out)` : ""}`,
    )
    .join(", ");
}

function isInterrupted({ stoppedBy }: Pick<History<ModelProblem>, "stoppedBy">): boolean {
  return stoppedBy === "SIGINT" || stoppedBy === "SIGTERM" || stoppedBy === "abort";
}

/** What was done stays: a checkpoint, where checkpoints are on. No model is saved that is half trained. */
function interrupted(done: Outcome, json: boolean | undefined, { saveStrategy }: TrainerOptions<ModelProblem>): void {
  const kept =
    saveStrategy === "no"
      ? "nothing was saved, as --save-strategy is no"
      : `--resume goes on from the checkpoint in ${done.output}`;
  say(`interrupted by ${done.stoppedBy} after ${done.steps} of ${done.totalSteps} steps; ${kept}`);
  if (json === true) printResult(json, done, () => "");
  process.exitCode = done.stoppedBy === "SIGTERM" ? EXIT_CODE.terminated : EXIT_CODE.interrupted;
}

function text({ evaluation, evaluatedOn, model, data, ...outcome }: Outcome): string {
  if (!evaluation) return `saved ${String(model)} after ${plural(outcome.steps, "step")}, without evaluation`;
  const rows = evaluatedOn === "test" ? data.test : data.validation;
  const calibration = outcome.calibration as
    { readonly temperature?: number; readonly abstention?: { readonly threshold: number } } | undefined;
  const more = pairs("Calibration", [
    ["temperature", calibration?.temperature],
    ["abstains below", calibration?.abstention?.threshold],
  ]);
  return `${printed(
    `Evaluation on ${plural(rows ?? 0, "row")} of the ${evaluatedOn} data`,
    [...evaluationSections(evaluation), more].filter(({ blocks }) => blocks.length > 0),
  )}\n\nsaved ${String(model)}`;
}
