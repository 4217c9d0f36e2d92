/** Lays a report out as sections of tables, charts and sentences, from which text and HTML are made alike. */
import type { Label } from "../example";
import { percent, plural, short, significant } from "./numbers";
import type {
  ClassShare,
  Distribution,
  DuplicateReport,
  GroupExample,
  InspectionReport,
  LabelReport,
  RowExample,
  SplitReport,
} from "./report";

export interface Column {
  readonly title: string;
  /** Aligned to the right, and never shortened. */
  readonly numeric: boolean;
}

export type Block =
  | { readonly kind: "sentences"; readonly sentences: readonly string[] }
  | {
      readonly kind: "table";
      readonly title?: string;
      readonly columns: readonly Column[];
      readonly rows: readonly (readonly string[])[];
    }
  | { readonly kind: "bars"; readonly title: string; readonly bars: readonly Bar[] }
  | { readonly kind: "histogram"; readonly title: string; readonly bars: readonly Bar[] }
  | {
      readonly kind: "scatter";
      readonly title: string;
      readonly x: Axis;
      readonly y: Axis;
      readonly points: readonly Point[];
    };

export interface Bar {
  readonly name: string;
  readonly value: number;
  /** The value as it is shown. */
  readonly text: string;
}

/** From `low` to `high`; on a logarithmic one both are above 0. */
export interface Axis {
  readonly low: number;
  readonly high: number;
  readonly log: boolean;
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
}

export interface Point {
  readonly x: number;
  readonly y: number;
  /** What a pointer over it shows. */
  readonly text: string;
  readonly mark: "filled" | "hollow" | "best";
}

export interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
}

/** Classes that are listed; the others are counted. */
const CLASSES = 30;

const text = (title: string): Column => ({ title, numeric: false });
const number = (title: string): Column => ({ title, numeric: true });

/** Every section that has something to say. */
export function layOut(report: InspectionReport): Section[] {
  const sections: Section[] = [
    {
      title: "Warnings",
      blocks: [
        {
          kind: "sentences",
          sentences: report.warnings.length > 0 ? report.warnings : ["None: nothing was found that needs a look."],
        },
      ],
    },
    { title: "Labels", blocks: report.splits.flatMap(labelBlocks) },
    { title: "Lengths", blocks: lengthBlocks(report.splits) },
    { title: "Duplicates", blocks: duplicateBlocks(report, report.duplicates, "rows") },
    ...(report.nearDuplicates
      ? [
          {
            title: `Near-duplicates (similarity from ${report.nearDuplicates.threshold})`,
            blocks: duplicateBlocks(report, report.nearDuplicates, "texts"),
          },
        ]
      : []),
    { title: "Contradictory labels", blocks: exampleBlocks(report.contradictions.examples, "group") },
    { title: "Empty texts", blocks: rowBlocks(report.empty.examples) },
    ...report.damage.map(({ kind, rows, examples }) => ({
      title: `Damaged texts: ${kind} (${plural(rows, "row")})`,
      blocks: rowBlocks(examples),
    })),
  ];
  return sections.filter(({ blocks }) => blocks.length > 0);
}

/** How many rows a split has of each class, or how its targets are spread. */
export function labelBlocks({ name, rows, labels }: Pick<SplitReport, "name" | "rows" | "labels">): Block[] {
  const title = `${name}: ${plural(rows, "row")}`;
  if (labels === null) return [{ kind: "sentences", sentences: [`${title}, no labels`] }];
  const unlabelled = labels.unlabelled > 0 ? `, ${labels.unlabelled} without a label` : "";
  if (labels.kind === "regression") {
    const columns = ["min", "mean", "max"].map(number);
    return [
      {
        kind: "table",
        title: `${title}, targets of a regression${unlabelled}`,
        columns,
        rows: [[labels.min, labels.mean, labels.max].map(significant)],
      },
    ];
  }
  const what = {
    "single-label": "",
    "multi-label": ", several labels to a row",
    "soft-label": ", sums of probabilities",
  }[labels.kind];
  return [{ kind: "bars", title: `${title}${what}${unlabelled}`, bars: classBars(labels) }];
}

function classBars({ classes }: Exclude<LabelReport, { kind: "regression" }>): Bar[] {
  const bar = ({ name, count, share }: ClassShare): Bar => ({
    name,
    value: count,
    text: `${significant(count)} (${percent(share)})`,
  });
  if (classes.length <= CLASSES) return classes.map(bar);
  // Of many classes the ends of the scale say most.
  const sorted = classes.toSorted((a, b) => b.count - a.count);
  const most = sorted.slice(0, CLASSES / 2);
  const least = sorted.slice(-CLASSES / 2);
  const between = sorted.slice(CLASSES / 2, -CLASSES / 2);
  const count = between.reduce((sum, own) => sum + own.count, 0);
  return [
    ...most.map(bar),
    { name: `… ${plural(between.length, "class", "classes")} between`, value: 0, text: significant(count) },
    ...least.map(bar),
  ];
}

function lengthBlocks(splits: readonly SplitReport[]): Block[] {
  const limits = splits.flatMap(({ name, lengths }) =>
    lengths.truncated.map(({ maxLength, rows, share }) => [String(maxLength), name, String(rows), percent(share)]),
  );
  const units = (["tokens", "words", "characters"] as const).flatMap((unit): Block[] => {
    const found = splits.flatMap(({ name, lengths }) =>
      lengths[unit] ? [[name, ...distributionCells(lengths[unit])]] : [],
    );
    return found.length > 0
      ? [{ kind: "table", title: `In ${unit}`, columns: [text("split"), ...DISTRIBUTION.map(number)], rows: found }]
      : [];
  });
  const histograms = splits.map(({ name, lengths }): Block => {
    const unit = lengths.tokens ? "tokens" : "words";
    return {
      kind: "histogram",
      title: `${name}: rows by ${unit}`,
      bars: histogramBars(lengths.tokens ?? lengths.words),
    };
  });
  const cut: Block[] =
    limits.length > 0
      ? [
          {
            kind: "table",
            title: "Rows that would be cut",
            columns: [number("longer than"), text("split"), number("rows"), number("share")],
            rows: limits,
          },
        ]
      : [];
  return [...units, ...cut, ...histograms];
}

const DISTRIBUTION = ["min", "p5", "p25", "p50", "p75", "p90", "p95", "p99", "max", "mean"];

function distributionCells({ min, max, mean, percentiles }: Distribution): string[] {
  return [min, ...Object.values(percentiles), max, mean].map(short);
}

function histogramBars({ histogram }: Distribution): Bar[] {
  return histogram.map(({ from, to, rows }) => ({
    name: from === to ? String(from) : `${from}–${to}`,
    value: rows,
    text: String(rows),
  }));
}

function duplicateBlocks({ splits }: InspectionReport, report: DuplicateReport, what: "rows" | "texts"): Block[] {
  if (report.groups === 0) return [];
  const share = (split: string, rows: number): string =>
    `${rows} (${percent(rows / (splits.find(({ name }) => name === split)?.rows ?? 1))})`;
  const across = report.across.map(({ splits: [a, b], rows }) => [a, b, share(a, rows[0]), share(b, rows[1])]);
  return [
    {
      kind: "table",
      columns: [text("within"), number("groups"), number(`${what} repeated`)],
      rows: [
        ...report.within.map(({ split, groups, repeats }) => [split, String(groups), String(repeats)]),
        ...(splits.length > 1 ? [["all", String(report.groups), String(report.repeats)]] : []),
      ],
    },
    ...(across.length > 0
      ? [
          {
            kind: "table",
            columns: [text("split"), text("and split"), number("rows of the first"), number("of the second")],
            rows: across,
          } as const,
        ]
      : []),
    ...exampleBlocks(report.examples, "group"),
  ];
}

function exampleBlocks(groups: readonly GroupExample[], name: string): Block[] {
  if (groups.length === 0) return [];
  const rows = groups.flatMap(({ rows: all, examples }, group) => {
    const more =
      all > examples.length ? [[`${group + 1}`, `and ${plural(all - examples.length, "row")} more`, "", ""]] : [];
    return [...examples.map((example) => [`${group + 1}`, ...exampleCells(example)]), ...more];
  });
  return [
    { kind: "table", title: "Examples", columns: [number(name), text("row"), text("label"), text("text")], rows },
  ];
}

function rowBlocks(examples: readonly RowExample[]): Block[] {
  if (examples.length === 0) return [];
  return [
    {
      kind: "table",
      title: "Examples",
      columns: [text("row"), text("label"), text("text")],
      rows: examples.map(exampleCells),
    },
  ];
}

function exampleCells({ split, place, label, excerpt }: RowExample): string[] {
  return [`${split}: ${place}`, labelText(label), JSON.stringify(excerpt)];
}

function labelText(label: Label | null): string {
  if (label === null) return "";
  if (typeof label !== "object") return String(label);
  if (Array.isArray(label)) return (label as readonly string[]).join(", ");
  return Object.entries(label as Readonly<Record<string, number>>)
    .map(([name, mass]) => `${name} ${significant(mass)}`)
    .join(", ");
}
