/** What a training report is made of: plain data throughout. */
import type { LabelReport } from "../../data/inspect/report";
import type { LoaderStats } from "../../data/loading/stats";
import type { Confusion } from "../../metrics/confusion-matrix";
import type { Interval } from "../../metrics/poisson-bootstrap";
import type { ReliabilityBin } from "../../metrics/reliability";
import type { ScoredClassReport } from "../../metrics/score-histograms";
import type { ModelProblem } from "../../models/model";
import type { LogEntry } from "../events";
import type { Outcome, TrainingRecord } from "../run-folder";
import type { TargetPoint } from "./charts/scatter-chart";

export interface ReportData {
  readonly title: string;
  /** When it was made, in ISO 8601. */
  readonly created: string;
  readonly problem: ModelProblem;
  /** Names of the classes by class id; of a regression the name of its target. */
  readonly labels: readonly string[];
  /** Settings of the last `fit`; absent without one. */
  readonly record?: TrainingRecord;
  /** What it did; absent without a `fit`, and where it failed. */
  readonly run?: Outcome & { readonly log: readonly LogEntry[] };
  /** What held-out data says of the model; absent where there was none. */
  readonly evaluation?: ReportedEvaluation;
  /** What single examples of it say; absent where it was not gone through for the report. */
  readonly heldOut?: HeldOutFindings;
  /** The data of the run and of the evaluation, the first of them the run's. */
  readonly data: readonly DataPart[];
  readonly versions: Versions;
}

/** An evaluation as plain data. */
export interface ReportedEvaluation {
  /** The step of the run after which it was made; absent where it was made for the report. */
  readonly step?: number;
  /** All single numbers by name. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly intervals: Readonly<Record<string, Interval>>;
  /** Empty for a regression. */
  readonly perClass: readonly ScoredClassReport[];
  /** The calibration curve; empty where there is none. */
  readonly reliability: readonly ReliabilityBin[];
  /** Of a single-label problem. */
  readonly confusion?: ConfusionCounts;
  /** The most frequent confusions. */
  readonly confusions: readonly Confusion[];
}

/** Counts `[true][predicted]`. */
export interface ConfusionCounts {
  readonly labels: readonly string[];
  readonly counts: readonly (readonly number[])[];
}

/** What a pass over held-out data finds beside its metrics. */
export interface HeldOutFindings {
  /** Examples with the highest loss, the highest first. */
  readonly hardest: readonly HardExample[];
  /** Of a regression: some hundreds of examples at even distances. */
  readonly points: readonly TargetPoint[];
}

/** An example that the model is wrong about, or not sure enough. */
export interface HardExample {
  /** In the dataset, from 0. */
  readonly row: number;
  /** As the dataset names it: `tickets.csv, line 17`. */
  readonly place: string;
  /** Its beginning; the texts of a pair are two paragraphs. */
  readonly text: string;
  /** Cross-entropy, binary cross-entropy over all classes, or squared error, without weights or smoothing. */
  readonly loss: number;
  /** The true classes, or the target. */
  readonly actual: readonly ClassProbability[] | number;
  /** The predicted classes, or the prediction. */
  readonly predicted: readonly ClassProbability[] | number;
}

/** A class, and how probable the model says it is. */
export interface ClassProbability {
  readonly label: string;
  readonly probability: number;
}

/** A dataset and what of it a loader delivered. */
export interface DataPart {
  readonly name: string;
  readonly rows: number;
  /** Null where rows have no labels. */
  readonly labels: LabelReport | null;
  readonly batchSize: number;
  readonly maxLength: number;
  readonly delivered: LoaderStats;
}

/** What the model was trained with. */
export interface Versions {
  readonly torchwright: string;
  /** With its variant: `2.13.0 (cpu)`. */
  readonly libtorch: string;
  readonly node: string;
  readonly platform: string;
  /** With its name where that is known. */
  readonly device: string;
}
