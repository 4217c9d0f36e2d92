/** What every reader gives: rows with the places that they came from, in chunks. */

/** A row by the names of its columns. */
export type Fields = Readonly<Record<string, unknown>>;

/** Where a row came from. */
export interface Place {
  /** Path as it was given, or as a glob found it; absent for streams. */
  readonly file?: string;
  /** 1-based line on which the row begins, in text formats. */
  readonly line?: number;
  /** 0-based number of the row in its file or stream, rows that were skipped included. */
  readonly row: number;
}

/** A row and its place. */
export interface SourceRow<Row = Fields> {
  /** What was read. */
  readonly row: Row;
  /** Where it stands, for messages. */
  readonly place: Place;
}

/**
 * Rows of files or streams. Nothing is opened before a pass begins, and nothing stays open when it ends, early or with
 * an error.
 */
export interface RowSource<Row = Fields> extends AsyncIterable<SourceRow<Row>> {
  /** Whether it can be read again: files can; a stream gives one pass, and a second throws ERR_INVALID_ARG. */
  readonly restartable: boolean;
  /** Bad rows that the latest pass skipped. */
  readonly skipped: number;
  /** The rows of a pass in arrays of some hundred kilobytes: one `await` per row would cost more than reading it. */
  chunks(): AsyncGenerator<SourceRow<Row>[], void, void>;
}

/** A place in words: `tickets.csv, line 17`, `data.parquet, row 16`, or `row 16`. */
export function describePlace({ file, line, row }: Place): string {
  const where = line === undefined ? `row ${row}` : `line ${line}`;
  return file === undefined ? where : `${file}, ${where}`;
}

/** A place in text. Written out, because spreading an object costs as much as parsing its row. */
export function linePlace(file: string | undefined, line: number, row: number): Place {
  return file === undefined ? { line, row } : { file, line, row };
}
