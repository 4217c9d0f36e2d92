/** Writes a field of a row whose name comes from a file. */

/** Also where the name is `__proto__`, to which a plain assignment would not write. */
export function setField(row: Record<string, unknown>, name: string, value: unknown): void {
  if (name === "__proto__") {
    Object.defineProperty(row, name, { value, writable: true, enumerable: true, configurable: true });
  } else row[name] = value;
}

/** A row with some of its fields; those that it does not have stay absent. */
export function pickFields(row: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  const picked: Record<string, unknown> = {};
  for (const name of names) if (Object.hasOwn(row, name)) setField(picked, name, row[name]);
  return picked;
}
