/** Turns what the user passed into the files or the stream to read. */
import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, TorchwrightError } from "../../errors";
import { readFileBytes } from "./read-file";
import { isNodeStream, isWebStream, readStreamBytes } from "./read-stream";
import type { SourceInput } from "./source-input";

/** One file or stream. */
export interface InputPart {
  /** Path, as given or as a glob found it; absent for a stream. */
  readonly file?: string;
  /** For messages: the path, or "the stream". */
  readonly name: string;
  /** Its bytes, as they are stored. */
  open(): AsyncGenerator<Buffer, void, void>;
}

/** What an input has, file by file. */
export interface InputReader {
  readonly restartable: boolean;
  parts(signal?: AbortSignal): AsyncGenerator<InputPart, void, void>;
}

/**
 * Throws ERR_INVALID_ARG for what is neither path nor stream; reading throws ERR_FILE_NOT_FOUND for a glob that matches
 * nothing.
 */
export function readInput(operation: string, input: SourceInput): InputReader {
  const files = pathsOf(operation, input);
  if (files) {
    return {
      restartable: true,
      async *parts(signal) {
        for (const given of files) {
          for (const file of await expand(operation, given)) {
            yield { file, name: file, open: () => readFileBytes(operation, file, signal) };
          }
        }
      },
    };
  }
  const stream = input instanceof Uint8Array ? [input] : (input as object);
  return {
    restartable: isRestartable(stream),
    async *parts(signal) {
      yield { name: "the stream", open: () => readStreamBytes(operation, stream, signal) };
    },
  };
}

/** The file, or those that a glob matches, sorted by code point. */
export async function expand(operation: string, given: string): Promise<readonly string[]> {
  // Loaded where it is needed: importing the package is to be cheap.
  const { glob, isDynamicPattern } = await import("tinyglobby");
  if (!isDynamicPattern(given) || (await exists(given))) return [given];
  const found = await glob(given, { onlyFiles: true, expandDirectories: false });
  if (found.length === 0) {
    throw new TorchwrightError("ERR_FILE_NOT_FOUND", `${operation}: expected files that match "${given}", got none`);
  }
  return found.sort(byCodePoint);
}

export function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch {
    return false;
  }
}

/** Paths and patterns where the input is made of these. */
function pathsOf(operation: string, input: unknown): readonly string[] | undefined {
  if (typeof input === "string" || input instanceof URL) return [toPath(operation, input)];
  if (Array.isArray(input)) {
    const items = input as unknown[];
    if (items.length > 0 && items.every((item) => item instanceof Uint8Array)) return undefined;
    if (items.length > 0 && items.every((item) => typeof item === "string" || item instanceof URL)) {
      return items.map((item) => toPath(operation, item));
    }
    throw invalidInput(operation, items.find((item) => typeof item !== "string" && !(item instanceof URL)) ?? items);
  }
  if (typeof input === "object" && input !== null && isStream(input)) return undefined;
  throw invalidInput(operation, input);
}

function toPath(operation: string, given: string | URL): string {
  if (typeof given === "string") {
    if (/^https?:\/\//i.test(given)) throw remote(operation, given);
    if (given === "" || given.includes("\0")) throw invalidInput(operation, given);
    return given;
  }
  if (given.protocol !== "file:") throw remote(operation, given.href);
  try {
    return fileURLToPath(given);
  } catch (error) {
    throw new TorchwrightError("ERR_INVALID_ARG", `${operation}: expected the URL of a file, got ${given.href}`, {
      cause: error,
    });
  }
}

function remote(operation: string, url: string): TorchwrightError {
  return new TorchwrightError(
    "ERR_INVALID_ARG",
    `${operation}: expected a path or a stream, got ${describe(url)}; pass (await fetch(url)).body`,
  );
}

function invalidInput(operation: string, got: unknown): TorchwrightError {
  return new TorchwrightError(
    "ERR_INVALID_ARG",
    `${operation}: expected a path, a glob, an array of them, or a stream of bytes or text, got ${describe(got)}`,
  );
}

function isStream(input: object): boolean {
  return (
    input instanceof Uint8Array ||
    isWebStream(input) ||
    isNodeStream(input) ||
    Symbol.asyncIterator in input ||
    Symbol.iterator in input
  );
}

/** Streams and iterators are used up by a pass; a collection makes a new iterator for each. */
function isRestartable(input: object): boolean {
  return !isWebStream(input) && !("pipe" in input) && !("next" in input);
}
