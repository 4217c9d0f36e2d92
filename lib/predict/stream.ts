/** Predicts texts that come one by one: in order, a bounded number ahead of whoever reads the predictions. */
import { ahead } from "../data/loading/ahead";
import { describe, TorchwrightError } from "../errors";
import { checkInput } from "../text/text-input";
import type { TextInput } from "../text/tokenizer";

/** Texts at once, or as they come: a generator, a file's lines, a queue. */
export type TextSource = AsyncIterable<TextInput> | Iterable<TextInput>;

export interface StreamPlan<Result> {
  readonly predict: (text: TextInput) => Promise<Result>;
  /** Texts that are read ahead. */
  readonly depth: number;
  readonly signal: AbortSignal | undefined;
}

interface Numbered {
  readonly text: TextInput;
  readonly index: number;
}

/** Throws ERR_INVALID_ARG for what is no source. */
export function checkSource(texts: unknown): TextSource {
  const source = texts as Partial<AsyncIterable<TextInput> & Iterable<TextInput>> | null | undefined;
  if (typeof source === "object" && (source?.[Symbol.asyncIterator] ?? source?.[Symbol.iterator])) {
    return source as TextSource;
  }
  throw new TorchwrightError("ERR_INVALID_ARG", `stream: expected an iterable of texts, got ${describe(texts)}`);
}

/**
 * The predictions of a source's texts. Each text is a call of its own, so that one that is there never waits for others
 * to come; what is read ahead shares batches. However the iteration ends, what is in work is awaited and the source
 * closed.
 */
export function predictStream<Result>(
  texts: TextSource,
  { predict, depth, signal }: StreamPlan<Result>,
): AsyncGenerator<Result, void, void> {
  const work = async ({ text, index }: Numbered): Promise<Result> => {
    checkInput("stream", text, index);
    try {
      return await predict(text);
    } catch (error) {
      throw signal?.aborted ? error : atIndex(error, index);
    }
  };
  return ahead(numbered(texts), work, { depth, signal });
}

/** A generator, which asks the source for one text at a time, however many are asked of itself. */
async function* numbered(texts: TextSource): AsyncGenerator<Numbered> {
  let index = 0;
  for await (const text of texts) yield { text, index: index++ };
}

/** The error with the place of its text. */
function atIndex(error: unknown, index: number): unknown {
  if (!(error instanceof TorchwrightError)) return error;
  return new TorchwrightError(error.code, `stream: failed at index ${index}: ${error.message}`, {
    cause: error,
    ...(error.details && { details: error.details }),
  });
}
