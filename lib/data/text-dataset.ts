/** Labelled or unlabelled text in memory: read, split, de-duplicated; never changed in place. */
import { describe, TorchwrightError } from "../errors";
import type { Tokenizer } from "../text/tokenizer";
import { Dataset } from "./dataset";
import { exactKey } from "./duplicates/exact-key";
import { nearDuplicateGroups, type NearDuplicateOptions } from "./duplicates/near-duplicates";
import { type CacheOptions, EncodingCache } from "./encoding-cache";
import type { Example, ExampleInput } from "./example";
import { labelMap } from "./labels";
import { MapDataset } from "./map-dataset";
import { checkProblemType, looksLikeFloats, namesIn, type ProblemType } from "./problem-type";
import { emptyDataset } from "./row-errors";
import { csvSource, type CsvSourceOptions } from "./sources/csv-source";
import { folderSource, type FolderSourceOptions } from "./sources/folder-source";
import { jsonLinesSource, type JsonLinesSourceOptions } from "./sources/json-lines-source";
import { jsonSource, type JsonSourceOptions } from "./sources/json-source";
import { parquetSource, type ParquetSourceOptions } from "./sources/parquet-source";
import type { BadRowPolicy } from "./sources/source-options";
import { describePlace, type Fields, type Place, type RowSource } from "./sources/source-row";
import type { SourceInput } from "./sources/source-input";
import type { SplitBy } from "./split";
import type { Parts } from "./split-parts";
import { checkColumns, type ColumnOptions, readColumns, type TextRows } from "./text-columns";
import { RowReader } from "./text-row";

/** How a file of rows is read: which columns, and the format's own options. */
export type TextSourceOptions<Options> = ColumnOptions & Omit<Options, "columns">;

/** What labels are, and which there may be. */
export interface TextDatasetOptions {
  /** What the labels are, where they do not show it: numbers are names of classes unless this says `"regression"`. */
  readonly problemType?: ProblemType;
  /**
   * Class names by class id, for data that is not trained on: those of the training data. Default: made from the rows.
   */
  readonly labels?: readonly string[];
}

/** How large the parts are, and what must stay together. */
export interface SplitOptions extends Omit<SplitBy<Example>, "stratify"> {
  /** Gives every class its share of each part; `true` takes the label for the class. Default: false. */
  readonly stratify?: boolean | ((row: Example, index: number) => string) | undefined;
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
export class TextDataset extends MapDataset<Example> {
  /** Whether the rows have labels: all do, or none does. */
  readonly labelled: boolean;
  /** What the labels are; undefined without labels. */
  readonly problemType: ProblemType | undefined;
  /** Set for a test part, whose class ids are the training part's. */
  readonly #fixedLabels: readonly string[] | undefined;
  /** Encodings on disk, where `cache` made them: loaders read them in place of tokenizing. */
  #encodings: EncodingCache | undefined;
  #labels: readonly string[] | undefined;

  private constructor(
    examples: readonly Example[],
    places: readonly Place[],
    problemType: ProblemType | undefined,
    fixedLabels?: readonly string[],
    skipped = 0,
  ) {
    super("TextDataset", examples, places, skipped);
    this.labelled = problemType !== undefined;
    this.problemType = problemType;
    this.#fixedLabels = fixedLabels;
  }

  /**
   * A dataset of rows in memory: texts, or `{ text, pair?, label? }`. The first row's label says what labels are:
   * a name (single-label), an array of names (multi-label), or an object of probabilities by name (soft-label).
   * Throws ERR_INVALID_ARG naming a bad row, ERR_EMPTY_DATASET.
   */
  static from(rows: Iterable<ExampleInput>, options: TextDatasetOptions = {}): TextDataset {
    const iterable: unknown = rows;
    if (typeof iterable !== "object" || iterable === null || !(Symbol.iterator in iterable)) {
      throw invalid(`TextDataset.from: expected an array of rows, got ${describe(rows)}`);
    }
    const reader = new RowReader(checkProblemType("TextDataset.from", options.problemType));
    const source = rows instanceof MapDataset ? (rows as MapDataset<ExampleInput>) : undefined;
    const examples: Example[] = [];
    const places: Place[] = [];
    for (const row of rows) {
      const index = examples.length;
      const place = source?.placeOf(index) ?? { row: index };
      const where = describePlace(place);
      examples.push(reader.read(row, where, (what) => invalid(`TextDataset.from: ${what} (${where})`)));
      places.push(place);
    }
    return TextDataset.#make("TextDataset.from", "", examples, places, reader, options.labels);
  }

  /**
   * The rows of a dataset of any kind of row, of which `text`, `pair` and `label` name the fields.
   * Throws ERR_COLUMN_MISSING, ERR_BAD_ROW naming the row, ERR_INVALID_ARG.
   */
  static fromRows(rows: Dataset<Fields>, options: ColumnOptions): TextDataset {
    const operation = "TextDataset.fromRows";
    checkColumns(operation, options);
    if (!(rows instanceof Dataset)) throw invalid(`${operation}: expected a Dataset, got ${describe(rows)}`);
    return TextDataset.#columns(operation, "the rows", options, readColumns(operation, rows.entries(), options));
  }

  /**
   * Reads CSV with a header line; `text`, `pair` and `label` name its columns. From a file, several, a glob, or a
   * stream; gzip and zstd are recognised. `delimiter: "\t"` reads tab-separated files.
   *
   * Throws ERR_FILE_NOT_FOUND, ERR_FILE_READ, ERR_COLUMN_MISSING listing the columns there are, ERR_BAD_ROW naming
   * file and line, ERR_EMPTY_DATASET, ERR_INVALID_ARG.
   */
  static async fromCsv(input: SourceInput, options: TextSourceOptions<CsvSourceOptions>): Promise<TextDataset> {
    return TextDataset.#read("TextDataset.fromCsv", input, options, csvSource);
  }

  /** Reads JSON Lines, one object per line; `text`, `pair` and `label` name its keys. Errors as for `fromCsv`. */
  static async fromJsonLines(
    input: SourceInput,
    options: TextSourceOptions<JsonLinesSourceOptions>,
  ): Promise<TextDataset> {
    return TextDataset.#read("TextDataset.fromJsonLines", input, options, jsonLinesSource);
  }

  /** Reads a JSON array of objects; `text`, `pair` and `label` name their keys. Errors as for `fromCsv`. */
  static async fromJson(input: SourceInput, options: TextSourceOptions<JsonSourceOptions>): Promise<TextDataset> {
    return TextDataset.#read("TextDataset.fromJson", input, options, jsonSource);
  }

  /** Reads Parquet; of the file only the columns `text`, `pair` and `label`. Errors as for `fromCsv`. */
  static async fromParquet(input: SourceInput, options: TextSourceOptions<ParquetSourceOptions>): Promise<TextDataset> {
    return TextDataset.#read("TextDataset.fromParquet", input, options, parquetSource);
  }

  /** Reads a folder that has a folder of text files for each class; a file is one text. Errors as for `fromCsv`. */
  static async fromFolder(folder: string, options: FolderSourceOptions = {}): Promise<TextDataset> {
    return TextDataset.#read(
      "TextDataset.fromFolder",
      folder,
      { ...options, text: "text", label: "label" },
      folderSource,
    );
  }

  static async #read<Input, Options>(
    operation: string,
    input: Input,
    options: ColumnOptions & Options & { readonly onBadRow?: BadRowPolicy },
    open: (
      operation: string,
      input: Input,
      options: Options & { readonly columns?: readonly string[] },
    ) => RowSource<Fields>,
  ): Promise<TextDataset> {
    checkColumns(operation, options);
    const columns = [options.text, options.pair, options.label].filter((name) => name !== undefined);
    const source = open(operation, input, { ...options, columns });
    const rows = [];
    for await (const chunk of source.chunks()) for (const row of chunk) rows.push(row);
    const where = typeof input === "string" ? input : "the input";
    const read = readColumns(operation, rows, options, options.onBadRow);
    return TextDataset.#columns(operation, where, options, { ...read, skipped: read.skipped + source.skipped });
  }

  static #columns(
    operation: string,
    where: string,
    options: ColumnOptions,
    { examples, places, reader, skipped }: TextRows,
  ): TextDataset {
    return TextDataset.#make(operation, ` in ${where}`, examples, places, reader, options.labels, skipped);
  }

  static #make(
    operation: string,
    where: string,
    examples: Example[],
    places: Place[],
    reader: RowReader,
    labels: readonly string[] | undefined,
    skipped = 0,
  ): TextDataset {
    if (examples.length === 0) throw emptyDataset(`${operation}: expected at least one row, got none${where}`);
    const { problemType } = reader;
    if (
      problemType === "single-label" &&
      !reader.asked &&
      looksLikeFloats([...new Set(examples.map(({ label }) => label as string))])
    ) {
      throw invalid(
        `${operation}: expected names of classes as labels, got numbers with fractions (${describe(examples[0]?.label)}, …); ` +
          'say { problemType: "regression" } to predict them, or { problemType: "single-label" } if they are names',
      );
    }
    return new TextDataset(examples, places, problemType, labels, skipped);
  }

  /**
   * The label map: class names, sorted (by value where all are integers, else by code point); a name's
   * position is its class id. A test part has the map of its training part. Empty without labels and for regression.
   */
  get labels(): readonly string[] {
    if (this.#fixedLabels) return this.#fixedLabels;
    return (this.#labels ??= Object.freeze(labelMap(this.rows.flatMap(({ label }) => namesIn(label)))));
  }

  /** Without rows whose text (and pair) stood in an earlier row, whatever their label. Do it before a split. */
  dedupe(): TextDataset {
    const seen = new Set<string>();
    const first: number[] = [];
    this.rows.forEach(({ text }, row) => {
      const key = exactKey(text);
      if (!seen.has(key)) first.push(row);
      seen.add(key);
    });
    return this.pick("dedupe", first);
  }

  /**
   * Without rows whose text is nearly that of an earlier row: of each group of near-duplicates the first stays. Do it
   * before a split. Throws ERR_INVALID_ARG.
   */
  async dedupeNear(options: NearDuplicateOptions = {}): Promise<TextDataset> {
    const texts = this.rows.map(({ text }) => (typeof text === "string" ? text : text.join("\n")));
    const dropped = new Set((await nearDuplicateGroups(texts, options)).flatMap((group) => [...group].slice(1)));
    return this.pick(
      "dedupeNear",
      this.numbers().filter((row) => !dropped.has(row)),
    );
  }

  /**
   * The same rows with their encodings on disk: tokenized now unless the folder has a file for just these texts and
   * this tokenizer, and read from there by loaders with this tokenizer and the same `maxLength` and `windows`. Do it
   * last: a dataset that is made of this one (a part, another order) has other rows and is tokenized again.
   *
   * Throws ERR_INVALID_ARG, ERR_FILE_READ, ERR_FILE_WRITE.
   */
  async cache(tokenizer: Tokenizer, options: CacheOptions): Promise<TextDataset> {
    const cached = this.#with(this.rows, this.places, this.#fixedLabels);
    cached.#encodings = await EncodingCache.open(
      this.rows.map(({ text }) => text),
      tokenizer,
      options,
    );
    return cached;
  }

  /** Encodings on disk, where {@link cache} made them. */
  get encodings(): EncodingCache | undefined {
    return this.#encodings;
  }

  /**
   * Parts that share no row: `train`, `test` and, with `validation`, a third. In random order by seed, or by time. The
   * label map is made from the training part only; the others have the same. Stratified, each class has its share of
   * every part and keeps at least one row for training.
   *
   * Throws ERR_INVALID_ARG, and ERR_EMPTY_DATASET when a part would have no row.
   */
  override split<const Options extends SplitOptions>(options: Options): Parts<this, Options> {
    const { stratify, ...rest }: SplitOptions = options ?? {};
    if (typeof stratify === "boolean" && stratify && this.problemType !== "single-label") {
      throw invalid(
        `TextDataset.split: expected labels to stratify by, one class to a row, got ${this.problemType ?? "rows without any"}`,
      );
    }
    const classOf =
      stratify === true ? ({ label }: Example): string => label as string : stratify === false ? undefined : stratify;
    const parts = this.partRows({ ...rest, stratify: classOf });
    const part = (rows: Uint32Array, labels?: readonly string[]): TextDataset =>
      this.#with(
        Array.from(rows, (row) => this.rows[row] as Example),
        Array.from(rows, (row) => this.places[row] as Place),
        labels,
      );
    const train = part(parts.train);
    return {
      train,
      test: part(parts.test, train.labels),
      ...(parts.validation && { validation: part(parts.validation, train.labels) }),
    } as Parts<this, Options>;
  }

  /** The rows of this dataset and then those of the others, whose labels must be of the same kind. */
  override concat(...others: readonly MapDataset<Example>[]): this {
    this.#checkKinds("concat", others);
    return super.concat(...others);
  }

  /** One row of each dataset in turn; where one has ended the others go on. Their labels must be of the same kind. */
  override interleave(...others: readonly MapDataset<Example>[]): this {
    this.#checkKinds("interleave", others);
    return super.interleave(...others);
  }

  #checkKinds(operation: string, others: readonly unknown[]): void {
    for (const other of others) {
      if (other instanceof TextDataset && other.problemType !== this.problemType) {
        throw invalid(
          `TextDataset.${operation}: expected labels of one kind, got ${this.problemType ?? "none"} and ${other.problemType ?? "none"}`,
        );
      }
    }
  }

  #with(examples: readonly Example[], places: readonly Place[], labels: readonly string[] | undefined): TextDataset {
    return new TextDataset(examples, places, this.problemType, labels);
  }

  protected override derive(rows: readonly Example[], places: readonly Place[]): this {
    return this.#with(rows, places, this.#fixedLabels) as this;
  }
}

function invalid(message: string): TorchwrightError {
  return new TorchwrightError("ERR_INVALID_ARG", message);
}
