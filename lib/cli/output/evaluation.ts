/** An evaluation as tables for a terminal. */
import type { Block, Section } from "../../data/inspect/layout";
import { type AnyEvaluation, scalarMetrics } from "../../train/evaluation";
import { formatMeasure } from "../../train/progress-format";

/** Numbers that are no measure of quality. */
const COUNTS = new Set(["examples", "seconds"]);

/** Classes that are listed; the others are counted. */
const CLASSES = 30;

/** All numbers, with intervals where there are any, and scores by class. */
export function evaluationSections(evaluation: AnyEvaluation): Section[] {
  const metrics = Object.entries(scalarMetrics(evaluation)).filter(([name]) => !COUNTS.has(name));
  const intervals = ("intervals" in evaluation ? evaluation.intervals : undefined) as
    Readonly<Record<string, readonly [number, number]>> | undefined;
  const columns = [
    { title: "metric", numeric: false },
    { title: "value", numeric: true },
    ...(intervals ? [{ title: "interval", numeric: true }] : []),
  ];
  const rows = metrics.map(([name, value]) => {
    const interval = intervals?.[name];
    return [
      name,
      formatMeasure(value),
      ...(intervals ? [interval ? interval.map(formatMeasure).join(" to ") : ""] : []),
    ];
  });
  return [{ title: "Metrics", blocks: [{ kind: "table", columns, rows }] }, ...classSection(evaluation)];
}

function classSection(evaluation: AnyEvaluation): Section[] {
  if (evaluation.problemType === "regression") return [];
  const { perClass } = evaluation;
  const numeric = ["precision", "recall", "f1", "support"].map((title) => ({ title, numeric: true }));
  const rows = perClass
    .slice(0, CLASSES)
    .map(({ label, precision, recall, f1, support }) => [
      label,
      ...[precision, recall, f1].map(formatMeasure),
      String(support),
    ]);
  const more: Block[] =
    perClass.length > CLASSES
      ? [{ kind: "sentences", sentences: [`${perClass.length - CLASSES} more classes; --json has all`] }]
      : [];
  return [
    {
      title: "Classes",
      blocks: [{ kind: "table", columns: [{ title: "label", numeric: false }, ...numeric], rows }, ...more],
    },
  ];
}
