/** Takes settings out by the names of a table. */
import type { Settings } from "./config-file";
import type { Spec } from "./setting";

/**
 * Those that the table has and that were given; their kinds were checked where they were read. What it has as absent
 * may be another table's.
 */
export function pick<Name extends string>(
  settings: Settings,
  table: Readonly<Record<Name, Spec>>,
): { readonly [Key in Name]?: unknown } {
  return Object.fromEntries(
    Object.entries(settings).filter(([name, value]) => value !== undefined && isSetting(table, name)),
  ) as { readonly [Key in Name]?: unknown };
}

function isSetting(table: Readonly<Record<string, Spec>>, name: string): boolean {
  const spec = Object.hasOwn(table, name) ? table[name] : undefined;
  return spec !== undefined && !("absent" in spec);
}
