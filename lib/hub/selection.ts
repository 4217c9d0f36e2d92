/** Which of a model's files are needed: only these are downloaded, whatever else a repository has. */
import type { TorchwrightError } from "../errors";

export interface FileSelection {
  /** Files that must be there. */
  readonly required: readonly string[];
  /** Of each list the first that is there; one must be. */
  readonly oneOf: readonly (readonly string[])[];
  /** Files that are taken where they are there. */
  readonly optional: readonly string[];
  /** Files that name others, which are needed then: what they name. */
  readonly naming: Readonly<Record<string, (text: string) => readonly string[]>>;
  /**
   * The error, if there is one that says more, for a model that has none of a list in `oneOf`, but the files `names`.
   */
  readonly refuse?: (operation: string, repository: string, names: ReadonlySet<string>) => TorchwrightError | undefined;
}

/** Files of data; what a file names beside these is never fetched, least of all a pickle. */
const DATA = /^[^/\\]+\.(?:safetensors|json|txt|model)$/;

/** Both selections in one. */
export function together(a: FileSelection, b: FileSelection): FileSelection {
  return {
    required: [...new Set([...a.required, ...b.required])],
    oneOf: [...a.oneOf, ...b.oneOf],
    optional: [...new Set([...a.optional, ...b.optional])],
    naming: { ...a.naming, ...b.naming },
    refuse: (...what) => a.refuse?.(...what) ?? b.refuse?.(...what),
  };
}

/** Names in a file that names others; an index that cannot be read names none, and its own reader says why. */
export function namedBy(selection: FileSelection, file: string, text: string): readonly string[] {
  try {
    return [...new Set(selection.naming[file]?.(text))].filter((name) => DATA.test(name));
  } catch {
    return [];
  }
}

/** What of a selection is there and what is not, as far as is known. */
export interface Choice {
  /** Files to take. */
  readonly files: readonly string[];
  /** What must be and is not there: a name, or several of which one would do. */
  readonly missing: readonly string[];
  /** Files of the selection that are not there and need not be. */
  readonly without: readonly string[];
}

/** Applies a selection to what there is. */
export function choose(selection: FileSelection, has: (name: string) => boolean): Choice {
  const files = new Set<string>();
  const missing: string[] = [];
  const without = new Set<string>();
  const take = (name: string): boolean => has(name) && (files.add(name), true);
  for (const name of selection.required) if (!take(name)) missing.push(name);
  for (const names of selection.oneOf) {
    const found = names.find(has);
    if (found === undefined) missing.push(names.join(" or "));
    else names.slice(0, names.indexOf(found)).forEach((name) => without.add(name));
    if (found !== undefined) files.add(found);
  }
  for (const name of selection.optional) if (!take(name)) without.add(name);
  return { files: [...files], missing, without: [...without] };
}
