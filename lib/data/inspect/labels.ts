/** What the labels of each split are like: balance of classes, or the spread of targets. */
import { describe, TorchwrightError } from "../../errors";
import type { Breather } from "../duplicates/breather";
import type { Label } from "../example";
import type { Inspectable, Rows, Split } from "./inspectable";
import type { LabelReport } from "./report";

type Kind = LabelReport["kind"];

interface Tally {
  readonly counts: Map<string, number>;
  labelled: number;
  min: number;
  max: number;
  sum: number;
}

/**
 * A report for each split; null where none of its rows has a label. Throws ERR_INVALID_ARG where labels are of several
 * kinds.
 */
export async function labelReports(rows: Rows, breather: Breather): Promise<(LabelReport | null)[]> {
  const tallies = rows.splits.map(emptyTally);
  let kind: Kind | undefined;
  for (const [at, split] of rows.splits.entries()) {
    for (let row = split.start; row < split.end; row++) {
      const label = rows.labels[row];
      if (label === undefined) continue;
      const own = kindOf(label);
      if (own === undefined || own !== (kind ??= own)) throw wrongKind(label, kind, split, row);
      count(tallies[at] as Tally, label);
      if (breather.due) await breather.pause();
    }
  }
  const names = classNames(
    rows.splits.map(({ dataset }) => dataset),
    tallies,
  );
  return tallies.map((tally, at) => {
    const { start, end } = rows.splits[at] as Split;
    return kind === undefined || tally.labelled === 0 ? null : report(kind, tally, names, end - start - tally.labelled);
  });
}

/** The same of one dataset alone, whose labels are known to be of one kind; null where it has none. */
export function labelReport(rows: Iterable<{ readonly label?: Label }>, names: readonly string[]): LabelReport | null {
  const tally = emptyTally();
  let kind: Kind | undefined;
  let unlabelled = 0;
  for (const { label } of rows) {
    if (label === undefined) unlabelled++;
    else {
      kind ??= kindOf(label);
      count(tally, label);
    }
  }
  return kind === undefined ? null : report(kind, tally, names, unlabelled);
}

/** A text that two labels share only where they say the same, in whatever order they name it. */
export function labelKey(label: Label): string {
  if (typeof label !== "object") return JSON.stringify(label);
  return JSON.stringify(
    Array.isArray(label)
      ? [...new Set(label as readonly string[])].sort()
      : Object.entries(label).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function kindOf(label: unknown): Kind | undefined {
  if (typeof label === "string") return "single-label";
  if (Number.isFinite(label)) return "regression";
  if (Array.isArray(label)) return label.every((name) => typeof name === "string") ? "multi-label" : undefined;
  if (typeof label !== "object" || label === null) return undefined;
  return Object.values(label).every((mass) => Number.isFinite(mass)) ? "soft-label" : undefined;
}

function emptyTally(): Tally {
  return { counts: new Map(), labelled: 0, min: Infinity, max: -Infinity, sum: 0 };
}

function count(tally: Tally, label: Label): void {
  const add = (name: string, mass: number): void => void tally.counts.set(name, (tally.counts.get(name) ?? 0) + mass);
  tally.labelled++;
  if (typeof label === "string") add(label, 1);
  else if (typeof label === "number") {
    tally.min = Math.min(tally.min, label);
    tally.max = Math.max(tally.max, label);
    tally.sum += label;
  } else if (Array.isArray(label)) new Set(label as readonly string[]).forEach((name) => add(name, 1));
  else for (const [name, mass] of Object.entries(label as Readonly<Record<string, number>>)) add(name, mass);
}

/** Every class of any split: in the order of the label maps, then what they lack by code point. */
function classNames(datasets: readonly Inspectable[], tallies: readonly Tally[]): string[] {
  const met = new Set(tallies.flatMap(({ counts }) => [...counts.keys()]));
  return [...new Set([...datasets.flatMap(({ labels }) => labels ?? []), ...[...met].sort()])];
}

function report(
  kind: Kind,
  { counts, labelled, min, max, sum }: Tally,
  names: readonly string[],
  unlabelled: number,
): LabelReport {
  if (kind === "regression") return { kind, min, mean: sum / labelled, max, unlabelled };
  const classes = names.map((name) => {
    const own = counts.get(name) ?? 0;
    return { name, count: own, share: own / labelled };
  });
  return { kind, classes, unlabelled };
}

function wrongKind(
  label: unknown,
  kind: Kind | undefined,
  { name, dataset, start }: Split,
  row: number,
): TorchwrightError {
  const wanted =
    kind === undefined
      ? "a label that is a name, names, a finite number, or probabilities by name"
      : `a ${kind} label, as the rows before have`;
  return new TorchwrightError(
    "ERR_INVALID_ARG",
    `inspect: expected ${wanted}, got ${describe(label)} (${name}, ${dataset.describeRow(row - start)})`,
  );
}
