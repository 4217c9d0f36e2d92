/** Iterates over a dataset in padded batches, a new shuffled epoch each time. */
import { setImmediate as macrotask } from "node:timers/promises";
import { TorchwrightError } from "../errors";
import { cuda } from "../tensor/cuda";
import type { EncodeOptions, Tokenizer } from "../text/tokenizer";
import type { Batch } from "./batch";
import { collate } from "./collate";
import type { ExampleInput } from "./example";
import { IterableDataset } from "./iterable-dataset";
import { LabelEncoder } from "./label-encoder";
import { ahead } from "./loading/ahead";
import type { Feed } from "./loading/group";
import { MapFeed } from "./loading/map-feed";
import {
  checkLabels,
  invalid,
  type DataLoaderOptions,
  resolveLoaderOptions,
  type ResolvedLoaderOptions,
} from "./loading/options";
import { type CollateInput, prepare, type PrepareOptions } from "./loading/prepare";
import { checkState, type LoaderState } from "./loading/state";
import { type LoaderStats, StatsMeter } from "./loading/stats";
import { StreamFeed } from "./loading/stream-feed";
import { TextDataset } from "./text-dataset";

export type { DataLoaderOptions } from "./loading/options";

/** What one pass over the data may have of its own. */
export interface EpochOptions {
  /** Another label map for this epoch, a model's; `false` leaves labels out of the batches. */
  readonly labels?: readonly string[] | false;
  /** Where the pass's batches go. Default: the loader's `device`. */
  readonly device?: string;
  /** Batches of the epoch to leave out at its beginning, as those that were trained on before a break. Default: 0. */
  readonly from?: number;
  /** Ends the epoch with the signal's reason, beside the loader's own signal. */
  readonly signal?: AbortSignal;
}

/**
 * Batches of a dataset or a stream for `for await`.
 *
 * The loader owns its batches: each is disposed when the next is asked for, at the end and on `break`. The next batches
 * are tokenized off the JavaScript thread while the loop's body works on one, and every batch lets the event loop turn
 * once, so that timers and finalizers run. When the loop ends, however it ends, nothing goes on.
 *
 * @example
 * ```ts
 * import { AutoTokenizer, DataLoader, TextDataset } from "torchwright";
 * const train = await TextDataset.fromCsv("tickets.csv", { text: "body", label: "queue" });
 * const tokenizer = await AutoTokenizer.fromPretrained("./minilm");
 * const loader = new DataLoader(train, { tokenizer, batchSize: 32, shuffle: true });
 * for await (const batch of loader) console.log(batch.inputIds.shape); // [32, longest of the batch]
 * console.log(loader.stats().paddingShare);
 * ```
 */
export class DataLoader<Item = Batch> implements AsyncIterable<Item> {
  /** What the batches are made of. */
  readonly dataset: TextDataset | IterableDataset<ExampleInput>;
  /** Makes ids of texts, and knows the padding's. */
  readonly tokenizer: Tokenizer;
  /** Class names by class id. */
  readonly labels: readonly string[];
  readonly #options: ResolvedLoaderOptions;
  readonly #collate: ((input: CollateInput) => Item) | undefined;
  readonly #feed: Feed;
  readonly #stats = new StatsMeter();
  /** The next batch that has not been delivered. */
  #position = { epoch: 0, batch: 0 };
  /** Where the next `for await` begins. */
  #next = { epoch: 0, batch: 0 };

  /** Throws ERR_INVALID_ARG, ERR_DEVICE_UNAVAILABLE, and ERR_EMPTY_DATASET when `dropLast` leaves no batch. */
  constructor(dataset: TextDataset | IterableDataset<ExampleInput>, options: DataLoaderOptions<Item>) {
    if (!(dataset instanceof TextDataset) && !(dataset instanceof IterableDataset)) {
      throw invalid("a TextDataset or an IterableDataset", dataset);
    }
    this.#options = resolveLoaderOptions(options);
    this.#collate = options.collate;
    this.dataset = dataset;
    this.tokenizer = options.tokenizer;
    this.labels = this.#options.labels ?? (dataset instanceof TextDataset ? dataset.labels : []);
    if (dataset instanceof TextDataset) checkCache(dataset, this.#options);
    this.#feed =
      dataset instanceof TextDataset
        ? new MapFeed(dataset, this.#options)
        : streamFeed(dataset, options, this.#options);
    if (dataset instanceof TextDataset && this.sized && this.length === 0) {
      throw new TorchwrightError(
        "ERR_EMPTY_DATASET",
        `DataLoader: expected at least one batch, got none: ` +
          `dropLast leaves out the only one, with ${dataset.length} of ${this.batchSize} rows`,
      );
    }
  }

  /** Examples per batch, at most; Infinity where batches are packed by tokens alone. */
  get batchSize(): number {
    return this.#options.batchSize ?? Infinity;
  }

  /** Longest row in tokens. */
  get maxLength(): number {
    return this.#options.maxLength;
  }

  /** Whether a last batch with fewer rows than `batchSize` is left out. */
  get dropLast(): boolean {
    return this.#options.dropLast;
  }

  /** Where batches go; undefined leaves it to the Trainer, and means the CPU in loops by hand. */
  get device(): string | undefined {
    return this.#options.device;
  }

  /** Whether the number of batches is known beforehand, so that `length` gives it. */
  get sized(): boolean {
    return this.#feed.length !== undefined;
  }

  /**
   * Batches per epoch, on this process. Throws ERR_INVALID_ARG where they cannot be known without reading the data: for
   * a stream, for batches packed by tokens (which {@link countBatches} counts), and for an own sampler.
   */
  get length(): number {
    const { length } = this.#feed;
    if (length !== undefined) return length;
    throw invalid(
      "a loader whose number of batches is known beforehand; countBatches(epoch) counts those of a dataset in memory",
      this,
    );
  }

  /**
   * Batches of an epoch, by number from 0; undefined for a stream. Tokenizes the dataset where batches are packed by
   * tokens.
   */
  async countBatches(epoch: number): Promise<number | undefined> {
    checkEpoch(epoch);
    return this.#feed.length ?? this.#feed.count(epoch);
  }

  /** What was delivered so far: padding, truncation, time spent waiting. */
  stats(): LoaderStats {
    return this.#stats.read();
  }

  /** The place behind the batch that was delivered last; plain data, to be saved beside a checkpoint. */
  state(): LoaderState {
    return { version: 1, ...this.#position, feed: this.#feed.description };
  }

  /**
   * Goes on where a loader over the same data was: the next `for await` delivers the rest of the state's epoch, with
   * the same batches as an unbroken run, the one after that the next epoch. A stream's rows before the place are read
   * again and left out.
   *
   * Throws ERR_INVALID_ARG for what is no state, or one of another number of rows, another sampler or another batch
   * size.
   */
  resume(state: LoaderState): void {
    const { epoch, batch } = checkState(state, this.#feed.description);
    this.#position = this.#next = { epoch, batch };
  }

  /**
   * The next epoch, or the rest of a resumed one: each `for await` over the loader sees a new order when `shuffle` is
   * on.
   */
  [Symbol.asyncIterator](): AsyncGenerator<Item, void, void> {
    const { epoch, batch } = this.#next;
    this.#next = { epoch: epoch + 1, batch: 0 }; // a loop that is left early is over, unless its state is resumed
    return this.epoch(epoch, { from: batch });
  }

  /**
   * The batches of one epoch, by number from 0; its order depends on the sampler and the number alone. The first batch
   * throws ERR_UNKNOWN_LABEL when a row's label is not in the label map; a stream throws it when it meets the row.
   */
  epoch(epoch: number, options: EpochOptions = {}): AsyncGenerator<Item, void, void> {
    checkEpoch(epoch);
    const { labels = this.labels, device = this.device, from = 0, signal } = options;
    if (!Number.isSafeInteger(from) || from < 0) throw invalid("from to be a number of batches from 0", from);
    const signals = [this.#options.signal, signal].filter((one) => one !== undefined);
    return this.#batches(epoch, from, {
      names: labels === false ? undefined : checkLabels(labels),
      device,
      signal: signals.length > 1 ? AbortSignal.any(signals) : signals[0],
    });
  }

  async *#batches(epoch: number, from: number, { names, device, signal }: Pass): AsyncGenerator<Item, void, void> {
    const { tokenizer, encodeOptions, padToMultipleOf, prefetch } = this.#options;
    const pinMemory = this.#options.pinMemory ?? (device?.startsWith("cuda") === true && cuda.isAvailable());
    const options: PrepareOptions = {
      tokenizer,
      encodeOptions,
      padToMultipleOf,
      device,
      labels: await this.#encoder(names),
    };
    const make = this.#collate ?? ((input: CollateInput) => collate(input.padded, { device, pinMemory }) as Item);
    this.#position = { epoch, batch: from };
    const ready = ahead(this.#feed.groups(epoch, from), (group) => prepare(group, options), {
      depth: prefetch,
      signal,
    });
    let asked = performance.now();
    for await (const batch of ready) {
      await macrotask();
      const item = make(batch);
      this.#stats.add(batch.counts);
      this.#stats.waited((performance.now() - asked) / 1000);
      this.#position = { epoch, batch: this.#position.batch + 1 };
      try {
        yield item;
      } finally {
        (item as Partial<Batch> | undefined)?.dispose?.();
      }
      asked = performance.now();
    }
    this.#position = { epoch: epoch + 1, batch: 0 };
  }

  /** How labels become numbers; all of a dataset in memory are looked up at once. */
  async #encoder(names: readonly string[] | undefined): Promise<() => LabelEncoder | undefined> {
    if (names === undefined) return () => undefined;
    const { dataset } = this;
    if (!(dataset instanceof TextDataset)) {
      const feed = this.#feed as StreamFeed;
      let encoder: LabelEncoder | undefined;
      return () =>
        (encoder ??= feed.problemType && new LabelEncoder(feed.problemType, this.#namesOfStream(feed, names)));
    }
    const encoder = dataset.problemType && new LabelEncoder(dataset.problemType, names);
    await encoder?.check(dataset, (row) => dataset.describeRow(row));
    return () => encoder;
  }

  #namesOfStream({ problemType }: StreamFeed, names: readonly string[]): readonly string[] {
    if (names.length > 0 || problemType === "regression") return names;
    throw invalid(
      "the option labels, the names of the classes, which a stream does not show before its end",
      undefined,
    );
  }
}

interface Pass {
  readonly names: readonly string[] | undefined;
  readonly device: string | undefined;
  readonly signal: AbortSignal | undefined;
}

function streamFeed(
  dataset: IterableDataset<unknown>,
  given: DataLoaderOptions<unknown>,
  options: ResolvedLoaderOptions,
): StreamFeed {
  for (const name of ["maxTokens", "sampler", "shuffle"] as const) {
    if (given[name] === undefined || given[name] === false) continue;
    const instead = name === "maxTokens" ? "batchSize" : "the stream's own shuffle({ seed, buffer })";
    throw invalid(`${instead} for a stream, whose rows are not known beforehand`, name);
  }
  const { batchSize = 8, dropLast, distributed, problemType } = options;
  return new StreamFeed(dataset, { batchSize, dropLast, distributed, problemType });
}

/** Cached encodings must be what the loader would make itself. */
function checkCache({ encodings }: TextDataset, { tokenizer, encodeOptions }: ResolvedLoaderOptions): void {
  if (!encodings) return;
  if (tokenizer.fingerprint !== encodings.fingerprint) {
    throw invalid("the tokenizer that the dataset was cached with", "another one");
  }
  const form = ({ maxLength, overflow = false, stride = 0 }: EncodeOptions): string =>
    `maxLength ${maxLength}${overflow ? `, windows with stride ${stride}` : ""}`;
  if (form(encodeOptions) === form(encodings.encodeOptions)) return;
  throw invalid(`the lengths that the dataset was cached with (${form(encodings.encodeOptions)})`, form(encodeOptions));
}

function checkEpoch(epoch: unknown): void {
  if (!Number.isSafeInteger(epoch) || (epoch as number) < 0) throw invalid("epoch to be a number from 0", epoch);
}
