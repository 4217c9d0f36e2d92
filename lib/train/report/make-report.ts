/** Makes a training report of what a Trainer knows, and of a pass over held-out data. */
import { DataLoader } from "../../data/data-loader";
import type { TextDataset } from "../../data/text-dataset";
import { describe, TorchwrightError } from "../../errors";
import { readOptions, wholeNumber } from "../../metrics/metric-options";
import { checkLoader } from "../check-loader";
import type { AnyEvaluation, EvaluationParts } from "../evaluation";
import type { History } from "../events";
import type { ModelProblem, TextClassifier } from "../../models/model";
import { summarize, type TrainingRecord } from "../run-folder";
import { dataPart } from "./data-part";
import { HeldOutLook } from "./held-out-look";
import { renderReport } from "./render-report";
import type { DataPart, ReportData, ReportedEvaluation } from "./report-data";
import { CONFUSIONS, evaluationOfRun, reportedEvaluation } from "./reported-evaluation";
import { readVersions } from "./versions";
import { writePage } from "./write-page";

/** What a report evaluates and shows. */
export interface ReportOptions {
  /**
   * Held-out data, evaluated for the report. Default: the last `fit`'s `evalLoader`; without either the report has what
   * the run's evaluations say.
   */
  readonly loader?: DataLoader;
  /** Examples with the highest loss that are shown, 0 to 1000. Default 20. */
  readonly examples?: number;
  /** Heading of the page. Default "Training report". */
  readonly title?: string;
}

/** What is known of the last `fit`. */
export interface FittedRun {
  readonly record: TrainingRecord;
  /** Absent where it failed. */
  readonly history?: History<ModelProblem> | undefined;
  readonly loader: DataLoader;
  readonly evalLoader?: DataLoader | undefined;
}

export interface Reporter {
  readonly model: TextClassifier;
  /** Absent without a `fit`. */
  readonly fitted?: FittedRun | undefined;
  /** Evaluates the model; `look` sees every batch. */
  readonly evaluate: (loader: DataLoader, look: NonNullable<EvaluationParts["look"]>) => Promise<AnyEvaluation>;
}

const DEFAULTS = { loader: undefined, examples: 20, title: "Training report" } as const satisfies Record<
  keyof ReportOptions,
  unknown
>;

/**
 * Writes the page; see `Trainer.report`.
 * @throws ERR_INVALID_ARG, ERR_FILE_WRITE, and what an evaluation throws
 */
export async function makeReport(file: string, reporter: Reporter, options: ReportOptions = {}): Promise<void> {
  if (typeof file !== "string" || file === "") throw invalid("a file's path", describe(file));
  const {
    loader = reporter.fitted?.evalLoader,
    examples,
    title,
  } = readOptions<{ loader: DataLoader | undefined; examples: number; title: string }>("report", options, DEFAULTS, {
    loader: ["a DataLoader", (value) => value instanceof DataLoader],
    examples: wholeNumber(0, 1000),
    title: ["a text", (value) => typeof value === "string"],
  });
  if (!loader && !reporter.fitted) throw invalid("a fit before, or a loader with held-out data", "neither");
  await writePage(file, async () => renderReport(await collectReport(reporter, { loader, examples, title })));
}

interface Collected {
  readonly loader: DataLoader | undefined;
  readonly examples: number;
  readonly title: string;
}

/** What the page shows, as data. */
async function collectReport(reporter: Reporter, { loader, examples, title }: Collected): Promise<ReportData> {
  const { model, fitted } = reporter;
  const { record, history } = fitted ?? {};
  const lookedAt = loader && (await lookAt(reporter, loader, examples));
  const evaluation = lookedAt?.evaluation ?? (fitted && ofRun(fitted));
  return {
    title,
    created: new Date().toISOString(),
    problem: model.problemType ?? "single-label",
    labels: model.labels,
    ...(record && { record }),
    ...(history && { run: { ...summarize(history), log: history.log } }),
    ...(evaluation && { evaluation }),
    ...(lookedAt && { heldOut: lookedAt.findings }),
    data: await dataParts(fitted?.loader, loader),
    versions: readVersions(model.device),
  };
}

async function lookAt(
  { model, evaluate }: Reporter,
  loader: DataLoader,
  examples: number,
): Promise<{ evaluation: ReportedEvaluation; findings: ReturnType<HeldOutLook["findings"]> }> {
  checkLoader("report", loader, model, { labels: true });
  const look = new HeldOutLook(model, loader.dataset as TextDataset, examples);
  const evaluation = await evaluate(loader, (batch) => look.look(batch));
  const beside =
    evaluation.problemType === "multi-label"
      ? {
          reliability: look.reliability(),
          confusions: look.confusions(
            evaluation.perClass.map(({ support }) => support),
            CONFUSIONS,
          ),
        }
      : undefined;
  return { evaluation: reportedEvaluation(evaluation, beside), findings: look.findings() };
}

function ofRun({ record, history }: FittedRun): ReportedEvaluation | undefined {
  const entry = history && evaluationOfRun(history, record.options["loadBestModelAtEnd"] === true);
  return entry && { step: entry.step, ...reportedEvaluation(entry.metrics) };
}

/** The run's data and the held-out data, each once. */
export async function dataParts(
  training: DataLoader | undefined,
  heldOut: DataLoader | undefined,
): Promise<DataPart[]> {
  const named = [
    ["training", training],
    ["held-out", heldOut],
  ] as const;
  const parts: DataPart[] = [];
  for (const [name, loader] of named) if (loader) parts.push(await dataPart(name, loader));
  return parts;
}

function invalid(expected: string, got: string): TorchwrightError {
  return new TorchwrightError("ERR_INVALID_ARG", `report: expected ${expected}, got ${got}`);
}
