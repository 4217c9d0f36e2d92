/** Batches as JSON Lines, so that Python trains on what our `DataLoader` made and not on its own idea of it. */
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import type { Batch, Tensor } from "../../lib/index";

/** Rows of a tensor `[batch, …]` as numbers. */
export function rows(tensor: Tensor): number[][] {
  const flat = Array.from(tensor.toTypedArray(), Number);
  const width = tensor.shape[1] ?? 1;
  return Array.from({ length: flat.length / width }, (_, row) => flat.slice(row * width, (row + 1) * width));
}

/** One line of the file: what `reference.batch_from_json` reads. */
export function batchToJson(batch: Batch): string {
  return JSON.stringify({
    inputIds: rows(batch.inputIds),
    attentionMask: rows(batch.attentionMask),
    tokenTypeIds: rows(batch.tokenTypeIds),
    ...(batch.labels && { labels: Array.from(batch.labels.toTypedArray(), Number) }),
  });
}

/** Writes the batches of a loader's epoch, `limit` at most; resolves with their number. */
export async function writeBatches(batches: AsyncIterable<Batch>, file: string, limit = Infinity): Promise<number> {
  const out = createWriteStream(file);
  let count = 0;
  for await (const batch of batches) {
    if (count === limit) break;
    if (!out.write(`${batchToJson(batch)}\n`)) await once(out, "drain");
    count += 1;
  }
  out.end();
  await finished(out);
  return count;
}
