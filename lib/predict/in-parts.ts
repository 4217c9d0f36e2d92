/**
 * Works through a long list in parts, so that no step of it keeps the JavaScript thread, and memory holds two parts of
 * what is between.
 */
import { ahead } from "../data/loading/ahead";

/** Items of a part: batches are as good as those of the whole, and to sort so many takes a few milliseconds. */
const PART = 8192;

/**
 * The results of all items, in order; one part is begun while the one before is worked on. A list of one part is worked
 * on as it is.
 *
 * @param work gives the results of a part; rejects for all
 */
export async function inParts<Item, Result>(
  items: readonly Item[],
  work: (part: readonly Item[]) => Promise<Result[]>,
  size = PART,
): Promise<Result[]> {
  if (items.length <= size) return work(items);
  const results: Result[] = [];
  for await (const part of ahead(cut(items, size), work, { depth: 2 })) for (const result of part) results.push(result);
  return results;
}

async function* cut<Item>(items: readonly Item[], size: number): AsyncGenerator<readonly Item[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
