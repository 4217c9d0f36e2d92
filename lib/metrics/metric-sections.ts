/** Metrics laid out as tables, from which text and HTML are made alike. */
import type { Column, Section } from "../data/inspect/layout";
import { percent, plural } from "../data/inspect/numbers";
import { printsAs, type Reading } from "../data/inspect/prints-as";
import { renderText } from "../data/inspect/render-text";
import { shorten } from "../data/inspect/svg";
import type { Scores } from "./class-scores";
import type { ClassificationReport } from "./classification";
import type { ClassReport, ConfusionMatrix } from "./confusion-matrix";
import type { Interval } from "./poisson-bootstrap";
import type { CurveAreas } from "./score-histograms";

/** Columns that every terminal has. */
const WIDTH = 80;
/** Classes whose scores are listed, whose counts are written out, and confusions that are. */
const CLASSES = 20;
const WRITTEN = 8;
const CONFUSIONS = 10;
/** Of a class's name above its column. */
const LETTERS = 9;

const text = (title: string): Column => ({ title, numeric: false });
const number = (title: string): Column => ({ title, numeric: true });
/** What four digits behind the point do not show has an exponent. */
const digits = (value: number): string =>
  Number.isFinite(value) ? (value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(3) : value.toFixed(4)) : "–";

/** Everything that an object of metrics may hold. */
export interface AnyMetrics {
  readonly examples?: number;
  readonly intervals?: Readonly<Partial<Record<string, Interval>>> | undefined;
  readonly perClass?: readonly (ClassReport & Partial<CurveAreas>)[];
  readonly confusionMatrix?: ConfusionMatrix;
}

/** Numbers that say of an evaluation how large it was, not how good. */
const COUNTS: readonly string[] = ["examples", "seconds"];
/** Numbers that say most, of every kind of problem. */
const HEADLINE: readonly string[] = ["loss", "accuracy", "subsetAccuracy", "microF1", "macroF1", "mae", "rmse", "r2"];

/** `Metrics of 60 examples: loss 0.2104, accuracy 0.9500, macroF1 0.9498`. */
export function metricHeading(metrics: AnyMetrics): string {
  const numbers = new Map(scalars(metrics));
  const shown = HEADLINE.flatMap((name) =>
    numbers.has(name) ? [`${name} ${digits(numbers.get(name) ?? NaN)}`] : [],
  ).join(", ");
  return `Metrics of ${plural(metrics.examples ?? NaN, "example")}${shown === "" ? "" : `: ${shown}`}`;
}

/** Tables of all numbers, of the classes, and of what was taken for what. */
export function metricSections(metrics: AnyMetrics): Section[] {
  const { intervals = {}, perClass = [], confusionMatrix } = metrics;
  const bounded = Object.keys(intervals).length > 0;
  const rows = scalars(metrics).map(([name, value]) => [
    name,
    digits(value),
    ...(bounded ? (intervals[name] ?? []).map(digits) : []),
  ]);
  const columns = [text("metric"), number("value"), ...(bounded ? [number("from"), number("to")] : [])];
  return [
    { title: "Metrics", blocks: [{ kind: "table", columns, rows }] },
    ...(perClass.length > 0 ? [classSection(perClass)] : []),
    ...(confusionMatrix ? confusionSections(confusionMatrix) : []),
  ];
}

/**
 * Rows of true classes and columns of predicted ones where there are few classes; the most confused pairs where there
 * are many.
 */
export function confusionSections(matrix: ConfusionMatrix): Section[] {
  const { labels, counts } = matrix;
  if (labels.length <= WRITTEN) {
    const rows = counts.map((row, actual) => [labels[actual] ?? "", ...row.map(String)]);
    return [
      {
        title: "Confusion matrix: true classes down, predicted ones across",
        blocks: [
          { kind: "table", columns: [text(""), ...labels.map((label) => number(shorten(label, LETTERS)))], rows },
        ],
      },
    ];
  }
  const pairs = matrix
    .mostConfused(CONFUSIONS)
    .map(({ actual, predicted, count, share }) => [actual, predicted, String(count), percent(share)]);
  const columns = [text("true class"), text("predicted as"), number("examples"), number("of the class")];
  return [
    {
      title: "Most confused pairs",
      blocks:
        pairs.length > 0
          ? [{ kind: "table", columns, rows: pairs }]
          : [{ kind: "sentences", sentences: ["None: every example was predicted right."] }],
    },
  ];
}

/** For `util.inspect`. */
export function confusionReading(matrix: ConfusionMatrix): Reading {
  const { labels, total } = matrix;
  const short = (): string =>
    `ConfusionMatrix of ${plural(labels.length, "class", "classes")}, ${plural(total, "example")}`;
  return { short, whole: () => renderText(short(), confusionSections(matrix), WIDTH) };
}

/** For `util.inspect`. */
function metricReading(metrics: AnyMetrics): Reading {
  const short = (): string => metricHeading(metrics);
  return { short, whole: () => renderText(short(), metricSections(metrics), WIDTH) };
}

/** Metrics that print as their tables. */
export function withReading<T extends AnyMetrics>(metrics: T): T {
  return printsAs(metrics, metricReading);
}

/** scikit-learn's table: classes, then the averages over them. */
export function reportSections({ classes, macro, weighted }: ClassificationReport): Section[] {
  const row = (name: string, { precision, recall, f1, support }: Scores): string[] => [
    name,
    ...[precision, recall, f1].map(digits),
    String(support),
  ];
  const rows = [
    ...classes.map((scores) => row(scores.label, scores)),
    row("macro average", macro),
    row("weighted average", weighted),
  ];
  return [
    {
      title: "Classes",
      blocks: [
        { kind: "table", columns: [text("class"), ...["precision", "recall", "f1", "support"].map(number)], rows },
      ],
    },
  ];
}

/** For `util.inspect`. */
export function reportReading(report: ClassificationReport): Reading {
  const short = (): string =>
    `Classification report of ${plural(report.weighted.support, "example")}: accuracy ${digits(report.accuracy)}`;
  return { short, whole: () => renderText(short(), reportSections(report), WIDTH) };
}

function scalars(metrics: object): [name: string, value: number][] {
  return Object.entries(metrics).filter(
    (entry): entry is [string, number] => typeof entry[1] === "number" && !COUNTS.includes(entry[0]),
  );
}

function classSection(perClass: readonly (ClassReport & Partial<CurveAreas>)[]): Section {
  const sorted = perClass.toSorted((a, b) => b.support - a.support);
  const rows = sorted
    .slice(0, CLASSES)
    .map(({ label, support, precision, recall, f1, rocAuc = NaN }) => [
      label,
      String(support),
      ...[precision, recall, f1, rocAuc].map(digits),
    ]);
  const hidden = sorted.length - rows.length;
  const columns = [text("class"), ...["examples", "precision", "recall", "f1", "rocAuc"].map(number)];
  return {
    title: `Classes by number of examples${hidden > 0 ? `; ${hidden} rarer ones are not shown` : ""}`,
    blocks: [{ kind: "table", columns, rows }],
  };
}
