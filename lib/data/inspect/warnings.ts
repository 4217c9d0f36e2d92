/** Says what of a report should be looked at before training, and what to do about it. */
import { percent, plural } from "./numbers";
import type { DamageKind, DuplicateReport, InspectionReport, LabelReport, SplitReport } from "./report";

type Found = Omit<InspectionReport, "warnings">;

/** A class with so many times the rows of another drowns it out. */
const IMBALANCE = 10;

const DAMAGE: Readonly<Record<DamageKind, readonly [what: string, remedy: string]>> = {
  mojibake: ["UTF-8 that was read in another encoding", "read the file as UTF-8"],
  "replacement-character": ["U+FFFD for bytes that no one could read", "read the file in its own encoding"],
  "lone-surrogate": ["half a character", "cut texts between code points"],
  "control-character": ["control characters", "remove them, or look whether the file is text"],
  "byte-order-mark": ["a byte order mark", "remove U+FEFF"],
  "html-entity": ["HTML entities", "decode them"],
};

/** The gravest first. */
export function warningsOf(found: Found): string[] {
  const rowsOf = (split: string): number => found.splits.find(({ name }) => name === split)?.rows ?? 0;
  return [
    ...leaks(found.duplicates, rowsOf, "a text that", "call dedupe before split"),
    ...(found.nearDuplicates
      ? leaks(found.nearDuplicates, rowsOf, "nearly a text that", "call dedupeNear before split")
      : []),
    ...contradictions(found),
    ...found.splits.flatMap((split) => classWarnings(split)),
    ...(found.empty.rows > 0
      ? [`${plural(found.empty.rows, "row has", "rows have")} no visible text: drop them with filter.`]
      : []),
    ...repeats(found),
    ...found.damage.map(
      ({ kind, rows }) => `${plural(rows, "row has", "rows have")} ${DAMAGE[kind][0]} (${kind}): ${DAMAGE[kind][1]}.`,
    ),
    ...found.splits.flatMap(({ name, lengths }) => truncated(name, lengths.truncated.at(-1))),
  ];
}

/** Leaks as seen from the part that a score is taken of: not the one named `train`, else the later one. */
function leaks({ across }: DuplicateReport, rowsOf: (split: string) => number, what: string, remedy: string): string[] {
  return across.flatMap(({ splits, rows }) => {
    const scored = splits[1] === "train" ? 0 : 1;
    const [seen, name, other] = [rows[scored], splits[scored], splits[1 - scored] as string];
    if (seen === 0) return [];
    const all = rowsOf(name);
    return [
      `${seen} of ${plural(all, "row")} of ${name} (${percent(seen / all)}) ${seen === 1 ? "has" : "have"} ${what} ${other} has too, so a score there tells less: ${remedy}.`,
    ];
  });
}

function contradictions({ contradictions: { groups, rows }, nearDuplicates: near }: Found): string[] {
  const found = [];
  if (groups > 0) {
    found.push(
      `${plural(groups, "text has", "texts have")} different labels in ${plural(rows, "row")}: correct or drop them.`,
    );
  }
  if (near && near.conflicting > 0) {
    found.push(
      `${plural(near.conflicting, "group")} of near-duplicates ${near.conflicting === 1 ? "has" : "have"} different labels: look whether they are right.`,
    );
  }
  return found;
}

function repeats({ duplicates, nearDuplicates: near }: Found): string[] {
  const found = [];
  if (duplicates.repeats > 0) {
    found.push(`${plural(duplicates.repeats, "row repeats", "rows repeat")} an earlier row's text: dedupe drops them.`);
  }
  if (near && near.repeats > 0) {
    found.push(`${plural(near.repeats, "text is", "texts are")} nearly an earlier text: dedupeNear drops them.`);
  }
  return found;
}

function classWarnings({ name, rows, labels }: SplitReport): string[] {
  if (labels === null) return [];
  const found = [];
  if (labels.unlabelled > 0) found.push(`${labels.unlabelled} of ${plural(rows, "row")} of ${name} have no label.`);
  if (labels.kind === "regression") return found;
  const missing = labels.classes.filter(({ count }) => count === 0).map((own) => own.name);
  if (missing.length > 0) {
    found.push(`${name} has no row of ${plural(missing.length, "class", "classes")}: ${listed(missing)}.`);
  }
  const imbalance = imbalanceOf(labels);
  if (imbalance && imbalance.ratio >= IMBALANCE) {
    found.push(
      `In ${name} "${imbalance.most}" is ${Math.round(imbalance.ratio)} times as frequent as "${imbalance.least}": look at macro-F1, ` +
        "and consider class weights or a balanced sampler.",
    );
  }
  return found;
}

/** How many times as frequent the most frequent class is as the least frequent one that there is. */
function imbalanceOf(
  labels: Exclude<LabelReport, { kind: "regression" }>,
): { readonly ratio: number; readonly most: string; readonly least: string } | undefined {
  const present = labels.classes.filter(({ count }) => count > 0);
  const [first] = present;
  if (first === undefined) return undefined;
  const most = present.reduce((best, own) => (own.count > best.count ? own : best), first);
  const least = present.reduce((best, own) => (own.count < best.count ? own : best), first);
  return { ratio: most.count / least.count, most: most.name, least: least.name };
}

function listed(names: readonly string[]): string {
  const shown = names
    .slice(0, 5)
    .map((name) => JSON.stringify(name))
    .join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}

function truncated(split: string, longest: SplitReport["lengths"]["truncated"][number] | undefined): string[] {
  if (longest === undefined || longest.rows === 0) return [];
  return [
    `${plural(longest.rows, "row")} of ${split} (${percent(longest.share)}) ${longest.rows === 1 ? "is" : "are"} longer than ${longest.maxLength} tokens and would be cut.`,
  ];
}
