/** The label map: class names in a fixed order, a name's position being its class id. */

/** Distinct names in natural order: by value where all are integers, else by code point. */
export function labelMap(names: Iterable<string>): string[] {
  const distinct = [...new Set(names)];
  const integers = distinct.every((name) => /^[+-]?\d+$/.test(name));
  return distinct.sort((a, b) => (integers ? compareIntegers(a, b) : 0) || compareCodePoints(a, b));
}

function compareIntegers(a: string, b: string): number {
  const difference = BigInt(a.replace("+", "")) - BigInt(b.replace("+", ""));
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** Python's order of strings. JavaScript's own puts characters beyond the basic plane before U+E000. */
function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    if (a.charCodeAt(i) === b.charCodeAt(i)) continue;
    // At the second half of a pair the first halves are equal, so these are the code units that decide.
    return (a.codePointAt(i) as number) - (b.codePointAt(i) as number);
  }
  return a.length - b.length;
}

/** "a", "b", … for a message: the first twenty, and how many more there are. */
export function listLabels(labels: readonly string[]): string {
  const shown = labels.slice(0, 20).map((label) => JSON.stringify(label));
  return shown.join(", ") + (labels.length > shown.length ? `, … (${labels.length} in all)` : "");
}
