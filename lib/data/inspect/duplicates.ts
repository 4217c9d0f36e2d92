/** Texts that come again: within a split, in another one (leakage), nearly the same, and with another label. */
import type { Breather } from "../duplicates/breather";
import { exactKey } from "../duplicates/exact-key";
import { checkNearOptions, findNearDuplicates, type NearDuplicateOptions } from "../duplicates/near-duplicates";
import type { Rows, Split } from "./inspectable";
import { labelKey } from "./labels";
import type { ContradictionReport, DuplicateReport, GroupExample, NearDuplicateReport } from "./report";

/** Rows by their text: those of one text, ascending, texts by their first row. */
export type RowsOfText = readonly number[];

/** Rows of an example's group that are shown. */
const SHOWN = 4;

export async function rowsByText(rows: Rows, breather: Breather): Promise<RowsOfText[]> {
  const texts = new Map<string, number[]>();
  for (const [row, text] of rows.texts.entries()) {
    const key = exactKey(text);
    const own = texts.get(key);
    if (own) own.push(row);
    else texts.set(key, [row]);
    if (breather.due) await breather.pause();
  }
  return [...texts.values()];
}

export async function duplicateReport(
  rows: Rows,
  texts: readonly RowsOfText[],
  examples: number,
  breather: Breather,
): Promise<DuplicateReport> {
  const groups = texts.filter(({ length }) => length > 1);
  const counted = new GroupCounts(rows);
  for (const group of groups) {
    // Every row is a member of its own: a row with the same text is another.
    counted.add(group.map((row) => [row]));
    if (breather.due) await breather.pause();
  }
  return counted.report(examples, groups);
}

/** Near-duplicates among texts that are not the same. */
export async function nearDuplicateReport(
  rows: Rows,
  texts: readonly RowsOfText[],
  options: NearDuplicateOptions,
  examples: number,
  breather: Breather,
): Promise<NearDuplicateReport> {
  const { threshold } = checkNearOptions("inspect", options);
  const joined = texts.map(([first]) => rows.joined(first as number));
  const { groups: found } = await findNearDuplicates("inspect", joined, options, breather);
  const counted = new GroupCounts(rows);
  const groups: number[][] = [];
  let conflicting = 0;
  for (const group of found) {
    const members = Array.from(group, (text) => texts[text] as RowsOfText);
    counted.add(members);
    // One row of each text before the repeats, so that an example shows what differs.
    groups.push([...members.map(([first]) => first as number), ...members.flatMap((own) => own.slice(1))]);
    if (labelsOf(rows, members.flat()).size > 1) conflicting++;
    if (breather.due) await breather.pause();
  }
  return { threshold, conflicting, ...counted.report(examples, groups) };
}

export async function contradictionReport(
  rows: Rows,
  texts: readonly RowsOfText[],
  examples: number,
  breather: Breather,
): Promise<ContradictionReport> {
  const shown: GroupExample[] = [];
  let groups = 0;
  let members = 0;
  for (const group of texts) {
    if (breather.due) await breather.pause();
    if (group.length < 2) continue;
    const labels = labelsOf(rows, group);
    if (labels.size < 2) continue;
    groups++;
    members += group.length;
    // One row of each label first, so that an example shows what differs.
    if (shown.length < examples) shown.push(groupExample(rows, [...new Set([...labels.values(), ...group])]));
  }
  return { groups, rows: members, examples: shown };
}

/** The labels that rows have, each with its first row. */
function labelsOf(rows: Rows, group: readonly number[]): Map<string, number> {
  const labels = new Map<string, number>();
  for (const row of group) {
    const label = rows.labels[row];
    if (label === undefined) continue;
    const key = labelKey(label);
    if (!labels.has(key)) labels.set(key, row);
  }
  return labels;
}

/** Counts groups of members, all of whose rows are duplicates of the other members' rows. */
class GroupCounts {
  readonly #within: { groups: number; repeats: number }[];
  readonly #across: { a: number; b: number; rows: [number, number] }[];
  #groups = 0;
  #repeats = 0;

  constructor(private readonly rows: Rows) {
    const { length } = rows.splits;
    this.#within = rows.splits.map(() => ({ groups: 0, repeats: 0 }));
    this.#across = [];
    for (let a = 0; a < length; a++) for (let b = a + 1; b < length; b++) this.#across.push({ a, b, rows: [0, 0] });
  }

  add(members: readonly RowsOfText[]): void {
    this.#groups++;
    this.#repeats += members.length - 1;
    // Rows of each member in each split, [members][splits].
    const spread = members.map((own) => {
      const counts = new Array<number>(this.rows.splits.length).fill(0);
      for (const row of own) increase(counts, this.rows.splitOf(row));
      return counts;
    });
    for (const [at, within] of this.#within.entries()) {
      const present = spread.filter((counts) => (counts[at] as number) > 0).length;
      if (present < 2) continue;
      within.groups++;
      within.repeats += present - 1;
    }
    for (const { a, b, rows } of this.#across) {
      rows[0] += seenIn(spread, a, b);
      rows[1] += seenIn(spread, b, a);
    }
  }

  report(examples: number, groups: readonly (readonly number[])[]): DuplicateReport {
    const name = (at: number): string => (this.rows.splits[at] as Split).name;
    return {
      groups: this.#groups,
      repeats: this.#repeats,
      within: this.#within.map((counts, at) => ({ split: name(at), ...counts })),
      across: this.#across.map(({ a, b, rows }) => ({ splits: [name(a), name(b)], rows })),
      examples: groups.slice(0, examples).map((group) => groupExample(this.rows, group)),
    };
  }
}

/** Rows of one split that have another member of their group in another split. */
function seenIn(spread: readonly (readonly number[])[], split: number, other: number): number {
  const isThere = (counts: readonly number[]): boolean => (counts[other] as number) > 0;
  const there = spread.filter(isThere).length;
  return spread.reduce(
    (seen, counts) => (there > (isThere(counts) ? 1 : 0) ? seen + (counts[split] as number) : seen),
    0,
  );
}

function increase(counts: number[], at: number): void {
  counts[at] = (counts[at] as number) + 1;
}

function groupExample(rows: Rows, group: readonly number[]): GroupExample {
  return { rows: group.length, examples: group.slice(0, SHOWN).map((row) => rows.example(row)) };
}
