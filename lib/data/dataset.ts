/** Rows of any kind in memory: read, changed, joined, split. */
import { describe, TorchwrightError } from "../errors";
import { MapDataset } from "./map-dataset";
import { emptyDataset } from "./row-errors";
import { csvSource, type CsvSourceOptions } from "./sources/csv-source";
import { folderSource, type FolderSourceOptions } from "./sources/folder-source";
import { jsonLinesSource, type JsonLinesSourceOptions } from "./sources/json-lines-source";
import { jsonSource, type JsonSourceOptions } from "./sources/json-source";
import { parquetSource, type ParquetSourceOptions } from "./sources/parquet-source";
import type { SourceInput } from "./sources/source-input";
import type { Fields, Place, RowSource, SourceRow } from "./sources/source-row";

/**
 * Typed rows in memory, at least one. Immutable: every method returns a new dataset.
 *
 * @example
 * ```ts
 * import { Dataset, TextDataset } from "torchwright";
 * const tickets = Dataset.from([
 *   { subject: "printer", body: "it is on fire", queue: "hardware", customer: 1 },
 *   { subject: "login", body: "I forgot my password", queue: "accounts", customer: 2 },
 *   { subject: "login", body: "it is locked", queue: "accounts", customer: 3 },
 * ]);
 * const parts = tickets.split({ test: 1, groupBy: ({ customer }) => customer });
 * const train = TextDataset.from(parts.train.map(({ subject, body, queue }) => ({ text: [subject, body], label: queue })));
 * ```
 */
export class Dataset<Row> extends MapDataset<Row> {
  private constructor(rows: readonly Row[], places: readonly Place[], skipped = 0) {
    super("Dataset", rows, places, skipped);
  }

  /** A dataset of the rows of an array or another iterable. Throws ERR_INVALID_ARG, ERR_EMPTY_DATASET. */
  static from<Row>(rows: Iterable<Row>): Dataset<Row> {
    const iterable: unknown = rows;
    if (typeof iterable !== "object" || iterable === null || !(Symbol.iterator in iterable)) {
      throw new TorchwrightError("ERR_INVALID_ARG", `Dataset.from: expected an array of rows, got ${describe(rows)}`);
    }
    const all = [...rows];
    if (all.length === 0) throw emptyDataset("Dataset.from: expected at least one row, got none");
    return new Dataset(
      all,
      all.map((_, row) => ({ row })),
    );
  }

  /**
   * Reads CSV with a header line into rows of text, from a file, several, a glob, or a stream; gzip and zstd are
   * recognised. Throws ERR_FILE_NOT_FOUND, ERR_FILE_READ, ERR_COLUMN_MISSING, ERR_BAD_ROW naming file and line,
   * ERR_EMPTY_DATASET, ERR_INVALID_ARG.
   */
  static fromCsv(
    input: SourceInput,
    options: CsvSourceOptions = {},
  ): Promise<Dataset<Readonly<Record<string, string>>>> {
    return Dataset.read("Dataset.fromCsv", csvSource("Dataset.fromCsv", input, options));
  }

  /** Reads JSON Lines, one object per line. `Row` is taken at its word. Errors as for `fromCsv`. */
  static fromJsonLines<Row = Fields>(input: SourceInput, options: JsonLinesSourceOptions = {}): Promise<Dataset<Row>> {
    return Dataset.read(
      "Dataset.fromJsonLines",
      jsonLinesSource("Dataset.fromJsonLines", input, options) as RowSource<Row>,
    );
  }

  /** Reads a JSON array of objects. `Row` is taken at its word. Errors as for `fromCsv`. */
  static fromJson<Row = Fields>(input: SourceInput, options: JsonSourceOptions = {}): Promise<Dataset<Row>> {
    return Dataset.read("Dataset.fromJson", jsonSource("Dataset.fromJson", input, options) as RowSource<Row>);
  }

  /** Reads Parquet. `Row` is taken at its word. Errors as for `fromCsv`. */
  static fromParquet<Row = Fields>(input: SourceInput, options: ParquetSourceOptions = {}): Promise<Dataset<Row>> {
    return Dataset.read("Dataset.fromParquet", parquetSource("Dataset.fromParquet", input, options) as RowSource<Row>);
  }

  /**
   * Reads a folder that has a folder of text files for each class: rows of `text` and `label`. Errors as for `fromCsv`.
   */
  static fromFolder(
    folder: string,
    options: FolderSourceOptions = {},
  ): Promise<
    Dataset<{
      /** The file's content. */
      readonly text: string;
      /** The name of the folder that the file lies in. */
      readonly label: string;
    }>
  > {
    return Dataset.read("Dataset.fromFolder", folderSource("Dataset.fromFolder", folder, options));
  }

  /** Every row of a source. Throws ERR_EMPTY_DATASET, and what the source throws. */
  static async read<Row>(operation: string, source: RowSource<Row>): Promise<Dataset<Row>> {
    const rows: SourceRow<Row>[] = [];
    for await (const chunk of source.chunks()) for (const row of chunk) rows.push(row);
    if (rows.length === 0) throw emptyDataset(`${operation}: expected at least one row, got none`);
    return new Dataset(
      rows.map(({ row }) => row),
      rows.map(({ place }) => place),
      source.skipped,
    );
  }

  /** A dataset of rows with the places that they came from. Throws ERR_EMPTY_DATASET. */
  static of<Row>(rows: readonly SourceRow<Row>[]): Dataset<Row> {
    if (rows.length === 0) throw emptyDataset("Dataset: expected at least one row, got none");
    return new Dataset(
      rows.map(({ row }) => row),
      rows.map(({ place }) => place),
    );
  }

  /** Each row as `change` makes it. An error of `change`'s names the row. Throws ERR_INVALID_ARG. */
  map<Other>(change: (row: Row, index: number) => Other): Dataset<Other> {
    if (typeof change !== "function") throw this.invalid("map", "a function", change);
    return new Dataset(
      this.rows.map((row, index) => this.guarded("map", index, () => change(row, index))),
      this.places,
    );
  }

  /** Without rows whose key came before; by default the key is the row itself, as JSON writes it. */
  dedupe(key: (row: Row) => unknown = (row) => JSON.stringify(row)): Dataset<Row> {
    if (typeof key !== "function") throw this.invalid("dedupe", "a function from a row to its key", key);
    const seen = new Set<unknown>();
    const first: number[] = [];
    this.rows.forEach((row, index) => {
      const own = this.guarded("dedupe", index, () => key(row));
      if (!seen.has(own)) first.push(index);
      seen.add(own);
    });
    return this.pick("dedupe", first);
  }

  /** Rows with their places, for what reads them on. */
  *entries(): IterableIterator<SourceRow<Row>> {
    for (let index = 0; index < this.length; index++) {
      yield { row: this.rows[index] as Row, place: this.places[index] as Place };
    }
  }

  protected override derive(rows: readonly Row[], places: readonly Place[]): this {
    return new Dataset(rows, places) as this;
  }
}
