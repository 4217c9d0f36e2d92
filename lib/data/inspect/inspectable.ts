/** What can be inspected, brought into one list of rows. */
import { describe, TorchwrightError } from "../../errors";
import type { TextInput } from "../../text/tokenizer";
import type { Breather } from "../duplicates/breather";
import type { Example, Label } from "../example";
import { excerptOf } from "./excerpt";
import type { RowExample } from "./report";

/** What a dataset must offer to be inspected; `TextDataset` does. */
export interface Inspectable {
  /** How many rows there are. */
  readonly length: number;
  /** The label map, where there is one: classes are listed in its order. */
  readonly labels?: readonly string[];
  /** The row of that number, from 0. */
  get(row: number): Example;
  /** Where a row came from, in words. */
  describeRow(row: number): string;
}

/** A dataset, or parts of one by name; an absent part is passed over. */
export type InspectionInput = Inspectable | Readonly<Record<string, Inspectable | undefined>>;

export interface Split {
  readonly name: string;
  readonly dataset: Inspectable;
  /** The number of its first row among all splits' rows, and of the row behind its last. */
  readonly start: number;
  readonly end: number;
}

/** The rows of all splits, numbered through. */
export class Rows {
  constructor(
    readonly splits: readonly Split[],
    readonly texts: readonly TextInput[],
    readonly labels: readonly (Label | undefined)[],
  ) {}

  /** Reads every row once. Throws ERR_INVALID_ARG naming the row, ERR_EMPTY_DATASET. */
  static async read(data: unknown, breather: Breather): Promise<Rows> {
    const splits = splitsOf(data);
    const texts: TextInput[] = [];
    const labels: (Label | undefined)[] = [];
    for (const { name, dataset } of splits) {
      for (let row = 0; row < dataset.length; row++) {
        const example: unknown = dataset.get(row);
        const { text, label } = Object(example) as Partial<Example>;
        if (!isText(text)) {
          throw invalid(
            `an example with a text or pair of texts, got ${describe(text === undefined ? example : text)} (${name}, ${dataset.describeRow(row)})`,
          );
        }
        texts.push(text);
        labels.push(label ?? undefined);
        if (breather.due) await breather.pause();
      }
    }
    return new Rows(splits, texts, labels);
  }

  get length(): number {
    return this.texts.length;
  }

  /** Position of the split that a row belongs to. */
  splitOf(row: number): number {
    return this.splits.findIndex(({ end }) => row < end);
  }

  /** A row as one string; of a pair, both texts. */
  joined(row: number): string {
    const text = this.texts[row] as TextInput;
    return typeof text === "string" ? text : text.join("\n");
  }

  /** A row to be shown, with the part of its text around a position. */
  example(row: number, at = 0): RowExample {
    const { name, dataset, start } = this.splits[this.splitOf(row)] as Split;
    const place = dataset.describeRow(row - start);
    return {
      split: name,
      row: row - start,
      place,
      label: this.labels[row] ?? null,
      excerpt: excerptOf(this.joined(row), at),
    };
  }
}

function splitsOf(data: unknown): Split[] {
  const named: readonly (readonly [string, unknown])[] = isInspectable(data) ? [["data", data]] : partsOf(data);
  const splits: Split[] = [];
  let start = 0;
  for (const [name, dataset] of named) {
    if (dataset === undefined) continue;
    if (!isInspectable(dataset)) {
      throw invalid(`a dataset as ${JSON.stringify(name)}, got ${describe(dataset)}; ${REMEDY}`);
    }
    splits.push({ name, dataset, start, end: start + dataset.length });
    start += dataset.length;
  }
  if (splits.length === 0) throw invalid("a dataset, or datasets by the names of their splits, got none");
  const empty = splits.find(({ dataset }) => dataset.length === 0);
  if (empty) {
    throw new TorchwrightError("ERR_EMPTY_DATASET", `inspect: expected at least one row, got none in ${empty.name}`);
  }
  return splits;
}

const REMEDY = "make one of rows with TextDataset.from";

function partsOf(data: unknown): [string, unknown][] {
  if (typeof data === "object" && data !== null && !(Symbol.iterator in data) && !(Symbol.asyncIterator in data)) {
    return Object.entries(data);
  }
  throw invalid(`a dataset, or datasets by the names of their splits, got ${describe(data)}; ${REMEDY}`);
}

function isInspectable(value: unknown): value is Inspectable {
  const { length, get, describeRow } = Object(value) as Partial<Inspectable>;
  return (
    Number.isSafeInteger(length) &&
    (length as number) >= 0 &&
    typeof get === "function" &&
    typeof describeRow === "function"
  );
}

function isText(text: unknown): text is TextInput {
  if (typeof text === "string") return true;
  return Array.isArray(text) && text.length === 2 && text.every((part) => typeof part === "string");
}

function invalid(what: string): TorchwrightError {
  return new TorchwrightError("ERR_INVALID_ARG", `inspect: expected ${what}`);
}
