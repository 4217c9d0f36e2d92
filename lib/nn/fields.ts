/** What an object holds in its fields, under the paths that PyTorch's names are made of. */

/**
 * Every value in the own enumerable fields of `holder`, in the order in which they were set. Arrays and plain
 * objects are gone through in turn: `layers.0`, `heads.topic`. `#private` fields cannot be seen.
 */
export function* fieldsOf(
  holder: object,
  prefix = "",
  around: readonly object[] = [],
): Generator<readonly [path: string, value: object]> {
  if (around.includes(holder)) return; // an array that holds itself
  for (const [name, value] of Object.entries(holder) as [string, unknown][]) {
    if (typeof value !== "object" || value === null) continue;
    if (isContainer(value)) yield* fieldsOf(value, `${prefix}${name}.`, [...around, holder]);
    else yield [`${prefix}${name}`, value];
  }
}

function isContainer(value: object): boolean {
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
}
