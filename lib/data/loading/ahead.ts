/** Works ahead of a consumer: a bounded number of items in work at once, delivered in order. */

const END = Symbol("end");

export interface AheadOptions {
  /** Items that are in work or ready while the consumer has one; 0 works on demand. */
  readonly depth: number;
  /** Ends the iteration with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The results of `work` over the items of `source`, in order.
 *
 * The source is asked for no more than `depth` items ahead, which is the back-pressure. When the iteration ends, early
 * or not, what is still in work is awaited and the source closed: nothing goes on in the background.
 */
export async function* ahead<Item, Result>(
  source: AsyncIterable<Item>,
  work: (item: Item) => Promise<Result>,
  { depth, signal }: AheadOptions,
): AsyncGenerator<Result, void, void> {
  signal?.throwIfAborted();
  const items = source[Symbol.asyncIterator]();
  const queue: Promise<Result | typeof END>[] = [];
  const step = async (): Promise<Result | typeof END> => {
    const next = await items.next();
    return next.done === true ? END : work(next.value);
  };
  const pull = (): void => {
    const result = step();
    result.catch(() => undefined); // awaited when its turn comes, or when the iteration ends
    queue.push(result);
  };
  try {
    for (let i = 0; i < Math.max(1, depth); i++) pull();
    for (;;) {
      if (queue.length === 0) pull();
      const result = await beforeAbort(queue[0] as Promise<Result | typeof END>, signal);
      void queue.shift();
      if (result === END) return;
      while (queue.length < depth) pull();
      yield result;
      signal?.throwIfAborted();
    }
  } finally {
    await Promise.allSettled(queue);
    await items.return?.();
  }
}

/** The promise, or the rejection of a signal that comes sooner; a listener stays no longer than the wait. */
function beforeAbort<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", abort, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
