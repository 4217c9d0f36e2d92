/** Shows values where people look: in a notebook as HTML below the cell, elsewhere as text on standard output. */
import { findNotebook, type OpenDisplay } from "../train/notebook/kernel";
import { toHtml } from "./to-html";

/** Where values are shown; what is left out is this process's own. */
export interface ShowPlace {
  /** The notebook's display, undefined where there is none. */
  readonly notebook?: OpenDisplay | undefined;
  readonly print?: (value: unknown) => void;
}

/**
 * Shows values one below the other: in a notebook of tslab or IJavascript as {@link toHtml} has them, elsewhere as
 * `console.log` prints them, so that the same line does in a script. What is not finite, not known or not there is
 * shown as well: nothing is refused.
 *
 * @example
 * ```ts
 * import { show, Tensor, TextDataset } from "torchwright";
 * show(Tensor.from([[1, 2], [3, 4]]));
 * show(TextDataset.from([{ text: "it broke", label: "bug" }, { text: "please add", label: "wish" }]));
 * ```
 */
export function show(...values: readonly unknown[]): void {
  showAt({}, values);
}

/** The same at a place of the caller's. */
export function showAt(place: ShowPlace, values: readonly unknown[]): void {
  const { print = console.log } = place;
  const open = "notebook" in place ? place.notebook : findNotebook();
  for (const value of values) {
    if (open) open().html(toHtml(value));
    else print(value);
  }
}
