/** Encodings through the model, logits out: in batches that calls share. */
import { AsyncLocalStorage } from "node:async_hooks";
import { collate } from "../data/collate";
import { padEncodings } from "../data/pad";
import { predicting } from "../models/exclusive";
import type { TextClassifier } from "../models/model";
import { currentContext, withContext } from "../tensor/context";
import { scope } from "../tensor/scope";
import type { Encoding } from "../text/tokenizer";
import { BatchQueue } from "./batch-queue";
import type { BatchOptions } from "./options";

/**
 * MiniLM takes a tenth to a quarter less time for texts of mixed lengths in batches of so many tokens than in batches
 * of 32 texts.
 */
const CPU_TOKENS = 1024;

export class ModelRunner {
  readonly #model: TextClassifier;
  readonly #padTokenId: number;
  readonly #options: BatchOptions;
  /** By the model's device and what autocast their callers are under: a batch has one of each. */
  readonly #queues = new Map<string, BatchQueue>();
  readonly #inOwnContext = AsyncLocalStorage.snapshot();

  constructor(model: TextClassifier, padTokenId: number, options: BatchOptions) {
    this.#model = model;
    this.#padTokenId = padTokenId;
    this.#options = options;
  }

  /** What goes through the model at once. */
  get limits(): { readonly batchSize: number; readonly maxTokens: number } {
    const { batchSize, maxTokens } = this.#options;
    return { batchSize, maxTokens: maxTokens ?? (this.#model.device === "cpu" ? CPU_TOKENS : Infinity) };
  }

  /**
   * The logits of each encoding, `[classes]`, in the number format of the caller's autocast. Rejects as the model does,
   * or with the signal's reason.
   */
  logitsOf(encodings: readonly Encoding[], signal?: AbortSignal): Promise<readonly Float32Array[]> {
    const { autocast } = currentContext().modes;
    const key = `${this.#model.device} ${autocast.cpu} ${autocast.cuda}`;
    let queue = this.#queues.get(key);
    if (!queue) {
      const context = { owner: undefined, modes: { grad: false, inference: false, anomaly: false, autocast } };
      // The model is in use until the batch is done, even where all its callers have given up.
      const run = (batch: readonly Encoding[]): Promise<readonly Float32Array[]> =>
        withContext(context, () => predicting(this.#model, "predict", () => this.#forward(batch)));
      queue = this.#inOwnContext(() => new BatchQueue(run, { ...this.#options, ...this.limits }));
      this.#queues.set(key, queue);
    }
    return queue.logitsOf(encodings, signal);
  }

  /** No batch waits for more calls any longer. */
  close(): void {
    for (const queue of this.#queues.values()) queue.close();
  }

  async #forward(encodings: readonly Encoding[]): Promise<readonly Float32Array[]> {
    const prepared = {
      ...padEncodings(encodings, this.#padTokenId),
      indices: new Uint32Array(0), // rows of no dataset
      labels: undefined,
    };
    const values = await scope(async () => {
      const { logits } = await this.#model.forward(collate(prepared, { device: this.#model.device }));
      return (await logits.to({ dtype: "float32" }).read()) as Float32Array; // [B, classes]
    });
    const classes = values.length / encodings.length;
    return encodings.map((_, row) => values.subarray(row * classes, (row + 1) * classes));
  }
}
