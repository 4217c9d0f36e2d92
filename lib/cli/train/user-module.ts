/** Functions of one's own in a JavaScript file: the only way to say a function on a command line. */
import { createRequire } from "node:module";
import path from "node:path";
import { UsageError } from "../usage-error";

/**
 * What the file exports by that name, or as its only thing. It is code and runs with the program's rights.
 * @throws UsageError for a file that is not there, does not run, or does not export it
 */
export function loadExport(flag: string, file: string, name: string): unknown {
  const target = path.resolve(file);
  let exported: unknown;
  try {
    exported = createRequire(target)(target);
  } catch (cause) {
    throw new UsageError(`${flag}: could not load ${file}: ${(cause as Error).message}`, { cause });
  }
  const found = Object(exported) as Readonly<Record<string, unknown>>;
  const value = found[name] ?? found["default"] ?? (typeof exported === "function" ? exported : undefined);
  if (value === undefined) {
    throw new UsageError(
      `${flag}: expected ${file} to export ${name}, got ${Object.keys(found).join(", ") || "nothing"}`,
    );
  }
  return value;
}
