/** Makes an example of one row, wherever it came from: the one place that says what a text and a label may be. */
import { describe, type TorchwrightError } from "../errors";
import type { Example } from "./example";
import { type ProblemType, problemTypeOf, toLabel } from "./problem-type";

/** What a first row decided for all. */
export interface RowForm {
  readonly labelled: boolean;
  readonly problemType: ProblemType;
  /** `typeof` the labels, where they are class names. */
  readonly labelType: string;
  readonly place: string;
}

/** Reads the rows of one dataset, whose labels must all be of one kind. */
export class RowReader {
  #form: RowForm | undefined;
  readonly #asked: ProblemType | undefined;

  /** `asked` is what the user says the labels are; else the first row decides. */
  constructor(asked?: ProblemType) {
    this.#asked = asked;
  }

  /** What the labels are; undefined before the first row and for rows without. */
  get problemType(): ProblemType | undefined {
    return this.#form?.labelled === true ? this.#form.problemType : undefined;
  }

  /** Whether it was said what the labels are. */
  get asked(): boolean {
    return this.#asked !== undefined;
  }

  /**
   * The example of a row: a text, or `{ text, pair?, label? }`. `fail` makes the error of what was expected and what
   * came.
   */
  read(row: unknown, place: string, fail: (what: string) => TorchwrightError): Example {
    if (typeof row !== "string" && (typeof row !== "object" || row === null)) {
      throw fail(`expected a text or { text, label }, got ${describe(row)}`);
    }
    const { text, pair, label } = (typeof row === "string" ? { text: row } : row) as Readonly<Record<string, unknown>>;
    return this.make(text, pair, label, place, fail);
  }

  make(text: unknown, pair: unknown, label: unknown, place: string, fail: (what: string) => TorchwrightError): Example {
    const texts: unknown[] = Array.isArray(text) ? [...(text as unknown[])] : [text];
    if (pair !== undefined) texts.push(pair);
    if (texts.length === 0 || texts.length > 2 || !texts.every((part) => typeof part === "string")) {
      throw fail(
        `expected text to be a string or a pair of strings, got ${texts.map(describe).join(", ") || "an empty array"}`,
      );
    }
    const [one = "", two] = texts;
    const input = two === undefined ? one : ([one, two] as const);
    const form = (this.#form ??= this.#firstForm(label, place, fail));
    if (form.labelled !== (label !== undefined)) {
      const wanted = form.labelled ? `a label, as ${form.place} has one` : `no label, as ${form.place} has none`;
      throw fail(`expected ${wanted}, got ${describe(label)}`);
    }
    if (label === undefined) return { text: input };
    const made = toLabel(label, form.problemType, (expected) =>
      fail(`expected ${expected}, got ${label === "" ? "an empty one" : describe(label)}`),
    );
    if (form.problemType === "single-label" && typeof label !== form.labelType) {
      throw fail(`expected a label of type ${form.labelType}, as in ${form.place}, got ${describe(label)}`);
    }
    return { text: input, label: made };
  }

  #firstForm(label: unknown, place: string, fail: (what: string) => TorchwrightError): RowForm {
    if (label === undefined) return { labelled: false, problemType: "single-label", labelType: "undefined", place };
    const problemType = this.#asked ?? problemTypeOf(label);
    if (problemType === undefined) throw fail(`expected a label, got ${describe(label)}`);
    return { labelled: true, problemType, labelType: typeof label, place };
  }
}
