/** Batches in parts, where a whole one does not fit into memory: their gradients add up to its own. */
import { TorchwrightError } from "../errors";
import { emptyCache } from "../tensor/memory";
import type { BatchRows } from "./pool-windows";

/** Cuts batches into parts, more of them each time that memory runs out. */
export class MicroBatches {
  readonly #enabled: boolean;
  #parts = 1;

  /** @param enabled whether memory that runs out is a reason to cut */
  constructor(enabled: boolean) {
    this.#enabled = enabled;
  }

  /** Into how many parts batches are cut, as far as they have rows. */
  get parts(): number {
    return this.#parts;
  }

  /**
   * The batch, or its parts as views in the caller's scope, which are not to be disposed before it. Windows of a
   * document stay together.
   */
  cut(batch: BatchRows): readonly BatchRows[] {
    return this.#parts === 1 ? [batch] : cutBatch(batch, this.#parts);
  }

  /** Whether a failed batch is to be tried again in parts half as large: memory ran out, and it has rows to part. */
  halves(error: unknown, batch: BatchRows): boolean {
    const outOfMemory = error instanceof TorchwrightError && error.code === "ERR_OUT_OF_MEMORY";
    if (!this.#enabled || !outOfMemory || this.#parts >= boundariesOf(batch).length - 1) return false;
    this.#parts *= 2;
    emptyCache(); // blocks that fit whole batches are of no use now
    return true;
  }
}

/** Where a batch may be cut: in front of every row, or of every document's first window, and at its end. */
function boundariesOf({ documents, size }: BatchRows): readonly number[] {
  const rows = Array.from({ length: size }, (_, row) => row);
  return [...rows.filter((row) => row === 0 || !documents || documents[row] !== documents[row - 1]), size];
}

/** Parts with as nearly as possible the same number of rows or documents. */
function cutBatch(batch: BatchRows, parts: number): BatchRows[] {
  const boundaries = boundariesOf(batch);
  const units = boundaries.length - 1;
  const count = Math.min(parts, units);
  const edge = (part: number): number => boundaries[Math.floor((part * units) / count)] as number;
  return Array.from({ length: count }, (_, part) => rowsOf(batch, edge(part), edge(part + 1)));
}

function rowsOf(batch: BatchRows, start: number, stop: number): BatchRows {
  const { inputIds, attentionMask, tokenTypeIds, labels, labelNames, problemType, documents, indices } = batch;
  const size = stop - start;
  const own = documents?.subarray(start, stop);
  return {
    inputIds: inputIds.narrow(0, start, size),
    attentionMask: attentionMask.narrow(0, start, size),
    tokenTypeIds: tokenTypeIds.narrow(0, start, size),
    ...(labels && { labels: labels.narrow(0, start, size) }),
    ...(labelNames && { labelNames }),
    ...(problemType && { problemType }),
    ...(own && { documents: own.map((document) => document - (own[0] as number)) }),
    indices: indices.subarray(start, stop),
    size,
  };
}
