/** Which rows go to the test part: seeded, plain, stratified, by groups or by time. Works on row numbers alone. */
import { randomBelow, shuffle, type RandomBelow } from "./random";

export interface SplitIndices {
  readonly train: Uint32Array;
  readonly test: Uint32Array;
}

/** A random part of the rows; both parts come in random order, so that `take` of either is a fair sample. */
function splitRows(rows: number, test: number, below: RandomBelow): SplitIndices {
  const order = shuffle(
    Uint32Array.from({ length: rows }, (_, row) => row),
    below,
  );
  return { test: order.slice(0, test), train: order.slice(test) };
}

/**
 * The latest rows, in the order of time. Rows of one time stay together: where the boundary falls among them all go to
 * training, so that nothing in the test part is as old as a row that was trained on.
 */
function splitByTime(times: ArrayLike<number>, test: number): SplitIndices {
  const time = (row: number): number => times[row] as number;
  const order = Uint32Array.from({ length: times.length }, (_, row) => row).sort((a, b) => time(a) - time(b) || a - b);
  let boundary = order.length - test;
  while (
    boundary > 0 &&
    boundary < order.length &&
    time(order[boundary] as number) === time(order[boundary - 1] as number)
  ) {
    boundary++;
  }
  return { train: order.slice(0, boundary), test: order.slice(boundary) };
}

/**
 * A part made of whole groups, near to the size that was asked for, with each class near to its share of it.
 *
 * Greedy: groups in random order, the largest first; each goes where it brings the counts of its classes nearest to the
 * parts' shares, in squares over the share, as scikit-learn's `StratifiedGroupKFold` weighs them.
 */
function splitGroups(
  groups: readonly unknown[],
  classes: readonly string[] | undefined,
  test: number,
  below: RandomBelow,
): SplitIndices {
  const members = new Map<unknown, number[]>();
  const totals = new Map<string, number>();
  const classOf = (row: number): string => classes?.[row] ?? "";
  groups.forEach((group, row) => {
    const rows = members.get(group);
    if (rows) rows.push(row);
    else members.set(group, [row]);
    totals.set(classOf(row), (totals.get(classOf(row)) ?? 0) + 1);
  });
  const parts = [1 - test / groups.length, test / groups.length].map((share) => ({
    share,
    chosen: [] as number[][],
    counts: new Map<string, number>(),
  }));
  const keys = [...members.values()];
  const order = shuffle(Uint32Array.from(keys.keys()), below).sort(
    (a, b) => (keys[b] as number[]).length - (keys[a] as number[]).length,
  );
  for (const key of order) {
    const rows = keys[key] as number[];
    const own = new Map<string, number>();
    for (const row of rows) own.set(classOf(row), (own.get(classOf(row)) ?? 0) + 1);
    const costs = parts.map(({ share, counts }) => {
      let cost = 0;
      for (const [name, count] of own) {
        const target = (totals.get(name) as number) * share;
        const now = (counts.get(name) ?? 0) - target;
        cost += ((now + count) ** 2 - now ** 2) / target;
      }
      return cost;
    }) as [number, number];
    const part = parts[costs[1] < costs[0] ? 1 : 0] as (typeof parts)[number];
    part.chosen.push(rows);
    for (const [name, count] of own) part.counts.set(name, (part.counts.get(name) ?? 0) + count);
  }
  const [train, tested] = parts as [(typeof parts)[number], (typeof parts)[number]];
  // Too small a share for any group: the smallest, which came last.
  if (tested.chosen.length === 0 && train.chosen.length > 1) tested.chosen.push(train.chosen.pop() as number[]);
  if (train.chosen.length === 0 && tested.chosen.length > 1) train.chosen.push(tested.chosen.pop() as number[]);
  const rowsOf = ({ chosen }: { readonly chosen: readonly number[][] }): Uint32Array =>
    shuffle(Uint32Array.from(chosen.flat()), below);
  return { train: rowsOf(train), test: rowsOf(tested) };
}

/**
 * A part in which every class has its share: rows × fraction, rounded by largest remainder so that the sum
 * is `test`. A class always keeps a row for training, so a class with one row gives none to the test part,
 * and the test part may come out smaller than asked for.
 */
function splitStratified(classes: readonly string[], test: number, stream: () => RandomBelow): SplitIndices {
  const below = stream();
  const members = new Map<string, number[]>();
  for (const row of splitRows(classes.length, 0, stream()).train) {
    const name = classes[row] as string;
    const rows = members.get(name);
    if (rows) rows.push(row);
    else members.set(name, [row]);
  }
  const groups = [...members.values()];
  const quotas = allot(
    groups.map((rows) => rows.length),
    test,
    classes.length,
  );
  const chosen = groups.flatMap((rows, group) => rows.slice(0, quotas[group]));
  const kept = groups.flatMap((rows, group) => rows.slice(quotas[group]));
  return { test: shuffle(Uint32Array.from(chosen), below), train: shuffle(Uint32Array.from(kept), below) };
}

/** Largest remainder, with at least one row of each group left over. */
function allot(sizes: readonly number[], test: number, rows: number): number[] {
  const shares = sizes.map((size) => (size * test) / rows);
  const quotas = shares.map((share, group) => Math.min(Math.floor(share), (sizes[group] as number) - 1));
  const byRemainder = shares
    .map((share, group) => ({ group, remainder: share - (quotas[group] as number) }))
    .sort((a, b) => b.remainder - a.remainder || a.group - b.group);
  let missing = test - quotas.reduce((sum, quota) => sum + quota, 0);
  // A second round is needed only where capped groups could not take their share.
  for (let given = -1; missing > 0 && given !== 0;) {
    given = 0;
    for (const { group } of byRemainder) {
      if (missing === 0) break;
      if ((quotas[group] as number) >= (sizes[group] as number) - 1) continue;
      quotas[group] = (quotas[group] as number) + 1;
      missing--;
      given++;
    }
  }
  return quotas;
}

/** How rows are parted; functions see a row and its number. */
export interface SplitBy<Row> {
  /** Share of the rows for the test part, between 0 and 1, or their number. */
  readonly test: number;
  /** A third part, of rows that are in neither of the others: a share of all rows, or their number. */
  readonly validation?: number | undefined;
  /** Gives every class its share of each part; the function names a row's class. */
  readonly stratify?: ((row: Row, index: number) => string) | undefined;
  /**
   * Keeps rows of one key (a customer, a thread, a document) in one part, so that near relatives of training rows do
   * not flatter the test. Parts are as near to the size that was asked for as whole groups allow.
   */
  readonly groupBy?: ((row: Row, index: number) => string | number) | undefined;
  /**
   * Takes the latest rows for the test part and the latest of the rest for validation, as it will be in use; not
   * random.
   */
  readonly byTime?: ((row: Row, index: number) => Date | number | string) | undefined;
  /** Default: 42. The same seed gives the same parts on every machine. */
  readonly seed?: number;
}

/** Stream of random numbers that the validation part is drawn with; the test part has stream 0. */
const VALIDATION_STREAM = 2 ** 51;

/** What decides a row's part, gathered for all rows. */
export interface SplitKeys {
  readonly rows: number;
  readonly classes?: readonly string[] | undefined;
  readonly groups?: readonly unknown[] | undefined;
  readonly times?: ArrayLike<number> | undefined;
}

/** One part of `count` rows and the rest. */
export function splitBy(
  { rows, classes, groups, times }: SplitKeys,
  count: number,
  seed: number,
  which: "test" | "validation",
): SplitIndices {
  const stream = (): RandomBelow => randomBelow(seed, which === "test" ? 0 : VALIDATION_STREAM);
  if (times) return splitByTime(times, count);
  if (groups) return splitGroups(groups, classes, count, stream());
  return classes ? splitStratified(classes, count, stream) : splitRows(rows, count, stream());
}
