/** What a misspelt name was meant to be. */

/** The name with the fewest letters to change, where they are few. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const plain = (text: string): string => text.toLowerCase().replace(/[-_]/g, "");
  const ranked = known.map((one) => ({ one, cost: distance(plain(name), plain(one)) })).sort((a, b) => a.cost - b.cost);
  const [best] = ranked;
  return best && best.cost <= Math.max(2, name.length / 3) ? best.one : undefined;
}

/** Levenshtein's distance. */
function distance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (above[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(change, (above[j] as number) + 1, (row[j - 1] as number) + 1));
    }
    above = row;
  }
  return above[b.length] as number;
}
