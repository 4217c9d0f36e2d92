/**
 * What every dataset in memory can do with its rows: choose, order, join. Immutable: each method gives a new dataset.
 */
import { describe, TorchwrightError } from "../errors";
import { datasetReading } from "./describe-dataset";
import { type InspectOptionsGiven, readingAt } from "./inspect/prints-as";
import { emptyDataset, rowError } from "./row-errors";
import { checkSeed, randomBelow, shuffle } from "./random";
import { describePlace, type Place } from "./sources/source-row";
import { partRows, type PartRows, type Parts } from "./split-parts";
import type { SplitBy } from "./split";

/** How rows are shuffled. */
export interface ShuffleOptions {
  /** Default: 42. The same seed gives the same order on every machine. */
  readonly seed?: number;
}

/** Streams of random numbers of one seed: epochs have 1, 2, …, splits 0, and a shuffle must repeat neither. */
const SHUFFLE_STREAM = 2 ** 52;

/** Rows in memory, at least one, that can be read by number; `Dataset` and `TextDataset` are the kinds of it. */
export abstract class MapDataset<Row> implements Iterable<Row> {
  /** Number of rows. */
  readonly length: number;

  /** Throws ERR_EMPTY_DATASET. */
  protected constructor(
    /** Name of the class, for messages. */
    protected readonly kind: string,
    /** The rows, in order. */
    protected readonly rows: readonly Row[],
    /** Where each row was read, for messages. */
    protected readonly places: readonly Place[],
    /** Bad rows that were left out when a file was read under `onBadRow: "skip"`. */
    readonly skipped = 0,
  ) {
    this.length = rows.length;
  }

  /** A dataset of the same kind with other rows. */
  protected abstract derive(rows: readonly Row[], places: readonly Place[]): this;

  /** One row; throws ERR_INVALID_ARG when there is no such row. */
  get(row: number): Row {
    if (!Number.isInteger(row) || row < 0 || row >= this.length) {
      throw this.invalid("get", `a row from 0 to ${this.length - 1}`, row);
    }
    return this.rows[row] as Row;
  }

  /** Where a row came from, for what reads the rows on. */
  placeOf(row: number): Place | undefined {
    return this.places[row];
  }

  /** Where a row came from: `tickets.csv, line 17` or `row 16`. */
  describeRow(row: number): string {
    return describePlace(this.places[row] ?? { row });
  }

  /** The rows in order. */
  [Symbol.iterator](): Iterator<Row> {
    return this.rows[Symbol.iterator]();
  }

  /** For `console.log`, which would print all rows: how many there are, and the first ones. */
  [Symbol.for("nodejs.util.inspect.custom")](depth?: number | null, options?: InspectOptionsGiven): string {
    return readingAt(datasetReading(this), depth, options);
  }

  /** The rows of these numbers, in their order; a number may come again. Throws ERR_INVALID_ARG, ERR_EMPTY_DATASET. */
  select(rows: Iterable<number>): this {
    if (typeof rows !== "object" || rows === null || !(Symbol.iterator in rows)) {
      throw this.invalid("select", "row numbers", rows);
    }
    const chosen = [...rows];
    for (const row of chosen) {
      if (!Number.isInteger(row) || row < 0 || row >= this.length) {
        throw this.invalid("select", `rows from 0 to ${this.length - 1}`, row);
      }
    }
    return this.pick("select", chosen);
  }

  /**
   * The rows for which `keep` says true. Throws ERR_EMPTY_DATASET where it keeps none; an error of `keep`'s names the
   * row.
   */
  filter(keep: (row: Row, index: number) => boolean): this {
    if (typeof keep !== "function") throw this.invalid("filter", "a function", keep);
    const chosen: number[] = [];
    this.rows.forEach((row, index) => {
      if (this.guarded("filter", index, () => keep(row, index))) chosen.push(index);
    });
    return this.pick("filter", chosen);
  }

  /** All rows in a random order, decided by the seed alone. Throws ERR_INVALID_ARG. */
  shuffle({ seed = 42 }: ShuffleOptions = {}): this {
    checkSeed(`${this.kind}.shuffle`, seed);
    return this.pick("shuffle", shuffle(this.numbers(), randomBelow(seed, SHUFFLE_STREAM)));
  }

  /** The first `count` rows, or all where there are fewer. Throws ERR_INVALID_ARG. */
  take(count: number): this {
    if (!Number.isSafeInteger(count) || count < 1) throw this.invalid("take", "a number of rows of at least 1", count);
    return this.pick("take", this.numbers().subarray(0, count));
  }

  /** Without the first `count` rows. Throws ERR_INVALID_ARG, and ERR_EMPTY_DATASET where none is left. */
  skip(count: number): this {
    if (!Number.isSafeInteger(count) || count < 0) throw this.invalid("skip", "a number of rows from 0", count);
    return this.pick("skip", this.numbers().subarray(count));
  }

  /** The rows of this dataset and then those of the others. */
  concat(...others: readonly MapDataset<Row>[]): this {
    const parts = this.#parts("concat", others);
    return this.derive(
      parts.flatMap(({ rows }) => rows),
      parts.flatMap(({ places }) => places),
    );
  }

  /** One row of each dataset in turn; where one has ended the others go on, so that no row is lost. */
  interleave(...others: readonly MapDataset<Row>[]): this {
    const parts = this.#parts("interleave", others);
    const rows: Row[] = [];
    const places: Place[] = [];
    const longest = Math.max(...parts.map(({ length }) => length));
    for (let i = 0; i < longest; i++) {
      for (const part of parts) {
        if (i >= part.length) continue;
        rows.push(part.rows[i] as Row);
        places.push(part.places[i] as Place);
      }
    }
    return this.derive(rows, places);
  }

  /**
   * Parts that share no row: `train`, `test` and, with `validation`, a third. In random order by seed, or by time.
   * Throws ERR_INVALID_ARG, and ERR_EMPTY_DATASET when a part would have no row.
   */
  split<const Options extends SplitBy<Row>>(options: Options): Parts<this, Options> {
    const { train, validation, test } = this.partRows(options);
    return {
      train: this.pick("split", train),
      test: this.pick("split", test),
      ...(validation && { validation: this.pick("split", validation) }),
    } as Parts<this, Options>;
  }

  /** Row numbers of the parts that `split` makes. */
  protected partRows(options: SplitBy<Row>): PartRows {
    const call = <T>(index: number, work: () => T): T => this.guarded("split", index, work);
    return partRows({ operation: `${this.kind}.split`, rows: this.rows, call }, options);
  }

  #parts(operation: string, others: readonly MapDataset<Row>[]): readonly MapDataset<Row>[] {
    for (const other of others) {
      if (!(other instanceof MapDataset) || other.kind !== this.kind) {
        throw this.invalid(operation, `a ${this.kind}`, other);
      }
    }
    return [this, ...others];
  }

  /** The numbers of all rows, in order. */
  protected numbers(): Uint32Array {
    return Uint32Array.from({ length: this.length }, (_, row) => row);
  }

  /** The rows of these numbers, which exist; throws ERR_EMPTY_DATASET for none. */
  protected pick(operation: string, numbers: ArrayLike<number>): this {
    if (numbers.length === 0) throw emptyDataset(`${this.kind}.${operation}: expected at least one row, got none`);
    return this.derive(
      Array.from(numbers, (row) => this.rows[row] as Row),
      Array.from(numbers, (row) => this.places[row] as Place),
    );
  }

  /** Calls a function of the user's; what it throws gets the row's place. */
  protected guarded<T>(operation: string, row: number, call: () => T): T {
    try {
      return call();
    } catch (error) {
      throw rowError(`${this.kind}.${operation}`, this.describeRow(row), error);
    }
  }

  /** The error for a wrong argument of an operation. */
  protected invalid(operation: string, expected: string, got: unknown): TorchwrightError {
    return new TorchwrightError(
      "ERR_INVALID_ARG",
      `${this.kind}.${operation}: expected ${expected}, got ${describe(got)}`,
    );
  }
}
