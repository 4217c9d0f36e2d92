/** What `inspect` found: data, text for a terminal, HTML for a notebook. */
import { layOut } from "./layout";
import { plural } from "./numbers";
import { renderHtml } from "./render-html";
import { renderText } from "./render-text";
import type { InspectionReport } from "./report";

/** Columns that every terminal has. */
const WIDTH = 80;

/** The result of `inspect`. `JSON.stringify` writes its report, and `console.log` prints its text. */
export class Inspection implements InspectionReport {
  readonly rows: InspectionReport["rows"];
  /** Each split: classes, lengths, truncation. */
  readonly splits: InspectionReport["splits"];
  readonly duplicates: InspectionReport["duplicates"];
  readonly nearDuplicates: InspectionReport["nearDuplicates"];
  /** Equal texts with different labels. */
  readonly contradictions: InspectionReport["contradictions"];
  readonly empty: InspectionReport["empty"];
  readonly damage: InspectionReport["damage"];
  readonly warnings: InspectionReport["warnings"];

  constructor(report: InspectionReport) {
    this.rows = report.rows;
    this.splits = report.splits;
    this.duplicates = report.duplicates;
    this.nearDuplicates = report.nearDuplicates;
    this.contradictions = report.contradictions;
    this.empty = report.empty;
    this.damage = report.damage;
    this.warnings = report.warnings;
  }

  /** Text in aligned columns, at most 80 wide. Control characters of the data are escaped. */
  toString(): string {
    return renderText(this.#heading(), layOut(this), WIDTH);
  }

  /** One HTML element, complete in itself and without scripts; texts of the data are escaped. */
  toHtml(): string {
    return renderHtml(this.#heading(), layOut(this));
  }

  #heading(): string {
    const { length } = this.splits;
    return `Inspection of ${plural(this.rows, "row")}${length > 1 ? ` in ${plural(length, "split")}` : ""}`;
  }

  /** For `console.log`, which would print the data's outermost levels. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}
