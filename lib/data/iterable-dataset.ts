/** Rows that come one after another, from files or streams of any size: nothing is held but what a step needs. */
import { describe, TorchwrightError } from "../errors";
import { Dataset } from "./dataset";
import { checkSeed, randomBelow } from "./random";
import { rowError } from "./row-errors";
import { isIterable, isOneShot, numbered, PIECE, type RowsInput } from "./rows-input";
import { csvSource, type CsvSourceOptions } from "./sources/csv-source";
import { folderSource, type FolderSourceOptions } from "./sources/folder-source";
import { jsonLinesSource, type JsonLinesSourceOptions } from "./sources/json-lines-source";
import { jsonSource, type JsonSourceOptions } from "./sources/json-source";
import { parquetSource, type ParquetSourceOptions } from "./sources/parquet-source";
import type { SourceInput } from "./sources/source-input";
import { describePlace, type Fields, type Place, type RowSource, type SourceRow } from "./sources/source-row";

/** Rows in pieces: one `await` per row would cost more than the work on it. */
type Chunks<Row> = AsyncIterable<readonly SourceRow<Row>[]>;

/** How a stream is shuffled. */
export interface BufferedShuffleOptions {
  /** Decides the order together with the epoch's number. Default: 42. */
  readonly seed?: number;
  /** Rows held in memory, of which one is drawn at random for each row that comes. Default: 10,000. */
  readonly buffer?: number;
}

/**
 * A stream of rows for `for await`, and for a `DataLoader`. Immutable and lazy: every method gives a new dataset, and
 * nothing is read before it is iterated. Each pass reads its source again.
 *
 * @example
 * ```ts
 * import { IterableDataset } from "torchwright";
 * const numbers = IterableDataset.from(() => [1, 2, 3, 4]).filter((n) => n % 2 === 0).map((n) => ({ text: `number ${n}` }));
 * for await (const { text } of numbers) console.log(text); // number 2, number 4
 * ```
 */
export class IterableDataset<Row> implements AsyncIterable<Row> {
  readonly #open: (epoch: number) => Chunks<Row>;

  /** `open` gives the rows of a pass; the epoch's number matters to shuffles. */
  constructor(open: (epoch: number) => AsyncIterable<readonly SourceRow<Row>[]>) {
    this.#open = open;
  }

  /**
   * Rows of any iterable, synchronous or not: arrays, generators, a database's cursor, a Node stream of objects.
   * Something that can be iterated only once gives only one pass; a function that makes it gives as many as are wanted.
   *
   * Throws ERR_INVALID_ARG for what is not iterable; iterating throws it for a second pass over what gives only one.
   */
  static from<Row>(rows: RowsInput<Row>): IterableDataset<Row> {
    if (typeof rows !== "function" && !isIterable(rows)) {
      throw invalid("from", "an iterable, or a function that makes one,", rows);
    }
    let passes = 0;
    return new IterableDataset(() => {
      const made: unknown = typeof rows === "function" ? rows() : rows;
      if (!isIterable(made)) throw invalid("from", "the function to give an iterable", made);
      if (isOneShot(made) && typeof rows !== "function" && passes++ > 0) {
        throw invalid(
          "from",
          "something to iterate anew: a function that makes the rows, for more than one pass",
          made,
        );
      }
      return numbered(made as Iterable<Row> | AsyncIterable<Row>);
    });
  }

  /**
   * Streams CSV with a header line as rows of text, from a file, several, a glob, or a stream; gzip and zstd are
   * recognised. Iterating throws ERR_FILE_NOT_FOUND, ERR_FILE_READ, ERR_COLUMN_MISSING, ERR_BAD_ROW naming file and
   * line. Throws ERR_INVALID_ARG.
   */
  static fromCsv(
    input: SourceInput,
    options: CsvSourceOptions = {},
  ): IterableDataset<Readonly<Record<string, string>>> {
    return IterableDataset.of(csvSource("IterableDataset.fromCsv", input, options));
  }

  /** Streams JSON Lines, one object per line. `Row` is taken at its word. Errors as for `fromCsv`. */
  static fromJsonLines<Row = Fields>(input: SourceInput, options: JsonLinesSourceOptions = {}): IterableDataset<Row> {
    return IterableDataset.of(jsonLinesSource("IterableDataset.fromJsonLines", input, options) as RowSource<Row>);
  }

  /** Streams a JSON array of objects. `Row` is taken at its word. Errors as for `fromCsv`. */
  static fromJson<Row = Fields>(input: SourceInput, options: JsonSourceOptions = {}): IterableDataset<Row> {
    return IterableDataset.of(jsonSource("IterableDataset.fromJson", input, options) as RowSource<Row>);
  }

  /** Streams Parquet, one group of rows after another. `Row` is taken at its word. Errors as for `fromCsv`. */
  static fromParquet<Row = Fields>(input: SourceInput, options: ParquetSourceOptions = {}): IterableDataset<Row> {
    return IterableDataset.of(parquetSource("IterableDataset.fromParquet", input, options) as RowSource<Row>);
  }

  /**
   * Streams a folder that has a folder of text files for each class: rows of `text` and `label`. Errors as for
   * `fromCsv`.
   */
  static fromFolder(
    folder: string,
    options: FolderSourceOptions = {},
  ): IterableDataset<{
    /** The file's content. */
    readonly text: string;
    /** The name of the folder that the file lies in. */
    readonly label: string;
  }> {
    return IterableDataset.of(folderSource("IterableDataset.fromFolder", folder, options));
  }

  /** The rows of a source, which is read anew in each pass. */
  static of<Row>(source: RowSource<Row>): IterableDataset<Row> {
    return new IterableDataset(() => source.chunks());
  }

  /** The rows with their places, in pieces, for an epoch. */
  chunks(epoch = 0): AsyncIterable<readonly SourceRow<Row>[]> {
    return this.#open(epoch);
  }

  /** The rows of epoch 0. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Row, void, void> {
    for await (const chunk of this.#open(0)) for (const { row } of chunk) yield row;
  }

  /**
   * Each row as `change` makes it; it may be asynchronous, and rows keep their order. An error of `change`'s names the
   * row.
   */
  map<Other>(change: (row: Row, index: number) => Other | Promise<Other>): IterableDataset<Other> {
    checkFunction("map", change);
    return this.#stage(async function* (chunks) {
      let index = 0;
      for await (const chunk of chunks) {
        const made: SourceRow<Other>[] = [];
        for (const { row, place } of chunk) {
          const at = index++;
          const result = guarded("map", place, () => change(row, at));
          made.push({ row: result instanceof Promise ? await result : result, place });
        }
        yield made;
      }
    });
  }

  /** The rows for which `keep`, which may be asynchronous, says true. An error of `keep`'s names the row. */
  filter(keep: (row: Row, index: number) => boolean | Promise<boolean>): IterableDataset<Row> {
    checkFunction("filter", keep);
    return this.#stage(async function* (chunks) {
      let index = 0;
      for await (const chunk of chunks) {
        const kept: SourceRow<Row>[] = [];
        for (const item of chunk) {
          const at = index++;
          const result = guarded("filter", item.place, () => keep(item.row, at));
          if (result instanceof Promise ? await result : result) kept.push(item);
        }
        if (kept.length > 0) yield kept;
      }
    });
  }

  /** The first `count` rows; no more is read of the source. Throws ERR_INVALID_ARG. */
  take(count: number): IterableDataset<Row> {
    checkCount("take", count);
    return this.#stage(async function* (chunks) {
      let left = count;
      if (left === 0) return;
      for await (const chunk of chunks) {
        yield chunk.slice(0, left);
        left -= Math.min(left, chunk.length);
        if (left === 0) return;
      }
    });
  }

  /** Without the first `count` rows. Throws ERR_INVALID_ARG. */
  skip(count: number): IterableDataset<Row> {
    checkCount("skip", count);
    return this.#stage(async function* (chunks) {
      let left = count;
      for await (const chunk of chunks) {
        if (left < chunk.length) yield chunk.slice(left);
        left = Math.max(0, left - chunk.length);
      }
    });
  }

  /**
   * Rows in an order that is random within a buffer: a row may come as early as it likes, and about `buffer` rows late
   * on average. In another order each epoch. Throws ERR_INVALID_ARG.
   */
  shuffle({ seed = 42, buffer = 10_000 }: BufferedShuffleOptions = {}): IterableDataset<Row> {
    checkSeed("IterableDataset.shuffle", seed);
    if (!Number.isSafeInteger(buffer) || buffer < 1) throw invalid("shuffle", "buffer of at least 1 row", buffer);
    return this.#stage(async function* (chunks, epoch) {
      const below = randomBelow(seed, epoch + 1);
      const held: SourceRow<Row>[] = [];
      for await (const chunk of chunks) {
        const drawn: SourceRow<Row>[] = [];
        for (const item of chunk) {
          if (held.length < buffer) {
            held.push(item);
            continue;
          }
          const at = below(buffer);
          drawn.push(held[at] as SourceRow<Row>);
          held[at] = item;
        }
        if (drawn.length > 0) yield drawn;
      }
      for (let i = held.length - 1; i > 0; i--) {
        const j = below(i + 1);
        [held[i], held[j]] = [held[j] as SourceRow<Row>, held[i] as SourceRow<Row>];
      }
      for (let start = 0; start < held.length; start += PIECE) yield held.slice(start, start + PIECE);
    });
  }

  /** The rows of this dataset and then those of the others. */
  concat(...others: readonly IterableDataset<Row>[]): IterableDataset<Row> {
    const parts = this.#with("concat", others);
    return new IterableDataset(async function* (epoch) {
      for (const part of parts) yield* part.chunks(epoch);
    });
  }

  /** One row of each dataset in turn; where one has ended the others go on, so that no row is lost. */
  interleave(...others: readonly IterableDataset<Row>[]): IterableDataset<Row> {
    const parts = this.#with("interleave", others);
    return new IterableDataset(async function* (epoch) {
      let open = parts.map((part) => rowsOf(part.chunks(epoch)));
      try {
        while (open.length > 0) {
          const round = await Promise.all(open.map((rows) => rows.next()));
          open = open.filter((_, i) => round[i]?.done !== true);
          const rows = round.flatMap((next) => (next.done === true ? [] : [next.value]));
          if (rows.length > 0) yield rows;
        }
      } finally {
        await Promise.all(open.map((rows) => rows.return()));
      }
    });
  }

  /** All rows, read into memory. Throws ERR_EMPTY_DATASET, and what the source throws. */
  async collect(): Promise<Dataset<Row>> {
    const rows: SourceRow<Row>[] = [];
    for await (const chunk of this.#open(0)) for (const row of chunk) rows.push(row);
    return Dataset.of(rows);
  }

  #stage<Other>(
    change: (chunks: Chunks<Row>, epoch: number) => AsyncGenerator<readonly SourceRow<Other>[], void, void>,
  ): IterableDataset<Other> {
    return new IterableDataset((epoch) => change(this.#open(epoch), epoch));
  }

  #with(operation: string, others: readonly IterableDataset<Row>[]): readonly IterableDataset<Row>[] {
    for (const other of others) {
      if (!(other instanceof IterableDataset)) throw invalid(operation, "an IterableDataset", other);
    }
    return [this, ...others];
  }
}

async function* rowsOf<Row>(chunks: Chunks<Row>): AsyncGenerator<SourceRow<Row>, void, void> {
  for await (const chunk of chunks) yield* chunk;
}

/** Calls a function of the user's, without a turn of the queue where it is synchronous. */
function guarded<T>(operation: string, place: Place, call: () => T | Promise<T>): T | Promise<T> {
  const failed = (error: unknown): never => {
    throw rowError(`IterableDataset.${operation}`, describePlace(place), error);
  };
  try {
    const result = call();
    return result instanceof Promise ? result.catch(failed) : result;
  } catch (error) {
    return failed(error);
  }
}

function checkFunction(operation: string, given: unknown): void {
  if (typeof given !== "function") throw invalid(operation, "a function", given);
}

function checkCount(operation: string, count: unknown): void {
  if (!Number.isSafeInteger(count) || (count as number) < 0) throw invalid(operation, "a number of rows from 0", count);
}

function invalid(operation: string, expected: string, got: unknown): TorchwrightError {
  return new TorchwrightError(
    "ERR_INVALID_ARG",
    `IterableDataset.${operation}: expected ${expected}, got ${describe(got)}`,
  );
}
