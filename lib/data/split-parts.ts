/** Checks what a dataset's `split` was asked for and finds the row numbers of each part. */
import { describe, TorchwrightError } from "../errors";
import { checkSeed } from "./random";
import { emptyDataset } from "./row-errors";
import { splitBy, type SplitBy } from "./split";

/** Row numbers of each part. */
export interface PartRows {
  readonly train: Uint32Array;
  readonly validation?: Uint32Array;
  readonly test: Uint32Array;
}

/** The parts of a split: with `validation` only where it was asked for. */
export type Parts<Dataset, Options> = {
  /** What is learned from. */
  readonly train: Dataset;
  /** What is held out to the end. */
  readonly test: Dataset;
} & (Options extends {
  /** What is held out to choose by. */
  readonly validation: number;
}
  ? {
      /** What is held out to choose by. */
      readonly validation: Dataset;
    }
  : unknown);

/** What a split asks of a dataset. `call` runs a function of the user's for a row. */
export interface Partable<Row> {
  readonly operation: string;
  readonly rows: readonly Row[];
  readonly call: <T>(index: number, work: () => T) => T;
}

/** The parts' rows; throws ERR_INVALID_ARG, ERR_EMPTY_DATASET. */
export function partRows<Row>({ operation, rows, call }: Partable<Row>, options: SplitBy<Row>): PartRows {
  const { test, validation, stratify, groupBy, byTime, seed = 42 } = options ?? {};
  const invalid = (expected: string, got: unknown): TorchwrightError =>
    new TorchwrightError("ERR_INVALID_ARG", `${operation}: expected ${expected}, got ${describe(got)}`);
  checkSeed(operation, seed);
  for (const [name, given] of Object.entries({ stratify, groupBy, byTime })) {
    if (given !== undefined && typeof given !== "function") throw invalid(`${name} to be a function of a row`, given);
  }
  if (byTime && (stratify || groupBy)) {
    throw invalid("byTime alone, because time leaves no choice", "stratify or groupBy with it");
  }
  const wanted = (name: string, share: unknown): number => {
    const count = typeof share === "number" && share < 1 ? Math.ceil(share * rows.length) : share;
    if (Number.isSafeInteger(count) && (count as number) >= 1) return count as number;
    throw invalid(`${name} to be a share from 0 to 1 or a number of rows`, share);
  };
  const counts = {
    test: wanted("test", test),
    validation: validation === undefined ? 0 : wanted("validation", validation),
  };
  if (counts.test + counts.validation >= rows.length) {
    const held =
      counts.validation > 0
        ? `${counts.test} for the test part and ${counts.validation} for validation`
        : `${counts.test} for the test part`;
    throw emptyDataset(`${operation}: expected a row for each part, got ${rows.length} with ${held}`);
  }
  const each = <T>(pick: ((row: Row, index: number) => T) | undefined): T[] | undefined =>
    pick && rows.map((row, index) => call(index, () => pick(row, index)));
  const keys = {
    classes: each(stratify),
    groups: each(groupBy),
    times: byTime && each((row, index) => toTime(byTime(row, index), index, invalid)),
  };

  const first = splitBy({ rows: rows.length, ...keys }, counts.test, seed, "test");
  checkPart(operation, first.test, keys, "test");
  if (counts.validation === 0) return checkPart(operation, first.train, keys, "train") && first;
  const rest = first.train;
  const among = <T>(values: readonly T[] | undefined): T[] | undefined =>
    values && Array.from(rest, (row) => values[row] as T);
  const second = splitBy(
    { rows: rest.length, classes: among(keys.classes), groups: among(keys.groups), times: among(keys.times) },
    Math.min(counts.validation, rest.length - 1),
    seed,
    "validation",
  );
  const parts = {
    train: second.train.map((at) => rest[at] as number),
    validation: second.test.map((at) => rest[at] as number),
    test: first.test,
  };
  checkPart(operation, parts.validation, keys, "validation");
  checkPart(operation, parts.train, keys, "train");
  return parts;
}

function toTime(value: unknown, index: number, invalid: (expected: string, got: unknown) => TorchwrightError): number {
  const time = value instanceof Date ? value.getTime() : typeof value === "string" ? Date.parse(value) : value;
  if (typeof time === "number" && !Number.isNaN(time)) return time;
  throw invalid(`byTime to give a date, a number or an ISO 8601 text (row ${index})`, value);
}

function checkPart(
  operation: string,
  part: Uint32Array,
  keys: { readonly classes?: unknown; readonly groups?: unknown; readonly times?: unknown },
  name: string,
): true {
  if (part.length > 0) return true;
  const why = keys.times
    ? "rows of different times, as rows of one time stay together"
    : keys.groups
      ? "more groups, as a group stays together"
      : "a class with two rows or more to stratify by";
  throw emptyDataset(`${operation}: expected ${why}, got none for the ${name} part`);
}
