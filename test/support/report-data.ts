/** For tests: the data of reports on made-up runs, with metrics of made-up predictions. */
import type { LabelReport } from "../../lib/data/inspect/report";
import { randomBelow, randomUnit } from "../../lib/data/random";
import { MultiLabelMetrics } from "../../lib/metrics/multi-label-metrics";
import { RegressionMetrics } from "../../lib/metrics/regression-metrics";
import { SingleLabelMetrics } from "../../lib/metrics/single-label-metrics";
import type { ModelProblem } from "../../lib/models/model";
import type { AnyEvaluation } from "../../lib/train/evaluation";
import type { LogEntry } from "../../lib/train/events";
import { recordedOptions } from "../../lib/train/run-folder";
import { resolveOptions } from "../../lib/train/check-options";
import type { DataPart, HardExample, ReportData } from "../../lib/train/report/report-data";
import { reportedEvaluation } from "../../lib/train/report/reported-evaluation";
import type { TargetPoint } from "../../lib/train/report/charts/scatter-chart";
import { logEntry } from "./run-events";

export interface MadeUp {
  readonly problem?: ModelProblem;
  readonly labels?: readonly string[];
  readonly steps?: number;
  /** Texts of the hardest examples. */
  readonly texts?: readonly string[];
  readonly title?: string;
}

const EXAMPLES = 600;

/** A report as of a run with a log at every step and four evaluations. */
export function reportData({
  problem = "single-label",
  labels = ["ham", "spam"],
  steps = 200,
  texts = ["the printer is on fire"],
  title = "Training report",
}: MadeUp = {}): ReportData {
  const random = randomUnit(randomBelow(1));
  const { evaluation, points } = made(problem, labels, random);
  const reported = reportedEvaluation(evaluation);
  const log = Array.from({ length: steps }, (_, at): LogEntry =>
    logEntry(at + 1, {
      loss: 2 * Math.exp((-3 * at) / steps) + 0.2 * random(),
      learningRate: 5e-5 * (1 - at / steps),
      gradNorm: 1 + random(),
      epoch: (4 * (at + 1)) / steps,
    }),
  );
  const evaluations = [1, 2, 3, 4].map((epoch) => ({
    step: (epoch * steps) / 4,
    epoch,
    metrics: Object.fromEntries(
      Object.entries(reported.metrics).map(([name, value]) => [
        name,
        value * (1 + (4 - epoch) * (name === "loss" ? 0.3 : -0.08)),
      ]),
    ),
  }));
  const classes = labels.map((name) => ({ name, count: 100, share: 1 / labels.length }));
  const counts: LabelReport =
    problem === "regression"
      ? { kind: "regression", min: -2, mean: 0.1, max: 3, unlabelled: 0 }
      : { kind: problem, classes, unlabelled: 0 };
  const part = (name: string): DataPart => ({
    name,
    rows: 100 * labels.length,
    labels: counts,
    batchSize: 32,
    maxLength: 128,
    delivered: {
      batches: 40,
      examples: 1200,
      encodings: 1200,
      tokens: 30_000,
      padded: 36_000,
      paddingShare: 1 / 6,
      truncated: 12,
      truncatedTokens: 480,
      waitedSeconds: 0.1,
    },
  });
  const hardest = texts.map((text, row): HardExample => ({
    row,
    place: `tickets.csv, line ${row + 2}`,
    text,
    loss: 5 / (row + 1),
    ...(problem === "regression"
      ? { actual: 1.5, predicted: -0.25 }
      : {
          actual: [{ label: labels[0] as string, probability: 0.02 }],
          predicted: [{ label: labels.at(-1) as string, probability: 0.97 }],
        }),
  }));
  return {
    title,
    created: "2026-01-02T03:04:05.678Z",
    problem,
    labels,
    record: {
      options: recordedOptions(resolveOptions({ learningRate: 2e-5, epochs: 4, outputDir: "runs/tickets" })),
      plan: { totalSteps: steps, warmupSteps: 10 },
      data: { examples: 1200, batchSize: 32, batches: steps / 4 },
      labels,
    },
    run: {
      stoppedBy: "end",
      steps,
      totalSteps: steps,
      epochs: 4,
      loss: 0.7,
      skippedSteps: 0,
      examples: 4800,
      tokens: 120_000,
      seconds: 75,
      device: "cpu",
      best: { step: steps, value: reported.metrics["loss"] as number },
      log,
      evaluations,
    },
    evaluation: reported,
    heldOut: { hardest, points },
    data: [part("training"), part("held-out")],
    versions: { torchwright: "0.1.0", libtorch: "2.13.0 (cpu)", node: "22.0.0", platform: "linux x64", device: "cpu" },
  };
}

function made(
  problem: ModelProblem,
  labels: readonly string[],
  random: () => number,
): { readonly evaluation: AnyEvaluation; readonly points: readonly TargetPoint[] } {
  const measured = { loss: 0.4, seconds: 1 };
  if (problem === "regression") {
    const metrics = new RegressionMetrics();
    const points = Array.from({ length: 300 }, (_, row): TargetPoint => {
      const actual = 5 * random() - 2;
      return { row, actual, predicted: actual + random() - 0.5 };
    });
    metrics.addAll(
      points.map(({ predicted }) => predicted),
      points.map(({ actual }) => actual),
    );
    return { evaluation: { ...metrics.summary(), ...measured, problemType: problem }, points };
  }
  if (problem === "multi-label") {
    const metrics = new MultiLabelMetrics(labels);
    for (let row = 0; row < EXAMPLES; row++) {
      const truth = labels.map(() => Number(random() < 0.3));
      metrics.addAll(
        Float32Array.from(truth, (own) => 0.8 * own + 0.2 * random()),
        truth,
      );
    }
    return { evaluation: { ...metrics.summary(), ...measured, problemType: problem }, points: [] };
  }
  const metrics = new SingleLabelMetrics(labels);
  for (let row = 0; row < EXAMPLES; row++) {
    // Frequent classes come first, and neighbours are taken for one another.
    const truth = Math.floor(labels.length * random() ** 2);
    const said = random() < 0.8 ? truth : (truth + 1 + Math.floor(3 * random() ** 2)) % labels.length;
    const sure = 0.4 + 0.59 * random();
    metrics.addAll(
      Float32Array.from(labels, (_, id) =>
        id === said ? sure + (1 - sure) / labels.length : (1 - sure) / labels.length,
      ),
      [truth],
    );
  }
  return {
    evaluation: { ...metrics.summary(), ...measured, problemType: problem, confusionMatrix: metrics.confusionMatrix },
    points: [],
  };
}
