/** Labelled or unlabelled text in memory: read, split, de-duplicated; never changed in place. */
import { describe, TorchwrightError } from "../errors";
import { labelName, type ColumnOptions } from "./columns";
import { type CsvOptions, readCsv } from "./csv";
import type { Example, ExampleInput } from "./example";
import { readJsonLines } from "./json-lines";
import { labelMap } from "./labels";
import { checkSeed } from "./random";
import { splitRows, splitStratified } from "./split";

export interface SplitOptions {
  /** Share of the rows for the test part, between 0 and 1, or their number. */
  readonly test: number;
  /** Give every class its share of the test part. Default: false. */
  readonly stratify?: boolean;
  /** Default: 42. The same seed gives the same parts on every machine. */
  readonly seed?: number;
}

/** Where rows came from, for messages. */
interface Origin {
  readonly file?: string;
  /** Line (of a file) or row number (of an array) of each example. */
  readonly places: readonly number[];
}

/**
 * Rows of text with their labels, at least one. Immutable: every method returns a new dataset.
 *
 * @example
 * ```ts
 * import { TextDataset } from "torchwright";
 * const dataset = TextDataset.from([
 *   { text: "it broke", label: "bug" },
 *   { text: "please add", label: "wish" },
 * ]);
 * console.log(dataset.labels); // ["bug", "wish"]
 * ```
 */
export class TextDataset implements Iterable<Example> {
  /** Number of rows. */
  readonly length: number;
  /** Whether the rows have labels: all do, or none does. */
  readonly labelled: boolean;
  readonly #examples: readonly Example[];
  readonly #origin: Origin;
  /** Set for a test part, whose class ids are the training part's. */
  readonly #fixedLabels: readonly string[] | undefined;
  #labels: readonly string[] | undefined;

  private constructor(examples: readonly Example[], origin: Origin, fixedLabels?: readonly string[]) {
    this.#examples = examples;
    this.#origin = origin;
    this.#fixedLabels = fixedLabels;
    this.length = examples.length;
    this.labelled = examples[0]?.label !== undefined;
  }

  /**
   * A dataset of rows in memory: texts, or `{ text, pair?, label? }`.
   * Throws ERR_INVALID_ARG naming a bad row, ERR_EMPTY_DATASET.
   */
  static from(rows: Iterable<ExampleInput>): TextDataset {
    const iterable: unknown = rows;
    if (typeof iterable !== "object" || iterable === null || !(Symbol.iterator in iterable)) {
      throw invalid(`TextDataset.from: expected an array of rows, got ${describe(rows)}`);
    }
    const examples: Example[] = [];
    for (const row of rows) examples.push(checkRow(row, examples.length, examples[0]));
    if (examples.length === 0) throw empty("TextDataset.from: expected at least one row, got none");
    return new TextDataset(examples, { places: examples.map((_, row) => row) });
  }

  /**
   * Reads a CSV file in UTF-8 with a header line; `text`, `pair` and `label` name its columns.
   * Blank lines are skipped.
   *
   * Throws ERR_FILE_NOT_FOUND, ERR_FILE_READ, ERR_COLUMN_MISSING listing the columns there are, ERR_BAD_ROW naming
   * file and line, ERR_EMPTY_DATASET, ERR_INVALID_ARG.
   */
  static async fromCsv(file: string, options: CsvOptions): Promise<TextDataset> {
    const operation = "TextDataset.fromCsv";
    checkPath(operation, file);
    return TextDataset.#fromFile(operation, file, await readCsv(operation, file, options));
  }

  /**
   * Reads a JSON Lines file in UTF-8, one object per line; `text`, `pair` and `label` name its keys.
   * Labels that are numbers or booleans become their text. Errors as for `fromCsv`.
   */
  static async fromJsonLines(file: string, options: ColumnOptions): Promise<TextDataset> {
    const operation = "TextDataset.fromJsonLines";
    checkPath(operation, file);
    return TextDataset.#fromFile(operation, file, await readJsonLines(operation, file, options));
  }

  static #fromFile(operation: string, file: string, rows: { examples: Example[]; lines: number[] }): TextDataset {
    if (rows.examples.length === 0) throw empty(`${operation}: expected at least one row, got none in ${file}`);
    return new TextDataset(rows.examples, { file, places: rows.lines });
  }

  /**
   * The label map: class names, sorted (by value where all are integers, else by code point); a name's
   * position is its class id. A test part has the map of its training part. Empty without labels.
   */
  get labels(): readonly string[] {
    if (this.#fixedLabels) return this.#fixedLabels;
    const names = (): string[] => this.#examples.flatMap(({ label }) => (label === undefined ? [] : [label]));
    return (this.#labels ??= Object.freeze(labelMap(names())));
  }

  /** One row; throws ERR_INVALID_ARG when there is no such row. */
  get(row: number): Example {
    const example = this.#examples[row];
    if (!example) {
      throw invalid(`TextDataset.get: expected a row from 0 to ${this.length - 1}, got ${describe(row)}`);
    }
    return example;
  }

  /** Where a row came from: `tickets.csv, line 17` or `row 16`. */
  describeRow(row: number): string {
    const { file, places } = this.#origin;
    const place = places[row] ?? row;
    return file === undefined ? `row ${place}` : `${file}, line ${place}`;
  }

  [Symbol.iterator](): Iterator<Example> {
    return this.#examples[Symbol.iterator]();
  }

  /** The first `rows` rows, or all where there are fewer. Throws ERR_INVALID_ARG. */
  take(rows: number): TextDataset {
    if (!Number.isSafeInteger(rows) || rows < 1) {
      throw invalid(`TextDataset.take: expected a number of rows of at least 1, got ${describe(rows)}`);
    }
    return this.#select(Array.from({ length: Math.min(rows, this.length) }, (_, row) => row), this.#fixedLabels);
  }

  /** Without rows whose text (and pair) stood in an earlier row, whatever their label. Do it before a split. */
  dedupe(): TextDataset {
    const seen = new Set<string>();
    const rows: number[] = [];
    this.#examples.forEach(({ text }, row) => {
      const key = typeof text === "string" ? `text ${text}` : `pair ${JSON.stringify(text)}`;
      if (!seen.has(key)) rows.push(row);
      seen.add(key);
    });
    return this.#select(rows, this.#fixedLabels);
  }

  /**
   * Two parts in random order, by seed. The label map is made from the training part only; the test part
   * has the same. Stratified, each class has its share of both and keeps at least one row for training.
   *
   * Throws ERR_INVALID_ARG, and ERR_EMPTY_DATASET when a part would have no row.
   */
  split(options: SplitOptions): { train: TextDataset; test: TextDataset } {
    const { test, stratify = false, seed = 42 } = options ?? {};
    checkSeed("TextDataset.split", seed);
    const count = typeof test === "number" && test < 1 ? Math.ceil(test * this.length) : test;
    if (!Number.isSafeInteger(count) || count < 1) {
      throw invalid(`TextDataset.split: expected test to be a share from 0 to 1 or a number of rows, got ${describe(test)}`);
    }
    if (count >= this.length) {
      throw empty(`TextDataset.split: expected a row for each part, got ${this.length} with ${count} for the test part`);
    }
    if (stratify && !this.labelled) {
      throw invalid("TextDataset.split: expected labels to stratify by, got rows without any");
    }
    const parts = stratify
      ? splitStratified(this.#examples.map(({ label }) => label as string), count, seed)
      : splitRows(this.length, count, seed);
    if (parts.test.length === 0) {
      throw empty("TextDataset.split: expected a class with two rows or more to stratify by, got one row of each");
    }
    const train = this.#select(parts.train);
    return { train, test: this.#select(parts.test, train.labels) };
  }

  #select(rows: Iterable<number>, fixedLabels?: readonly string[]): TextDataset {
    const examples: Example[] = [];
    const places: number[] = [];
    for (const row of rows) {
      examples.push(this.#examples[row] as Example);
      places.push(this.#origin.places[row] as number);
    }
    const { file } = this.#origin;
    return new TextDataset(examples, file === undefined ? { places } : { file, places }, fixedLabels);
  }
}

function empty(message: string): TorchwrightError {
  return new TorchwrightError("ERR_EMPTY_DATASET", message);
}

function invalid(message: string): TorchwrightError {
  return new TorchwrightError("ERR_INVALID_ARG", message);
}

function checkPath(operation: string, file: unknown): void {
  if (typeof file === "string" && file !== "") return;
  throw invalid(`${operation}: expected the path of a file, got ${describe(file)}`);
}

/** A row as an example; throws ERR_INVALID_ARG. `first` decides whether rows have labels. */
function checkRow(row: unknown, index: number, first: Example | undefined): Example {
  const fail = (what: string): TorchwrightError => invalid(`TextDataset.from: expected ${what} (row ${index})`);
  if (typeof row !== "string" && (typeof row !== "object" || row === null)) {
    throw fail(`a text or { text, label }, got ${describe(row)}`);
  }
  const { text, pair, label } = (typeof row === "string" ? { text: row } : row) as Readonly<Record<string, unknown>>;
  const texts: unknown[] = Array.isArray(text) ? [...(text as unknown[])] : [text];
  if (pair !== undefined) texts.push(pair);
  if (texts.length > 2 || !texts.every((part) => typeof part === "string")) {
    throw fail(`text to be a string or a pair of strings, got ${texts.map(describe).join(", ")}`);
  }
  const [one = "", two] = texts;
  const input = two === undefined ? one : ([one, two] as const);
  if (first && (first.label === undefined) !== (label === undefined)) {
    const wanted = first.label === undefined ? "no label, as row 0 has none" : "a label, as row 0 has one";
    throw fail(`${wanted}, got ${describe(label)}`);
  }
  if (label === undefined) return { text: input };
  const name = labelName(label);
  if (name === undefined) throw fail(`a label that is a non-empty text, number or boolean, got ${describe(label)}`);
  return { text: input, label: name };
}
