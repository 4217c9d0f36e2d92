/** What a `DataLoader` yields: one padded batch as tensors. */
import type { Tensor } from "../tensor/tensor";
import type { ProblemType } from "./problem-type";

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
  /**
   * By the data's `problemType`: class ids, int64 `[batch]`; 0 and 1 or probabilities, float32 `[batch, classes]`; or
   * numbers, float32 `[batch]`. Absent where the dataset has no labels.
   */
  readonly labels?: Tensor;
  /** Class names that `labels` count in; absent where there are none. */
  readonly labelNames?: readonly string[];
  /** What `labels` are. */
  readonly problemType?: ProblemType;
  /** Row of the dataset of each encoding, in the batch's order; a document in windows has its row once for each. */
  readonly indices: Uint32Array;
  /**
   * For long documents in windows: which of the batch's documents each encoding belongs to, `[batch]`, counting from 0,
   * so that logits can be pooled. All windows of a document are in one batch.
   */
  readonly documents?: Uint32Array;
  /** Number of encodings, the first dimension of the tensors. */
  readonly size: number;
  /** Tokens that are no padding. */
  readonly tokens: number;
  /** Tokens with padding: `size * sequence`. */
  readonly padded: number;
  /** Frees the tensors; harmless when repeated. */
  dispose(): void;
}
