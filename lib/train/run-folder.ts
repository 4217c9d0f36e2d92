/**
 * What `fit` leaves in `outputDir`: `log.jsonl` with one line per event as it happens, and
 * `training.json` with the settings and the outcome.
 */
import { appendFile, mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TorchwrightError } from "../errors";
import type { Evaluation } from "./evaluation";
import type { EvaluationEntry, History, TrainerCallback } from "./events";
import type { ResolvedTrainerOptions, StepPlan } from "./options";

/** What the run trained on. */
export interface DataSummary {
  readonly examples: number;
  readonly batchSize: number;
  readonly batches: number;
}

/** A run's history without its log. */
export type Outcome = Omit<History, "log" | "evaluations"> & {
  readonly evaluations: readonly (Omit<EvaluationEntry, "metrics"> & { readonly metrics: Omit<Evaluation, "confusionMatrix"> })[];
};

/** Settings and outcome of a run as data; saved with the model, too. */
export interface TrainingRecord {
  readonly options: Readonly<Record<string, unknown>>;
  readonly plan: StepPlan;
  readonly data: DataSummary;
  readonly labels: readonly string[];
  /** Absent until the run ends. */
  readonly outcome?: Outcome;
}

/** The options that are data: functions and signals have no place in a file. */
export function recordedOptions(options: ResolvedTrainerOptions): Readonly<Record<string, unknown>> {
  const { callbacks: _callbacks, signal: _signal, labels: _labels, ...data } = options;
  return data;
}

/** What of a history goes into the record. */
export function summarize({ log: _log, ...history }: History): Outcome {
  return { ...history, evaluations: history.evaluations.map((entry) => ({ ...entry, metrics: scalars(entry.metrics) })) };
}

/** The record as the text of `training.json`. */
export function formatRecord(record: TrainingRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}

/** Metrics without the matrix, which would make each line thousands of numbers long. */
function scalars({ confusionMatrix: _matrix, ...metrics }: Evaluation): Omit<Evaluation, "confusionMatrix"> {
  return metrics;
}

/** Writes a run's folder; every line of the log is on its way to disk before training goes on. */
export class RunFolder {
  private constructor(private readonly folder: string) {}

  /** @throws ERR_FILE_WRITE when the folder cannot be made or written */
  static async open(folder: string): Promise<RunFolder> {
    const run = new RunFolder(folder);
    await run.#guard(() => mkdir(folder, { recursive: true }));
    await run.#append({ type: "run" });
    return run;
  }

  readonly onEvent: TrainerCallback = async (event) => {
    if (event.type === "step") return; // thousands of lines that say nothing
    if (event.type === "evaluate") return this.#append({ ...event, metrics: scalars(event.metrics) });
    if (event.type !== "end") return this.#append(event);
    const { log: _log, evaluations: _evaluations, ...summary } = event.history;
    await this.#append({ type: "end", ...summary });
  };

  /** Replaces `training.json` whole. */
  async writeRecord(record: TrainingRecord): Promise<void> {
    const path = join(this.folder, "training.json");
    await this.#guard(async () => {
      await writeFile(`${path}.partial`, formatRecord(record));
      await rename(`${path}.partial`, path);
    });
  }

  #append(entry: object): Promise<void> {
    const line = JSON.stringify({ time: new Date().toISOString(), ...entry });
    return this.#guard(() => appendFile(join(this.folder, "log.jsonl"), `${line}\n`));
  }

  async #guard(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new TorchwrightError("ERR_FILE_WRITE", `fit: expected outputDir to be a folder that can be written, got ${reason}`, { cause });
    }
  }
}
