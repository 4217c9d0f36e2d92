/** Makes a batch's tensors from ragged encodings: with `pad.ts` the only place that pads. */
import { Tensor } from "../tensor/tensor";
import type { Batch } from "./batch";
import type { PaddedArrays } from "./pad";

/** A batch before it has tensors; made while the consumer still works on the batch before it. */
export interface PreparedBatch extends PaddedArrays {
  /** Rows of the dataset. */
  readonly indices: Uint32Array;
  /** Class ids, one per row, where the dataset has labels. */
  readonly labels: Int32Array | undefined;
  /** Class names by class id, with `labels`. */
  readonly labelNames?: readonly string[] | undefined;
}

/** The batch on a device; the caller owns it and calls `dispose`. */
export function collate(prepared: PreparedBatch, device?: string): Batch {
  const { shape, indices, labels, labelNames, tokens } = prepared;
  const made: Tensor[] = [];
  const dispose = (): void => {
    for (const tensor of made) tensor.dispose();
  };
  const int64 = (data: Int32Array, dimensions: readonly number[]): Tensor => {
    const tensor = Tensor.from(data, { shape: dimensions, dtype: "int64", ...(device === undefined ? {} : { device }) });
    made.push(tensor);
    return tensor;
  };
  try {
    return {
      inputIds: int64(prepared.inputIds, shape), // [B, T]
      attentionMask: int64(prepared.attentionMask, shape), // [B, T]
      tokenTypeIds: int64(prepared.tokenTypeIds, shape), // [B, T]
      ...(labels ? { labels: int64(labels, [labels.length]) } : {}), // [B]
      ...(labels && labelNames ? { labelNames } : {}),
      indices,
      size: shape[0],
      tokens,
      padded: shape[0] * shape[1],
      dispose,
    };
  } catch (error) {
    dispose(); // out of memory half-way: leave nothing behind
    throw error;
  }
}
