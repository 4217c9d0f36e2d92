/** Takes settings out by the names of a table. */
import type { Settings } from "./config-file";
import type { Spec } from "./setting";

/** Those that the table has and that were given; their kinds were checked where they were read. */
export function pick<Name extends string>(settings: Settings, table: Readonly<Record<Name, Spec>>): { readonly [Key in Name]?: unknown } {
  return Object.fromEntries(Object.entries(settings).filter(([name, value]) => Object.hasOwn(table, name) && value !== undefined)) as { readonly [Key in Name]?: unknown };
}
