/** Tokenizes and pads one batch: plain arrays, ready to become tensors. */
import { TorchwrightError } from "../../errors";
import type { EncodeOptions, Encoding, Tokenizer } from "../../text/tokenizer";
import type { Example } from "../example";
import type { PreparedBatch } from "../collate";
import type { LabelEncoder } from "../label-encoder";
import { padEncodings } from "../pad";
import type { Group } from "./group";
import { type BatchCounts, countTruncation } from "./stats";

/** What an own `collate` is given: one batch's examples and their encodings. */
export interface CollateInput {
  /** The batch's rows. */
  readonly examples: readonly Example[];
  /** Encodings, ragged; of a long document in windows all of them, one after another. */
  readonly encodings: readonly Encoding[];
  /** Row of the dataset of each encoding. */
  readonly indices: Uint32Array;
  /** Which example each encoding belongs to. */
  readonly documents: Uint32Array;
  /** Device that the loader was given. */
  readonly device: string | undefined;
  /** What the loader's own collation would make tensors of: padded arrays, class ids. */
  readonly padded: PreparedBatch;
}

/** A batch that only needs its tensors. */
export interface ReadyBatch extends CollateInput {
  readonly counts: BatchCounts;
}

export interface PrepareOptions {
  readonly tokenizer: Tokenizer;
  readonly encodeOptions: EncodeOptions;
  readonly padToMultipleOf: number;
  readonly device: string | undefined;
  /**
   * How labels become numbers; undefined leaves them out. Asked per batch, as a stream shows what its labels are with
   * its first row.
   */
  readonly labels: () => LabelEncoder | undefined;
}

/** @throws TorchwrightError ERR_BAD_ROW naming the row that the tokenizer refused, ERR_UNKNOWN_LABEL */
export async function prepare(group: Group, options: PrepareOptions): Promise<ReadyBatch> {
  const { tokenizer, encodeOptions, padToMultipleOf, device } = options;
  const { examples } = group;
  const first = group.encodings?.() ?? (await encode(group, tokenizer, encodeOptions));
  const encoder = examples[0]?.label === undefined ? undefined : options.labels();
  const windowed = encodeOptions.overflow === true;
  const encodings = windowed ? first.flatMap((encoding) => [encoding, ...(encoding.overflow ?? [])]) : first;
  const documents = windowed
    ? Uint32Array.from(first.flatMap(({ overflow }, at) => new Array<number>(1 + (overflow?.length ?? 0)).fill(at)))
    : Uint32Array.from(examples.keys());
  const indices = documents.map((at) => group.indices[at] as number);
  const padded: PreparedBatch = {
    ...padEncodings(encodings, tokenizer.padTokenId, padToMultipleOf),
    indices,
    documents: windowed ? documents : undefined,
    labels: encoder?.encode(
      Array.from(documents, (at) => examples[at] as Example),
      (index) => group.place(documents[index] as number),
    ),
    labelNames: encoder?.names,
    problemType: encoder?.problemType,
  };
  const { shape, tokens } = padded;
  const counts = {
    examples: examples.length,
    encodings: encodings.length,
    tokens,
    padded: shape[0] * shape[1],
    ...countTruncation(encodings),
  };
  return { examples, encodings, indices, documents, device, padded, counts };
}

async function encode(group: Group, tokenizer: Tokenizer, options: EncodeOptions): Promise<Encoding[]> {
  try {
    return await tokenizer.encodeBatch(
      group.examples.map(({ text }) => text),
      options,
    );
  } catch (error) {
    throw await nameRow(group, tokenizer, options, error);
  }
}

/** The error with the row that it belongs to, found by encoding each alone: rare enough to cost what it costs. */
async function nameRow(group: Group, tokenizer: Tokenizer, options: EncodeOptions, error: unknown): Promise<unknown> {
  for (const [index, { text }] of group.examples.entries()) {
    try {
      await tokenizer.encodeBatch([text], options);
    } catch (own) {
      const code = own instanceof TorchwrightError ? own.code : "ERR_BAD_ROW";
      const message = own instanceof Error ? own.message : String(own);
      return new TorchwrightError(code, `DataLoader: the tokenizer failed at ${group.place(index)}: ${message}`, {
        cause: own,
      });
    }
  }
  return error;
}
