/** What a loader has delivered, counted: padding and truncation are waste that should be seen. */
import type { Encoding } from "../../text/tokenizer";

/** Sums over every batch that a loader has delivered. */
export interface LoaderStats {
  /** Batches given to the loop. */
  readonly batches: number;
  /** Rows of the dataset; those that a distributed run repeats count again. */
  readonly examples: number;
  /** Encodings: more than examples where long documents come in windows. */
  readonly encodings: number;
  /** Tokens that are no padding. */
  readonly tokens: number;
  /** Tokens with padding. */
  readonly padded: number;
  /** Share of padding in all tokens, from 0 to 1. */
  readonly paddingShare: number;
  /** Examples that were cut to the maximal length. */
  readonly truncated: number;
  /** Tokens that were cut off. */
  readonly truncatedTokens: number;
  /** Time for which the consumer waited for a batch; near 0 where the loader keeps up. */
  readonly waitedSeconds: number;
}

/** What one batch adds. */
export interface BatchCounts {
  readonly examples: number;
  readonly encodings: number;
  readonly tokens: number;
  readonly padded: number;
  readonly truncated: number;
  readonly truncatedTokens: number;
}

/** Counts the truncation of a batch's encodings. */
export function countTruncation(encodings: readonly Encoding[]): Pick<BatchCounts, "truncated" | "truncatedTokens"> {
  let truncated = 0;
  let truncatedTokens = 0;
  for (const encoding of encodings) {
    if (encoding.truncated > 0) truncated++;
    truncatedTokens += encoding.truncated;
  }
  return { truncated, truncatedTokens };
}

/** The sums of a loader. */
export class StatsMeter {
  #batches = 0;
  #waitedSeconds = 0;
  readonly #sums = { examples: 0, encodings: 0, tokens: 0, padded: 0, truncated: 0, truncatedTokens: 0 };

  add(counts: BatchCounts): void {
    this.#batches++;
    for (const key of Object.keys(this.#sums) as (keyof BatchCounts)[]) this.#sums[key] += counts[key];
  }

  waited(seconds: number): void {
    this.#waitedSeconds += seconds;
  }

  read(): LoaderStats {
    const { tokens, padded } = this.#sums;
    return {
      batches: this.#batches,
      ...this.#sums,
      paddingShare: padded === 0 ? 0 : (padded - tokens) / padded,
      waitedSeconds: this.#waitedSeconds,
    };
  }
}
