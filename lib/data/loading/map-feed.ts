/** Feeds a loader from a dataset in memory: the sampler's order, cut into batches. */
import { setImmediate as macrotask } from "node:timers/promises";
import { describe, TorchwrightError } from "../../errors";
import type { EncodeOptions, Tokenizer } from "../../text/tokenizer";
import type { Sampler, SampledData } from "../samplers/sampler";
import type { TextDataset } from "../text-dataset";
import type { Feed, Group } from "./group";
import { countBatches, planEpoch, type Distributed, type EpochPlan, type RowSizes } from "./plan";

export interface MapFeedOptions {
  readonly tokenizer: Tokenizer;
  readonly encodeOptions: EncodeOptions;
  /** Undefined where batches are packed by tokens alone. */
  readonly batchSize: number | undefined;
  readonly maxTokens: number | undefined;
  readonly padToMultipleOf: number;
  readonly sampler: Sampler;
  readonly dropLast: boolean;
  readonly distributed: Distributed | undefined;
}

/** Texts per call of the tokenizer when lengths are measured. */
const PIECE = 4096;

export class MapFeed implements Feed {
  readonly description: string;
  readonly #dataset: TextDataset;
  readonly #options: MapFeedOptions;
  #sizes: Promise<RowSizes> | undefined;
  /** The plan of the epoch that was asked for last. */
  #plan: { readonly epoch: number; readonly plan: Promise<EpochPlan> } | undefined;

  constructor(dataset: TextDataset, options: MapFeedOptions) {
    this.#dataset = dataset;
    this.#options = options;
    const { batchSize, maxTokens, padToMultipleOf, sampler, dropLast, distributed } = options;
    this.description = [
      `${dataset.length} rows`,
      sampler.description,
      batchSize === undefined ? "no batchSize" : `batchSize ${batchSize}`,
      ...(maxTokens === undefined ? [] : [`maxTokens ${maxTokens}, padToMultipleOf ${padToMultipleOf}`]),
      ...(dropLast ? ["dropLast"] : []),
      ...(distributed ? [`rank ${distributed.rank} of ${distributed.world}`] : []),
    ].join("; ");
  }

  get length(): number | undefined {
    const { batchSize, maxTokens, sampler, dropLast, distributed } = this.#options;
    if (maxTokens !== undefined || batchSize === undefined) return undefined;
    const rows = sampler.count?.(this.#data(batchSize));
    return rows === undefined ? undefined : countBatches(rows, { batchSize, dropLast, distributed });
  }

  async count(epoch: number): Promise<number> {
    return (await this.#planOf(epoch)).ends.length;
  }

  async *groups(epoch: number, from: number): AsyncGenerator<Group, void, void> {
    const { order, ends } = await this.#planOf(epoch);
    const { encodings } = this.#dataset;
    for (let batch = from; batch < ends.length; batch++) {
      const indices = order.slice(batch === 0 ? 0 : ends[batch - 1], ends[batch]);
      yield {
        indices,
        examples: Array.from(indices, (row) => this.#dataset.get(row)),
        place: (index) => this.#dataset.describeRow(indices[index] as number),
        encodings: encodings && (() => encodings.read(indices)),
      };
    }
  }

  #planOf(epoch: number): Promise<EpochPlan> {
    if (this.#plan?.epoch === epoch) return this.#plan.plan;
    const plan = this.#makePlan(epoch);
    this.#plan = { epoch, plan };
    plan.catch(() => (this.#plan = undefined)); // whoever asks again may have better luck
    return plan;
  }

  async #makePlan(epoch: number): Promise<EpochPlan> {
    const { batchSize, maxTokens, padToMultipleOf, sampler, dropLast, distributed } = this.#options;
    const sizes = maxTokens === undefined ? undefined : await this.#measure();
    const perBatch = sizes && maxTokens !== undefined ? meanBatch(sizes, maxTokens, batchSize) : (batchSize as number);
    const order = this.#checkOrder(await sampler.order(this.#data(perBatch), epoch));
    return planEpoch(order, {
      batchSize: batchSize ?? Infinity,
      budget: sizes && maxTokens !== undefined ? { maxTokens, multipleOf: padToMultipleOf, sizes } : undefined,
      dropLast,
      distributed,
    });
  }

  #data(batchSize: number): SampledData {
    return {
      rows: this.#dataset.length,
      packed: this.#options.maxTokens !== undefined,
      // Of a distributed run all processes' batches together: rows are dealt in turn, so that each process has a part
      // of every one.
      batchSize:
        this.#options.maxTokens === undefined ? batchSize * (this.#options.distributed?.world ?? 1) : batchSize,
      classIds: () => this.#classIds(),
      lengths: async () => (await this.#measure()).lengths,
    };
  }

  /** Own samplers are not trusted: a row that does not exist would show as a crash deep inside. */
  #checkOrder(order: unknown): Uint32Array {
    const rows = this.#dataset.length;
    const bad = order instanceof Uint32Array ? order.find((row) => row >= rows) : NaN;
    if (bad === undefined) return order as Uint32Array;
    const got = Number.isNaN(bad) ? describe(order) : `row ${bad}`;
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `DataLoader: expected the sampler's order to be a Uint32Array of rows below ${rows}, got ${got}`,
    );
  }

  #classIds(): Int32Array {
    if (this.#dataset.problemType !== "single-label") {
      const got = this.#dataset.problemType ?? "rows without labels";
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `DataLoader: expected rows with one class each for the sampler "${this.#options.sampler.description}", got ${got}`,
      );
    }
    const ids = new Map<unknown, number>();
    return Int32Array.from(this.#dataset, ({ label }) => {
      const id = ids.get(label) ?? ids.size;
      ids.set(label, id);
      return id;
    });
  }

  #measure(): Promise<RowSizes> {
    this.#sizes ??= this.#encodeAll();
    this.#sizes.catch(() => (this.#sizes = undefined));
    return this.#sizes;
  }

  async #encodeAll(): Promise<RowSizes> {
    const { tokenizer, encodeOptions } = this.#options;
    const rows = this.#dataset.length;
    const sizes = { lengths: new Uint32Array(rows), windows: new Uint32Array(rows) };
    const { encodings } = this.#dataset;
    if (encodings) {
      for (let row = 0; row < rows; row++) {
        sizes.lengths[row] = encodings.lengthOf(row);
        sizes.windows[row] = encodings.windowsOf(row);
      }
      return sizes;
    }
    for (let start = 0; start < rows; start += PIECE) {
      const texts = Array.from({ length: Math.min(PIECE, rows - start) }, (_, i) => this.#dataset.get(start + i).text);
      (await tokenizer.encodeBatch(texts, encodeOptions)).forEach((encoding, i) => {
        sizes.lengths[start + i] = encoding.ids.length; // the first window is the longest
        sizes.windows[start + i] = 1 + (encoding.overflow?.length ?? 0);
      });
      await macrotask();
    }
    return sizes;
  }
}

/** Rows per batch that a budget gives on average. */
function meanBatch({ lengths, windows }: RowSizes, maxTokens: number, most = Infinity): number {
  const tokens = lengths.reduce((sum, length, row) => sum + length * (windows[row] as number), 0);
  return Math.max(1, Math.min(most, Math.floor((maxTokens * lengths.length) / tokens)));
}
