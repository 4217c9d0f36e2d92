/** Results on standard output: text for people, or one JSON object. */
import { cutTo } from "../../data/inspect/display-width";
import type { Section } from "../../data/inspect/layout";
import { renderText } from "../../data/inspect/render-text";

/** Columns of a terminal that does not say. */
const USUAL_COLUMNS = 80;
const FEWEST_COLUMNS = 40;

/** Where `--json` was given the object, else the text. Numbers that JSON lacks are null. */
export function printResult(json: boolean | undefined, value: object, text: () => string): void {
  process.stdout.write(`${json === true ? JSON.stringify(value) : text()}\n`);
}

/** Sections under a heading, as wide as the terminal. */
export function printed(heading: string, sections: readonly Section[]): string {
  const width = Math.max(FEWEST_COLUMNS, process.stdout.columns || USUAL_COLUMNS);
  // A table without a head leaves its line empty.
  return renderText(cutTo(heading, width), sections, width).replace(/\n\n(?= {2}\S)/g, "\n");
}

/** A line for people on standard error. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Names with their values as a table without a head. */
export function pairs(title: string, rows: readonly (readonly [name: string, value: unknown])[]): Section {
  const columns = [
    { title: "", numeric: false },
    { title: "", numeric: false },
  ];
  const shown = rows.filter(([, value]) => value !== undefined).map(([name, value]) => [name, String(value)]);
  return { title, blocks: shown.length > 0 ? [{ kind: "table", columns, rows: shown }] : [] };
}
