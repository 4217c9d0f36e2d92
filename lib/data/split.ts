/** Which rows go to the test part: seeded, plain or stratified. Works on row numbers alone. */
import { randomBelow, shuffle } from "./random";

export interface SplitIndices {
  readonly train: Uint32Array;
  readonly test: Uint32Array;
}

/** A random part of the rows; both parts come in random order, so that `take` of either is a fair sample. */
export function splitRows(rows: number, test: number, seed: number): SplitIndices {
  const order = shuffle(Uint32Array.from({ length: rows }, (_, row) => row), randomBelow(seed));
  return { test: order.slice(0, test), train: order.slice(test) };
}

/**
 * A part in which every class has its share: rows × fraction, rounded by largest remainder so that the sum
 * is `test`. A class always keeps a row for training, so a class with one row gives none to the test part,
 * and the test part may come out smaller than asked for.
 */
export function splitStratified(classes: readonly string[], test: number, seed: number): SplitIndices {
  const below = randomBelow(seed);
  const members = new Map<string, number[]>();
  for (const row of splitRows(classes.length, 0, seed).train) {
    const name = classes[row] as string;
    const rows = members.get(name);
    if (rows) rows.push(row);
    else members.set(name, [row]);
  }
  const groups = [...members.values()];
  const quotas = allot(groups.map((rows) => rows.length), test, classes.length);
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
  for (let given = -1; missing > 0 && given !== 0; ) {
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
