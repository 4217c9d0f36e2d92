/** One row of logits per document where long documents came in windows: the mean over their windows. */
import type { Batch } from "../data/batch";
import { Tensor } from "../tensor/tensor";

/** A batch, or some of its rows. */
export type BatchRows = Omit<Batch, "tokens" | "padded" | "dispose">;

/** A model's logits by document, and what of the batch belongs to it. */
export interface PooledBatch {
  /** `[documents, classes]`. */
  readonly logits: Tensor;
  /** One label per document, where the batch has labels; as in {@link Batch}, on the logits' device. */
  readonly labels?: Tensor;
  /** Row of the dataset of each document. */
  readonly indices: Uint32Array;
  /** Number of documents. */
  readonly size: number;
}

/**
 * Logits of encodings `[batch, classes]` by document: those of its windows averaged. Gradients flow to every window.
 */
export function poolWindows(logits: Tensor, batch: BatchRows): PooledBatch {
  const { documents, indices, labels, size } = batch;
  const device = { device: logits.device };
  if (!documents) return { logits, indices, size, ...(labels ? { labels: labels.to(device) } : {}) };
  const firsts = Array.from(documents.keys()).filter((at) => at === 0 || documents[at] !== documents[at - 1]);
  const counts = new Float32Array(firsts.length);
  for (const document of documents) counts[document] = (counts[document] as number) + 1;
  const where = Tensor.from(Int32Array.from(documents), { dtype: "int64", ...device }); // [B]
  const sums = logits.newZeros([firsts.length, logits.shape[1] as number]).indexAdd(0, where, logits); // [D, classes]
  const pooled = sums.div(Tensor.from(counts, { dtype: logits.dtype, ...device }).unsqueeze(1)); // [D, classes]
  const own = labels?.indexSelect(0, Tensor.from(Int32Array.from(firsts), { dtype: "int64", device: labels.device })); // [D] or [D, classes]
  return {
    logits: pooled,
    indices: Uint32Array.from(firsts, (at) => indices[at] as number),
    size: firsts.length,
    ...(own ? { labels: own.to(device) } : {}),
  };
}
