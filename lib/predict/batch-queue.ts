/**
 * Dynamic batching: rows of concurrent calls share batches, and the model has one at a time.
 *
 * What arrives while the model works goes into the batches after. A batch is built around the call whose turn it is:
 * its shortest row and the rows next in length, whoever asked for them. So one large call is worked off by length, with
 * little padding, and a small call beside it waits for no more than one batch of each other call.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { setImmediate as macrotask } from "node:timers/promises";
import type { Encoding } from "../text/tokenizer";

/** Logits of encodings, one array `[classes]` for each. */
export type Run = (encodings: readonly Encoding[]) => Promise<readonly Float32Array[]>;

export interface BatchQueueOptions {
  /** Rows of a batch, at most. */
  readonly batchSize: number;
  /** Tokens of a batch, at most, padding included; one row that has more goes alone. */
  readonly maxTokens: number;
  /** How long a batch that is not full waits for more, counted from its oldest row. */
  readonly maxWaitMs: number;
}

interface Call {
  readonly logits: Float32Array[];
  readonly arrived: number;
  /** Rows that are in no batch yet. */
  waiting: number;
  /** Rows without logits. */
  missing: number;
  readonly done: () => void;
  readonly fail: (reason: Error) => void;
}

interface Row {
  readonly encoding: Encoding;
  readonly call: Call;
  /** Place among the call's rows. */
  readonly at: number;
}

export class BatchQueue {
  readonly #run: Run;
  readonly #options: BatchQueueOptions;
  /** Whoever calls first must not lend the batches of all others its own asynchronous context. */
  readonly #inOwnContext = AsyncLocalStorage.snapshot();
  /** Calls that have rows waiting; the one that was served longest ago comes first. */
  readonly #calls = new Set<Call>();
  /** Waiting rows by length, and behind them those that came since the last batch. */
  #rows: Row[] = [];
  #sorted = 0;
  #working = false;
  #closed = false;
  /** Ends the wait for more rows. */
  #wake: (() => void) | undefined;

  constructor(run: Run, options: BatchQueueOptions) {
    this.#run = run;
    this.#options = options;
  }

  /**
   * The logits of one call's encodings, in order. Rejects with what its own rows made the model throw, or with the
   * signal's reason.
   */
  logitsOf(encodings: readonly Encoding[], signal?: AbortSignal): Promise<readonly Float32Array[]> {
    if (encodings.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      const rows = encodings.length;
      const logits = new Array<Float32Array>(rows);
      const abort = (): void => {
        this.#drop(call);
        reject(signal?.reason as Error);
      };
      const settle = (how: () => void): void => {
        signal?.removeEventListener("abort", abort);
        how();
      };
      const call: Call = {
        logits,
        arrived: performance.now(),
        waiting: rows,
        missing: rows,
        done: () => settle(() => resolve(logits)),
        fail: (reason) => settle(() => reject(reason)),
      };
      if (signal?.aborted) return abort();
      signal?.addEventListener("abort", abort, { once: true });
      this.#calls.add(call);
      for (const [at, encoding] of encodings.entries()) this.#rows.push({ encoding, call, at });
      this.#wake?.();
      if (!this.#working) void this.#inOwnContext(() => this.#work());
    });
  }

  /** Waits for no more calls; those that are there are answered as the model then answers. */
  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  /** Runs batches until no row waits. */
  async #work(): Promise<void> {
    this.#working = true;
    for (;;) {
      await macrotask(); // calls of one turn of the event loop go together, and everything else has its turn
      await this.#untilDue();
      const batch = this.#next();
      if (batch.length === 0) break;
      await this.#answer(batch);
    }
    this.#working = false;
  }

  /** Resolves when a batch is full, or has waited long enough. */
  async #untilDue(): Promise<void> {
    while (!this.#closed && this.#rows.length > 0 && !this.#full()) {
      let oldest = Infinity;
      for (const { arrived } of this.#calls) oldest = Math.min(oldest, arrived);
      const left = oldest + this.#options.maxWaitMs - performance.now();
      if (left <= 0) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
  }

  #full(): boolean {
    const { batchSize, maxTokens } = this.#options;
    return this.#rows.length >= batchSize || this.#rows.reduce((sum, row) => sum + lengthOf(row), 0) >= maxTokens;
  }

  /** Takes the next batch out of the waiting rows. */
  #next(): Row[] {
    const [turn] = this.#calls;
    if (!turn) return [];
    if (this.#sorted < this.#rows.length) this.#rows = byLength(this.#rows);
    const [start, end] = this.#around(this.#rows.findIndex(({ call }) => call === turn));
    const batch = this.#rows.splice(start, end - start);
    this.#sorted = this.#rows.length;
    for (const { call } of batch) {
      this.#calls.delete(call);
      if (--call.waiting > 0) this.#calls.add(call); // behind the others
    }
    return batch;
  }

  /** A row, as many longer ones behind it as fit, and where there is room left as many shorter ones before it. */
  #around(row: number): readonly [start: number, end: number] {
    const { batchSize, maxTokens } = this.#options;
    let [start, end] = [row, row + 1];
    let width = lengthOf(this.#rows[row] as Row);
    for (
      let next: Row | undefined;
      (next = this.#rows[end]) && end - start < batchSize && (end - start + 1) * lengthOf(next) <= maxTokens;
      end++
    ) {
      width = lengthOf(next);
    }
    while (start > 0 && end - start < batchSize && (end - start + 1) * width <= maxTokens) start--;
    return [start, end];
  }

  /**
   * Gives each row its logits. Where a batch fails, its calls are tried one by one, so that only those fail that are to
   * blame.
   */
  async #answer(batch: readonly Row[]): Promise<void> {
    try {
      const logits = await this.#run(batch.map(({ encoding }) => encoding));
      batch.forEach(({ call, at }, i) => {
        call.logits[at] = logits[i] as Float32Array;
        if (--call.missing === 0) call.done();
      });
    } catch (reason) {
      const calls = new Set(batch.map(({ call }) => call));
      if (calls.size > 1) {
        for (const own of calls) await this.#answer(batch.filter(({ call }) => call === own));
        return;
      }
      for (const call of calls) {
        this.#drop(call);
        call.fail(reason as Error);
      }
    }
  }

  #drop(call: Call): void {
    this.#calls.delete(call);
    if (call.waiting === 0) return;
    this.#rows = this.#rows.filter((row) => row.call !== call);
    this.#sorted = 0;
    this.#wake?.();
  }
}

const lengthOf = ({ encoding }: Row): number => encoding.ids.length;

/** Shortest first, the earlier ones of a length first; a row costs two steps, however many there are. */
function byLength(rows: readonly Row[]): Row[] {
  const groups = new Map<number, Row[]>();
  for (const row of rows) {
    const length = lengthOf(row);
    const group = groups.get(length);
    if (group) group.push(row);
    else groups.set(length, [row]);
  }
  return [...groups.keys()].sort((a, b) => a - b).flatMap((length) => groups.get(length) as Row[]);
}
