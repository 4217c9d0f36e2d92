/** Rows in the dataset's own order. */
import { inOrder, type SampledData, type Sampler } from "./sampler";

/** Every row once, in the dataset's order: a loader's default. */
export class SequentialSampler implements Sampler {
  readonly description = "sequential";

  count({ rows }: SampledData): number {
    return rows;
  }

  order({ rows }: SampledData): Uint32Array {
    return inOrder(rows);
  }
}
