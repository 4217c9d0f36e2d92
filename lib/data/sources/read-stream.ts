/** Reads bytes from streams and iterables of any kind. */
import type { Readable } from "node:stream";
import { describe, TorchwrightError } from "../../errors";
import { streamError } from "./file-errors";
import { PIECE_BYTES } from "./read-file";

type AnyIterator = AsyncIterator<unknown> | Iterator<unknown>;

/** What a pass takes from a stream. */
interface Opened {
  next(): Promise<IteratorResult<unknown>> | IteratorResult<unknown>;
  /** Ends the stream early. Where it hangs in `next`, nothing waits for it. */
  stop(): unknown;
}

/**
 * The chunks of a stream as they come. An early end, an error or the signal destroys a Node stream, cancels a web
 * stream, and calls an iterator's `return`.
 *
 * Throws ERR_FILE_READ when the stream fails, was read already or is destroyed before its end, with what it threw as
 * the cause.
 */
export async function* readChunks(
  operation: string,
  input: object,
  signal?: AbortSignal,
): AsyncGenerator<unknown, void, void> {
  const stream = openStream(operation, input);
  let interrupt: ((reason: unknown) => void) | undefined;
  const onAbort = (): void => interrupt?.(signal?.reason);
  signal?.addEventListener("abort", onAbort);
  let pending = false;
  let done = false;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const next = stream.next();
      let result: IteratorResult<unknown>;
      if (next instanceof Promise) {
        pending = true;
        result = await new Promise<IteratorResult<unknown>>((resolve, reject) => {
          interrupt = reject;
          next.then(resolve, reject);
        });
        pending = false;
      } else result = next;
      if (result.done === true) {
        done = true;
        return;
      }
      yield result.value;
    }
  } catch (error) {
    if (signal?.aborted === true && error === signal.reason) throw error;
    done = !pending; // it failed of its own accord
    throw streamError(operation, error);
  } finally {
    signal?.removeEventListener("abort", onAbort);
    if (!done) {
      const stopped = Promise.resolve(stream.stop()).catch(() => undefined);
      if (!pending) await stopped;
    }
  }
}

/** As `readChunks`, of bytes or text: text becomes UTF-8. Throws ERR_INVALID_ARG for anything else. */
export async function* readStreamBytes(
  operation: string,
  input: object,
  signal?: AbortSignal,
): AsyncGenerator<Buffer, void, void> {
  let half = ""; // of a pair of surrogates, when a chunk of text ends between them
  for await (const chunk of readChunks(operation, input, signal)) {
    if (chunk instanceof Uint8Array) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      for (let start = 0; start < bytes.length; start += PIECE_BYTES) yield bytes.subarray(start, start + PIECE_BYTES);
    } else if (typeof chunk === "string") {
      let start = 0;
      while (start < chunk.length) {
        const text: string = half + chunk.slice(start, start + PIECE_BYTES / 4);
        start += PIECE_BYTES / 4;
        half = isHighSurrogate(text.charCodeAt(text.length - 1)) ? text.slice(-1) : "";
        yield encode(half === "" ? text : text.slice(0, -1));
      }
    } else {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `${operation}: expected a stream of bytes or text, got ${describe(chunk)} from it; IterableDataset.from takes streams of rows`,
      );
    }
  }
  if (half !== "") yield encode(half);
}

/**
 * Text as UTF-8; a lone half of a surrogate pair becomes a byte that UTF-8 does not have, so that its row is found to
 * be bad.
 */
export function encode(text: string): Buffer {
  if (!/[\uD800-\uDFFF]/u.test(text)) return Buffer.from(text);
  const parts = text.split(/([\uD800-\uDFFF])/u).map((part, i) => (i % 2 === 0 ? Buffer.from(part) : NOT_UTF8));
  return Buffer.concat(parts);
}

const NOT_UTF8 = Buffer.of(0xff);

export function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code < 0xdc00;
}

function openStream(operation: string, input: object): Opened {
  if (isWebStream(input)) {
    if (input.locked) throw streamError(operation, new Error("it is locked to another reader"));
    const reader = input.getReader();
    return {
      next: async () => {
        const { done, value } = await reader.read();
        if (done) reader.releaseLock();
        return done ? { done, value: undefined } : { done, value: value };
      },
      stop: () => reader.cancel(),
    };
  }
  if (isNodeStream(input)) {
    const { destroyed, readableEnded } = input as Partial<Readable>;
    if (readableEnded === true) throw streamError(operation, new Error("it was read already"));
    if (destroyed === true) throw streamError(operation, new Error("it was destroyed before it was read"));
    const iterator = input[Symbol.asyncIterator]();
    return { next: () => iterator.next(), stop: () => (input as Partial<Readable>).destroy?.() ?? iterator.return?.() };
  }
  const iterator = iteratorOf(input);
  return { next: () => iterator.next(), stop: () => iterator.return?.() };
}

function iteratorOf(input: object): AnyIterator {
  if (Symbol.asyncIterator in input) return (input as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  return (input as Iterable<unknown>)[Symbol.iterator]();
}

export function isWebStream(input: object): input is ReadableStream<unknown> {
  return "getReader" in input && typeof input.getReader === "function";
}

export function isNodeStream(input: object): input is NodeJS.ReadableStream {
  return "pipe" in input && typeof input.pipe === "function" && Symbol.asyncIterator in input;
}
