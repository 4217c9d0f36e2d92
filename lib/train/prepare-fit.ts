/**
 * Everything that must hold before the first step: data, model and folder are looked at, the steps planned, the
 * listeners gathered.
 */
import type { DataLoader } from "../data/data-loader";
import { checkState } from "../data/loading/state";
import { TorchwrightError } from "../errors";
import type { TextClassifier } from "../models/model";
import { checkLabels, checkLoader, countBatches } from "./check-loader";
import { checkWeights } from "./checkpoints/checkpoint";
import { findCheckpoint, type Found, refuseCheckpoints, supersede } from "./checkpoints/checkpoint-folder";
import type { TrainerCallback } from "./events";
import { reportLoggers } from "./logs/report-to";
import { asLogger, type TrainerLogger } from "./logs/trainer-logger";
import type { ResolvedTrainerOptions } from "./options";
import { planSteps, updatesPerEpoch } from "./plan-steps";
import { Progress } from "./progress";
import { Run } from "./run";
import { recordedOptions, RunFolder, type TrainingRecord } from "./run-folder";

/** Someone who follows one run and may end it. */
export interface Follower {
  readonly listener: TrainerCallback;
  readonly signal: AbortSignal;
}

/** What a run is asked for. */
export interface FitRequest {
  readonly loader: DataLoader;
  readonly evalLoader?: DataLoader | undefined;
  readonly resume?: string | undefined;
  readonly follower?: Follower | undefined;
}

/** What a run goes through its loop with. */
export interface PreparedFit {
  readonly run: Run;
  readonly loader: DataLoader;
  readonly evalLoader: DataLoader | undefined;
  readonly progress: Progress;
  readonly loggers: readonly TrainerLogger[];
  /** Where it goes on. */
  readonly from: Found | undefined;
  readonly record: TrainingRecord;
  readonly folder: RunFolder | undefined;
  /** Makes the folder this run's, once nothing speaks against going on: what another run left there gives way. */
  readonly claim: () => Promise<void>;
  readonly signal: AbortSignal | undefined;
}

/** Checks, then makes; throws as `Trainer.fit` says. */
export async function prepareFit(
  model: TextClassifier,
  options: ResolvedTrainerOptions,
  { loader, evalLoader, resume, follower }: FitRequest,
): Promise<PreparedFit> {
  const dataset = checkLoader("fit", loader, model, { labels: true });
  if (evalLoader === undefined) refuseWithoutEvaluation(options);
  else {
    checkLoader("fit", evalLoader, model, { labels: true });
    await checkLabels(evalLoader, model);
  }
  const from = resume === undefined ? undefined : await findCheckpoint(options.outputDir, resume);
  if (from) checkState(from.state.position, loader.state().feed);
  const { outputDir } = options;
  const saves = options.saveStrategy !== "no" && outputDir !== undefined;
  if (from) await checkModel(from, model);
  else if (saves) await refuseCheckpoints(outputDir);
  await placeModel(model, options);
  const batches = await countBatches(loader);
  const plan = planSteps(options, batches);
  const record = {
    options: recordedOptions(options),
    plan,
    data: { examples: dataset.length, batchSize: loader.batchSize, batches },
    labels: model.labels,
  };
  const folder = outputDir === undefined ? undefined : await RunFolder.open(outputDir);
  const claim = async (): Promise<void> => {
    if (saves && from) await supersede(outputDir, from.state.run.step);
    await folder?.writeRecord(record);
  };

  const progress = new Progress(options.progress);
  const loggers: TrainerLogger[] = [
    progress,
    ...reportLoggers(options),
    ...options.callbacks.map(asLogger),
    ...(follower ? [asLogger(follower.listener)] : []),
  ];
  const signals = [options.signal, follower?.signal].filter((signal) => signal !== undefined);
  const run = new Run(
    {
      plan,
      batches,
      updates: updatesPerEpoch(options, batches),
      examples: dataset.length,
      device: model.device,
      nonFinite: options.nonFinite,
    },
    loggers.map(
      (logger): TrainerCallback =>
        (event) =>
          logger.onEvent(event),
    ),
  );
  return {
    run,
    loader,
    evalLoader,
    progress,
    loggers,
    from,
    record,
    folder,
    claim,
    signal: signals.length > 1 ? AbortSignal.any(signals) : signals[0],
  };
}

/** Throws ERR_WEIGHTS_MISMATCH for a checkpoint of another model, also one of other classes. */
async function checkModel({ folder, state }: Found, model: TextClassifier): Promise<void> {
  if (state.labels.join("\n") !== model.labels.join("\n")) {
    throw new TorchwrightError(
      "ERR_WEIGHTS_MISMATCH",
      `resume: expected a model of ${described(state.labels)}, whose run is in ${folder}, got one of ${described(model.labels)}`,
    );
  }
  await checkWeights(folder, model);
}

function described(labels: readonly string[]): string {
  const shown = labels.slice(0, 5).map((label) => JSON.stringify(label));
  return `${shown.join(", ")}${labels.length > shown.length ? `, … (${labels.length} classes)` : ""}`;
}

/** Moves the model where the options want it. */
export async function placeModel(model: TextClassifier, { device }: ResolvedTrainerOptions): Promise<void> {
  if (device !== undefined) await model.to(device);
}

function refuseWithoutEvaluation(options: ResolvedTrainerOptions): void {
  const asked = [
    options.loadBestModelAtEnd && "loadBestModelAtEnd",
    options.earlyStoppingPatience !== undefined && "earlyStoppingPatience",
    options.lrSchedulerType === "reduce_lr_on_plateau" && 'lrSchedulerType "reduce_lr_on_plateau"',
  ].find((name) => name !== false);
  if (asked !== undefined) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `fit: expected evalLoader with ${asked}, as only an evaluation says what is better, got none`,
    );
  }
}
