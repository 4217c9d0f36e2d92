/** What decides in which order an epoch visits a dataset's rows. */

/** What a sampler may ask about the data. */
export interface SampledData {
  /** Number of rows. */
  readonly rows: number;
  /** Rows per batch, of all processes together; where batches are packed by tokens, their mean number. */
  readonly batchSize: number;
  /** Whether batches are packed by tokens, so that they begin anywhere. */
  readonly packed: boolean;
  /** Class id of every row; throws ERR_INVALID_ARG unless every row has one class. */
  classIds(): Int32Array;
  /** Length of every row in tokens, as the loader cuts it; the first call tokenizes the whole dataset. */
  lengths(): Promise<Uint32Array>;
}

/** The order of an epoch's rows; own ones may be given to a `DataLoader`. */
export interface Sampler {
  /** Name and settings: a loader's state goes on only under the same ones. */
  readonly description: string;
  /** Rows of every epoch's order, where that is known without it; a loader's `length` needs it. */
  count?(data: SampledData): number;
  /**
   * Row numbers from 0 in the order of the epoch; a row may occur several times, or not at all. It must depend on the
   * data, the sampler's settings and the epoch's number alone, so that an epoch can be resumed.
   */
  order(data: SampledData, epoch: number): Uint32Array | Promise<Uint32Array>;
}

/** What decides a random order. */
export interface SeededOptions {
  /** Decides the order together with the epoch's number. Default: 42. */
  readonly seed?: number;
}

/** The numbers `0 … rows-1`. */
export function inOrder(rows: number): Uint32Array {
  return Uint32Array.from({ length: rows }, (_, row) => row);
}
