/** Padding of ragged encodings to one rectangle: plain arrays, no tensors. */
import type { Encoding } from "../text/tokenizer";

/** A batch as flat arrays, row after row. */
export interface PaddedArrays {
  /** Rows and columns: `[batch, sequence]`. */
  readonly shape: readonly [batch: number, sequence: number];
  /** Token ids, row after row, `[batch, sequence]`. */
  readonly inputIds: Int32Array;
  /** 1 for a token, 0 for padding, `[batch, sequence]`. */
  readonly attentionMask: Int32Array;
  /** 0 for the first text of a pair, 1 for the second, `[batch, sequence]`. */
  readonly tokenTypeIds: Int32Array;
  /** Tokens that are no padding. */
  readonly tokens: number;
}

/**
 * Pads on the right to the longest encoding, rounded up to a multiple where asked: ids with `padTokenId`, mask and
 * types with 0.
 */
export function padEncodings(encodings: readonly Encoding[], padTokenId: number, multipleOf = 1): PaddedArrays {
  const longest = encodings.reduce((most, { ids }) => Math.max(most, ids.length), 0);
  const width = Math.ceil(longest / multipleOf) * multipleOf;
  const size = encodings.length * width;
  const inputIds = new Int32Array(size).fill(padTokenId);
  const attentionMask = new Int32Array(size);
  const tokenTypeIds = new Int32Array(size);
  let tokens = 0;
  encodings.forEach(({ ids, typeIds }, row) => {
    const start = row * width;
    inputIds.set(ids, start);
    attentionMask.fill(1, start, start + ids.length);
    tokenTypeIds.set(typeIds, start);
    tokens += ids.length;
  });
  return { shape: [encodings.length, width], inputIds, attentionMask, tokenTypeIds, tokens };
}
