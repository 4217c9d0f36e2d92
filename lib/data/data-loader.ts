/** Iterates over a dataset in padded batches, a new shuffled epoch each time. */
import { setImmediate as macrotask } from "node:timers/promises";
import { describe, TorchwrightError } from "../errors";
import type { Tokenizer } from "../text/tokenizer";
import type { Batch } from "./batch";
import { collate, type PreparedBatch } from "./collate";
import { listLabels } from "./labels";
import { padEncodings } from "./pad";
import { checkSeed } from "./random";
import { epochOrder } from "./sampler";
import { TextDataset } from "./text-dataset";

export interface DataLoaderOptions {
  readonly tokenizer: Tokenizer;
  /** Examples per batch. Default: 8. */
  readonly batchSize?: number;
  /** A new random order each epoch, decided by `seed` and the epoch's number. Default: false. */
  readonly shuffle?: boolean;
  /** Default: 42. */
  readonly seed?: number;
  /** Longest row in tokens, special tokens included. Default: the tokenizer's. */
  readonly maxLength?: number;
  /** Leave out a last batch that is not full. Default: false. */
  readonly dropLast?: boolean;
  /** Device of the batches. Default: "cpu"; a model moves what it is given to where it is. */
  readonly device?: string;
  /**
   * Class names by class id: `model.labels` where the model may have an order of its own, as one that was trained
   * before. Default: the dataset's own.
   */
  readonly labels?: readonly string[];
}

export interface EpochOptions {
  /** Another label map for this epoch, a model's; `false` leaves labels out of the batches. */
  readonly labels?: readonly string[] | false;
  readonly device?: string;
}

/**
 * Batches of a dataset for `for await`.
 *
 * The loader owns its batches: each is disposed when the next is asked for, at the end and on `break`.
 * The next batch is tokenized while the loop's body works on this one, and every batch lets the event
 * loop turn once, so that timers and finalizers run.
 *
 * @example
 * ```ts
 * import { AutoTokenizer, DataLoader, TextDataset } from "torchwright";
 * const train = await TextDataset.fromCsv("tickets.csv", { text: "body", label: "queue" });
 * const tokenizer = await AutoTokenizer.fromPretrained("./minilm");
 * const loader = new DataLoader(train, { tokenizer, batchSize: 32, shuffle: true });
 * for await (const batch of loader) console.log(batch.inputIds.shape); // [32, longest of the batch]
 * ```
 */
export class DataLoader implements AsyncIterable<Batch> {
  readonly dataset: TextDataset;
  readonly tokenizer: Tokenizer;
  readonly batchSize: number;
  /** Class names by class id. */
  readonly labels: readonly string[];
  /** Longest row in tokens. */
  readonly maxLength: number;
  readonly shuffle: boolean;
  readonly seed: number;
  readonly dropLast: boolean;
  readonly device: string | undefined;
  #nextEpoch = 0;

  /** Throws ERR_INVALID_ARG, and ERR_EMPTY_DATASET when `dropLast` leaves no batch. */
  constructor(dataset: TextDataset, options: DataLoaderOptions) {
    const { tokenizer, batchSize = 8, shuffle = false, seed = 42, dropLast = false, device, labels } = options ?? {};
    if (!(dataset instanceof TextDataset)) throw invalid("a TextDataset", dataset);
    if (typeof tokenizer?.encodeBatch !== "function") {
      throw invalid("the option tokenizer, from AutoTokenizer.fromPretrained(folder),", tokenizer);
    }
    if (!Number.isSafeInteger(batchSize) || batchSize < 1) throw invalid("batchSize of at least 1", batchSize);
    const maxLength = options.maxLength ?? tokenizer.maxLength;
    if (!Number.isSafeInteger(maxLength) || maxLength < 2) throw invalid("maxLength of at least 2", maxLength);
    for (const [name, flag] of Object.entries({ shuffle, dropLast })) {
      if (typeof flag !== "boolean") throw invalid(`${name} to be true or false`, flag);
    }
    if (device !== undefined && typeof device !== "string") throw invalid("device to be text", device);
    checkSeed("DataLoader", seed);
    this.dataset = dataset;
    this.tokenizer = tokenizer;
    this.batchSize = batchSize;
    this.labels = labels === undefined ? dataset.labels : checkLabels(labels);
    this.maxLength = maxLength;
    this.shuffle = shuffle;
    this.seed = seed;
    this.dropLast = dropLast;
    this.device = device;
    if (this.length === 0) {
      throw new TorchwrightError(
        "ERR_EMPTY_DATASET",
        `DataLoader: expected at least one batch, got none: ` +
          `dropLast leaves out the only one, with ${dataset.length} of ${batchSize} rows`,
      );
    }
  }

  /** Batches per epoch. */
  get length(): number {
    const batches = this.dataset.length / this.batchSize;
    return this.dropLast ? Math.floor(batches) : Math.ceil(batches);
  }

  /** The next epoch: each `for await` over the loader sees a new order when `shuffle` is on. */
  [Symbol.asyncIterator](): AsyncGenerator<Batch, void, void> {
    return this.epoch(this.#nextEpoch++);
  }

  /**
   * The batches of one epoch, by number from 0; its order depends on `seed` and the number alone.
   * The first batch throws ERR_UNKNOWN_LABEL when a row's label is not in the label map.
   */
  epoch(epoch: number, options: EpochOptions = {}): AsyncGenerator<Batch, void, void> {
    if (!Number.isSafeInteger(epoch) || epoch < 0) throw invalid("epoch to be a number from 0", epoch);
    const { labels = this.labels, device = this.device } = options;
    return this.#batches(epoch, labels === false ? false : checkLabels(labels), device);
  }

  async *#batches(
    epoch: number,
    labels: readonly string[] | false,
    device: string | undefined,
  ): AsyncGenerator<Batch, void, void> {
    const labelNames = labels === false || !this.dataset.labelled ? undefined : labels;
    const classIds = labelNames && this.#classIds(labelNames);
    const order = epochOrder(this.dataset.length, this.shuffle ? { seed: this.seed, epoch } : undefined);
    const prepare = (batch: number): Promise<PreparedBatch> => {
      const start = batch * this.batchSize;
      const prepared = this.#prepare(order.subarray(start, start + this.batchSize), classIds, labelNames);
      prepared.catch(() => undefined); // awaited in the next turn, or never after a break
      return prepared;
    };
    let ahead = prepare(0);
    for (let batch = 0; batch < this.length; batch++) {
      const prepared = await ahead;
      if (batch + 1 < this.length) ahead = prepare(batch + 1);
      await macrotask();
      const current = collate(prepared, device);
      try {
        yield current;
      } finally {
        current.dispose();
      }
    }
  }

  async #prepare(rows: Uint32Array, classIds: Int32Array | undefined, labelNames: readonly string[] | undefined): Promise<PreparedBatch> {
    const texts = Array.from(rows, (row) => this.dataset.get(row).text);
    const encodings = await this.tokenizer.encodeBatch(texts, { maxLength: this.maxLength });
    const labels = classIds && Int32Array.from(rows, (row) => classIds[row] as number);
    return { ...padEncodings(encodings, this.tokenizer.padTokenId), indices: rows.slice(), labels, labelNames };
  }

  /** Class ids of all rows: a label that is not in the map is reported before the first step, not in the last. */
  #classIds(labels: readonly string[]): Int32Array {
    const ids = new Map(labels.map((label, id) => [label, id]));
    return Int32Array.from({ length: this.dataset.length }, (_, row) => {
      const label = this.dataset.get(row).label as string;
      const id = ids.get(label);
      if (id !== undefined) return id;
      throw new TorchwrightError(
        "ERR_UNKNOWN_LABEL",
        `DataLoader: expected a label of the training data, got ${JSON.stringify(label)} ` +
          `in ${this.dataset.describeRow(row)}; known are ${listLabels(labels) || "none"}`,
      );
    });
  }
}

function checkLabels(labels: unknown): readonly string[] {
  const names: readonly unknown[] | undefined = Array.isArray(labels) ? (labels as unknown[]) : undefined;
  if (!names?.every((name) => typeof name === "string")) throw invalid("labels to be an array of names", labels);
  if (new Set(names).size < names.length) throw invalid("labels to be different names", names);
  return names;
}

function invalid(expected: string, got: unknown): TorchwrightError {
  return new TorchwrightError("ERR_INVALID_ARG", `DataLoader: expected ${expected}, got ${describe(got)}`);
}
