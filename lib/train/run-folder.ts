/**
 * What `fit` leaves in `outputDir` beside logs and checkpoints: `training.json` with the settings and the outcome.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ModelProblem } from "../models/model";
import { makeFolder } from "../files/make-folder";
import { replaceFile } from "../files/replace-file";
import { scalarMetrics } from "./evaluation";
import type { EvaluationEntry, History } from "./events";
import { writing } from "./logs/writing";
import type { ResolvedTrainerOptions } from "./options";
import type { StepPlan } from "./plan-steps";

/** What the run trained on. */
export interface DataSummary {
  /** Examples of an epoch. */
  readonly examples: number;
  /** Examples of a batch. */
  readonly batchSize: number;
  /** Batches of an epoch. */
  readonly batches: number;
}

/** A run's history without its log. */
export type Outcome = Omit<History<ModelProblem>, "log" | "evaluations"> & {
  readonly evaluations: readonly (Omit<EvaluationEntry, "metrics"> & {
    readonly metrics: Readonly<Record<string, number>>;
  })[];
};

/** Settings and outcome of a run as data; saved with the model, too. */
export interface TrainingRecord {
  /** Options of the run, with defaults. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Steps that were planned. */
  readonly plan: StepPlan;
  /** What it learned from. */
  readonly data: DataSummary;
  /** Class names. */
  readonly labels: readonly string[];
  /** Absent until the run ends. */
  readonly outcome?: Outcome;
}

/** The options that are data: functions and signals have no place in a file. */
export function recordedOptions(options: ResolvedTrainerOptions): Readonly<Record<string, unknown>> {
  const {
    callbacks: _callbacks,
    signal: _signal,
    labels: _labels,
    computeLoss,
    distillation,
    optim,
    freeze,
    paramGroups,
    ...data
  } = options;
  const { teacher: _teacher, ...taught } = distillation ?? {};
  const words = {
    optim: typeof optim === "function" ? optim.name || "a function" : optim,
    freeze: freeze.map(String),
    paramGroups: paramGroups.map((rule) => ({ ...rule, match: String(rule.match) })),
  };
  return {
    ...data,
    ...words,
    ...(computeLoss && { computeLoss: computeLoss.name || "a function" }),
    ...(distillation && { distillation: taught }),
  };
}

/** What of a history goes into the record. */
export function summarize({ log: _log, ...history }: History<ModelProblem>): Outcome {
  return {
    ...history,
    evaluations: history.evaluations.map((entry) => ({ ...entry, metrics: scalarMetrics(entry.metrics) })),
  };
}

/** The record as the text of `training.json`. */
export function formatRecord(record: TrainingRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}

/** Writes a run's folder. */
export class RunFolder {
  private constructor(private readonly folder: string) {}

  /** @throws ERR_FILE_WRITE when the folder cannot be made */
  static async open(folder: string): Promise<RunFolder> {
    await writing("outputDir", () => makeFolder(folder));
    return new RunFolder(folder);
  }

  /** Replaces `training.json` whole. Throws ERR_FILE_WRITE. */
  async writeRecord(record: TrainingRecord): Promise<void> {
    const path = join(this.folder, "training.json");
    await writing("outputDir", () => replaceFile(path, (beside) => writeFile(beside, formatRecord(record))));
  }
}
