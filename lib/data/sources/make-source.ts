/** Makes a source of a function that reads one pass: the only implementation of `RowSource`. */
import { TorchwrightError } from "../../errors";
import { BadRows } from "./bad-rows";
import type { InputReader, InputPart } from "./input-reader";
import type { RowSource, SourceRow } from "./source-row";
import type { CheckedOptions } from "./source-options";

/** Reads the rows of one file or stream. */
export type ReadPart<Row> = (part: InputPart, bad: BadRows) => AsyncGenerator<SourceRow<Row>[], void, void>;

/** A source over all parts of an input, in order. */
export function makeSource<Row>(
  operation: string,
  input: InputReader,
  options: CheckedOptions,
  read: ReadPart<Row>,
): RowSource<Row> {
  let started = false;
  let latest = new BadRows(options.onBadRow);

  async function* chunks(): AsyncGenerator<SourceRow<Row>[], void, void> {
    if (started && !input.restartable) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `${operation}: expected a source that can be read again, got a stream, which gives its rows once; pass a file, or a new stream for each pass`,
      );
    }
    started = true;
    const bad = new BadRows(options.onBadRow);
    latest = bad;
    options.signal?.throwIfAborted();
    for await (const part of input.parts(options.signal)) {
      for await (const rows of read(part, bad)) {
        if (rows.length > 0) yield rows;
        options.signal?.throwIfAborted();
      }
    }
  }

  return {
    restartable: input.restartable,
    get skipped() {
      return latest.skipped;
    },
    chunks,
    async *[Symbol.asyncIterator]() {
      for await (const rows of chunks()) yield* rows;
    },
  };
}
