/** Iterables of rows, of every kind, as numbered rows in pieces. */
import type { SourceRow } from "./sources/source-row";

/** What rows can be taken from; a function is called anew for every pass. */
export type RowsInput<Row> = Iterable<Row> | AsyncIterable<Row> | (() => Iterable<Row> | AsyncIterable<Row>);

/** Rows in a piece. */
export const PIECE = 256;

/**
 * Rows with running numbers. A synchronous iterable's come in pieces; of an asynchronous one each as soon as it is
 * there.
 */
export async function* numbered<Row>(
  rows: Iterable<Row> | AsyncIterable<Row>,
): AsyncGenerator<SourceRow<Row>[], void, void> {
  let row = 0;
  if (Symbol.asyncIterator in rows) {
    for await (const item of rows) yield [{ row: item, place: { row: row++ } }];
    return;
  }
  let piece: SourceRow<Row>[] = [];
  for (const item of rows) {
    piece.push({ row: item, place: { row: row++ } });
    if (piece.length < PIECE) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}

export function isIterable(value: unknown): boolean {
  if (typeof value === "string" || typeof value !== "object" || value === null) return false;
  return Symbol.iterator in value || Symbol.asyncIterator in value;
}

/** Whether an iterable is its own iterator, so that a second pass would find it at its end. */
export function isOneShot(value: unknown): boolean {
  return (
    typeof (value as { next?: unknown }).next === "function" || typeof (value as { pipe?: unknown }).pipe === "function"
  );
}
