/**
 * Finds the notebook that the program runs in, by what the kernel left among the globals; loads nothing that is not
 * there.
 */
import { randomUUID } from "node:crypto";

/** One output of a cell: HTML, which replaces what it showed before. */
export interface NotebookDisplay {
  html(text: string): void;
  close?(): void;
}

/** Makes an output below the cell that runs. */
export type OpenDisplay = () => NotebookDisplay;

/**
 * What tslab's cells get as `require`; for "tslab" it gives the running kernel's own module, which a package cannot
 * import itself.
 */
interface Tslab {
  readonly require: (name: string) => { readonly newDisplay: OpenDisplay };
}

/** IJavascript's `$$`, of the cell that runs. The first HTML of a display makes an output, later ones replace it. */
interface IJavascript {
  readonly display: (id: string) => NotebookDisplay;
}

/**
 * How to show HTML in this notebook; undefined where the program runs in none that is known: tslab and IJavascript are.
 */
export function findNotebook(globals: object = globalThis): OpenDisplay | undefined {
  const { __tslab__: tslab, $$: cell } = globals as {
    readonly __tslab__?: Partial<Tslab>;
    readonly $$?: Partial<IJavascript>;
  };
  const load = tslab?.require;
  if (typeof load === "function") return () => load("tslab").newDisplay();
  const display = cell?.display;
  return typeof display === "function" ? () => display(`torchwright-${randomUUID()}`) : undefined;
}
