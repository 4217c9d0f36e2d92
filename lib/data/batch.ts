/** What a `DataLoader` yields: one padded batch as tensors. */
import type { Tensor } from "../tensor/tensor";

/**
 * A padded batch. The loader owns it: it is disposed when the next batch is asked for and when the
 * loop ends, so keep numbers (or a `detach().to("cpu")` copy) rather than the batch's tensors.
 */
export interface Batch {
  /** Token ids, int64 `[batch, sequence]`, filled with the tokenizer's pad token. */
  readonly inputIds: Tensor;
  /** 1 for tokens, 0 for padding, int64 `[batch, sequence]`. */
  readonly attentionMask: Tensor;
  /** 0 and 1 for the first and second text of a pair, int64 `[batch, sequence]`. */
  readonly tokenTypeIds: Tensor;
  /** Class ids, int64 `[batch]`; absent where the dataset has no labels. */
  readonly labels?: Tensor;
  /** Class names that the class ids in `labels` count in; absent where there are none. */
  readonly labelNames?: readonly string[];
  /** Rows of the dataset that are in this batch, in its order. */
  readonly indices: Uint32Array;
  /** Number of examples. */
  readonly size: number;
  /** Tokens that are no padding. */
  readonly tokens: number;
  /** Tokens with padding: `size * sequence`. */
  readonly padded: number;
  /** Frees the tensors; harmless when repeated. */
  dispose(): void;
}
