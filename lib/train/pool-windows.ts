/** One row of logits per document where long documents came in windows: the mean over their windows. */
import { F } from "../functional/functional";
import type { Batch } from "../data/batch";
import { ClassifierOutput, type ModelOutput } from "../models/model";
import { Tensor } from "../tensor/tensor";

/** A model's output by document, and what of the batch belongs to it. */
export interface PooledBatch {
  readonly output: ModelOutput;
  /** Row of the dataset of each document. */
  readonly indices: Uint32Array;
  /** Class ids, int64 `[documents]`, where the batch has labels. */
  readonly labels?: Tensor;
  /** Number of documents. */
  readonly size: number;
}

/** The output with the logits of each document's windows averaged, `[documents, classes]`, and the loss of those. */
export function poolWindows(output: ModelOutput, batch: Batch): PooledBatch {
  const { documents, indices, labels, size } = batch;
  if (!documents) return { output, indices, size, ...(labels ? { labels } : {}) };
  const firsts = Array.from(documents.keys()).filter((at) => at === 0 || documents[at] !== documents[at - 1]);
  const counts = new Float32Array(firsts.length);
  for (const document of documents) counts[document] = (counts[document] as number) + 1;
  const { logits } = output;
  const device = { device: logits.device };
  const where = Tensor.from(Int32Array.from(documents), { dtype: "int64", ...device }); // [B]
  const sums = logits.newZeros([firsts.length, logits.shape[1] as number]).indexAdd(0, where, logits); // [D, classes]
  const pooled = sums.div(Tensor.from(counts, { dtype: logits.dtype, ...device }).unsqueeze(1)); // [D, classes]
  const own = labels?.indexSelect(0, Tensor.from(Int32Array.from(firsts), { dtype: "int64", device: labels.device })); // [D]
  return {
    output: new ClassifierOutput(pooled, own && F.crossEntropy(pooled, own.to({ device: logits.device }))),
    indices: Uint32Array.from(firsts, (at) => indices[at] as number),
    size: firsts.length,
    ...(own ? { labels: own } : {}),
  };
}
