/** What a loader's feed gives: the examples that will be one batch, not yet tokenized. */
import type { Encoding } from "../../text/tokenizer";
import type { Example } from "../example";

/** Examples of one batch. */
export interface Group {
  readonly examples: readonly Example[];
  /** Rows of the dataset, or running numbers of a stream's rows. */
  readonly indices: Uint32Array;
  /** Where the example at an index of the group came from, for messages. */
  place(index: number): string;
  /** Reads encodings that are there already. */
  readonly encodings?: (() => readonly Encoding[]) | undefined;
}

/** Where a loader's examples come from. */
export interface Feed {
  /** What decides the batches: a loader's state goes on only under the same. */
  readonly description: string;
  /** The batches of an epoch, from one of them on. */
  groups(epoch: number, from: number): AsyncIterable<Group>;
  /** Batches of every epoch; undefined where that cannot be known without reading the data. */
  readonly length: number | undefined;
  /** Batches of one epoch, found out; undefined where only its end tells. */
  count(epoch: number): Promise<number | undefined>;
}
