/**
 * A dataset's encodings on disk: tokenized once, read by row.
 *
 * One file per content: its name is a hash of the texts, the tokenizer's fingerprint and what decides an encoding's
 * length, so a changed file or tokenizer gives another name and is tokenized anew. A batch's rows are read by their
 * place in the file, out of the system's page cache, which is what a memory map would give: but a mapped file that
 * another process cuts short would end this process.
 *
 * Format: `TWENC1\n`, the payload, and 32 bytes of SHA-256 over both. The payload: rows (uint32), encodings (uint32),
 * tokens (float64); per row its encodings (uint32); per encoding its tokens and the tokens cut off (uint32 each); all
 * ids (int32); all type ids (uint8). Little-endian.
 */
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { open, rename, rm, stat, type FileHandle } from "node:fs/promises";
import path from "node:path";
import { setImmediate as macrotask } from "node:timers/promises";
import { describe, TorchwrightError } from "../errors";
import { makeFolder } from "../files/make-folder";
import { encodeOptionsFor, type WindowOptions } from "./loading/windows";
import type { EncodeOptions, Encoding, TextInput, Tokenizer } from "../text/tokenizer";

/** Where encodings are kept, and how texts are cut. */
export interface CacheOptions {
  /** Folder for the files, made where it is missing. */
  readonly folder: string;
  /** Longest encoding in tokens. Default: the tokenizer's. */
  readonly maxLength?: number;
  /** Windows of long documents, as a `DataLoader` takes them. Default: off, long documents are cut. */
  readonly windows?: WindowOptions;
}

const MAGIC = Buffer.from("TWENC1\n");
/** So that what follows is aligned: the magic, a zero, and the three counts. */
const HEADER = 24;
const HASH = 32;
const PIECE = 2048;

/** Encodings of a dataset in a file, as `TextDataset.cache` makes them. */
export class EncodingCache {
  /** Rows of the dataset. */
  readonly rows: number;
  /** First encoding of each row, and behind the last. */
  readonly #firsts: Uint32Array;
  readonly #lengths: Uint32Array;
  readonly #truncated: Uint32Array;
  /** First token of each encoding, and behind the last. */
  readonly #starts: Float64Array;
  readonly #idsAt: number;
  readonly #typesAt: number;

  private constructor(
    /** The file that holds them. */
    readonly file: string,
    /** Options that the texts were encoded with: a loader must have the same. */
    readonly encodeOptions: EncodeOptions,
    /** Of the tokenizer that made the ids. */
    readonly fingerprint: string,
    head: Buffer,
    { rows, encodings }: { readonly rows: number; readonly encodings: number },
  ) {
    this.rows = rows;
    const counts = uint32(head, HEADER, rows);
    const sizes = uint32(head, HEADER + 4 * rows, 2 * encodings);
    this.#firsts = new Uint32Array(rows + 1);
    counts.forEach((count, row) => (this.#firsts[row + 1] = (this.#firsts[row] as number) + count));
    this.#lengths = sizes.filter((_, i) => i % 2 === 0);
    this.#truncated = sizes.filter((_, i) => i % 2 === 1);
    this.#starts = new Float64Array(encodings + 1);
    this.#lengths.forEach((length, i) => (this.#starts[i + 1] = (this.#starts[i] as number) + length));
    this.#idsAt = HEADER + 4 * rows + 8 * encodings;
    this.#typesAt = this.#idsAt + 4 * (this.#starts[encodings] as number);
  }

  /**
   * The encodings of texts, from the folder's file where there is one for just these texts and tokenizer, else made and
   * written. Throws ERR_INVALID_ARG, ERR_FILE_READ, ERR_FILE_WRITE; a damaged file is made anew.
   */
  static async open(texts: readonly TextInput[], tokenizer: Tokenizer, options: CacheOptions): Promise<EncodingCache> {
    const operation = "TextDataset.cache";
    const { folder, windows, maxLength = tokenizer?.maxLength } = options ?? {};
    if (typeof folder !== "string" || folder === "") throw invalid(operation, "the path of a folder", folder);
    if (typeof tokenizer?.encodeBatch !== "function") {
      throw invalid(operation, "a tokenizer, from AutoTokenizer.fromPretrained(folder),", tokenizer);
    }
    const { fingerprint } = tokenizer;
    if (fingerprint === undefined) {
      throw invalid(operation, "a tokenizer with a fingerprint, by which a change is noticed,", tokenizer);
    }
    const encodeOptions = encodeOptionsFor(operation, maxLength, windows);
    const file = path.join(folder, `${await contentKey(texts, fingerprint, encodeOptions)}.encodings`);
    const head = await readHead(operation, file, texts.length);
    if (head) return new EncodingCache(file, encodeOptions, fingerprint, head.bytes, head);
    await writeCache(operation, file, texts, tokenizer, encodeOptions);
    const written = await readHead(operation, file, texts.length);
    if (written) return new EncodingCache(file, encodeOptions, fingerprint, written.bytes, written);
    throw new TorchwrightError(
      "ERR_FILE_READ",
      `${operation}: ${file} changed while it was written; is another program at work in the folder?`,
    );
  }

  /** Tokens of a row's first (and longest) encoding. */
  lengthOf(row: number): number {
    return this.#lengths[this.#firsts[row] as number] as number;
  }

  /** Number of a row's encodings: 1, or more for a long document in windows. */
  windowsOf(row: number): number {
    return (this.#firsts[row + 1] as number) - (this.#firsts[row] as number);
  }

  /** The encodings of rows, in order. Throws ERR_FILE_READ where the file is gone or was cut short. */
  read(rows: Uint32Array): Encoding[] {
    let file: number | undefined;
    try {
      file = openSync(this.file, "r");
      return Array.from(rows, (row) => this.#readRow(file as number, row));
    } catch (error) {
      if (error instanceof TorchwrightError) throw error;
      throw new TorchwrightError(
        "ERR_FILE_READ",
        `DataLoader: could not read the cached encodings ${this.file}: ${(error as Error).message}`,
        { cause: error },
      );
    } finally {
      if (file !== undefined) closeSync(file);
    }
  }

  #readRow(file: number, row: number): Encoding {
    const first = this.#firsts[row] as number;
    const end = this.#firsts[row + 1] as number;
    const from = this.#starts[first] as number;
    const tokens = (this.#starts[end] as number) - from;
    const ids = new Int32Array(tokens);
    const types = new Uint8Array(tokens);
    this.#fill(file, new Uint8Array(ids.buffer), this.#idsAt + 4 * from);
    this.#fill(file, types, this.#typesAt + from);
    const encodings = Array.from({ length: end - first }, (_, i): Encoding => {
      const at = (this.#starts[first + i] as number) - from;
      const to = at + (this.#lengths[first + i] as number);
      return {
        ids: ids.subarray(at, to),
        typeIds: types.subarray(at, to),
        truncated: this.#truncated[first + i] as number,
      };
    });
    const [head, ...overflow] = encodings as [Encoding, ...Encoding[]];
    return this.encodeOptions.overflow === true ? { ...head, overflow } : head;
  }

  #fill(file: number, bytes: Uint8Array, position: number): void {
    if (readSync(file, bytes, 0, bytes.length, position) === bytes.length) return;
    throw new TorchwrightError(
      "ERR_FILE_READ",
      `DataLoader: the cached encodings ${this.file} were cut short while in use; delete the file and make the dataset anew`,
    );
  }
}

/** Name of a content: texts, tokenizer, and what decides the lengths. Yields to the event loop now and then. */
async function contentKey(texts: readonly TextInput[], fingerprint: string, options: EncodeOptions): Promise<string> {
  const hash = createHash("sha256").update(
    JSON.stringify([fingerprint, options.maxLength, options.overflow ?? false, options.stride ?? 0]),
  );
  for (let start = 0; start < texts.length; start += PIECE) {
    hash.update(JSON.stringify(texts.slice(start, start + PIECE)));
    await macrotask();
  }
  return hash.digest("hex").slice(0, 40);
}

async function writeCache(
  operation: string,
  file: string,
  texts: readonly TextInput[],
  tokenizer: Tokenizer,
  options: EncodeOptions,
): Promise<void> {
  const counts = new Uint32Array(texts.length);
  const sizes: number[] = [];
  const part = `${file}.${process.pid}.part`;
  const types: Uint8Array[] = [];
  const ids: Int32Array[] = [];
  let tokens = 0;
  for (let start = 0; start < texts.length; start += PIECE) {
    const encoded = await tokenizer.encodeBatch(texts.slice(start, start + PIECE), options);
    encoded.forEach((encoding, i) => {
      const all = [encoding, ...(encoding.overflow ?? [])];
      counts[start + i] = all.length;
      for (const one of all) {
        sizes.push(one.ids.length, one.truncated);
        ids.push(one.ids);
        types.push(one.typeIds);
        tokens += one.ids.length;
      }
    });
    await macrotask();
  }
  try {
    await makeFolder(path.dirname(file));
    const handle = await open(part, "w");
    try {
      const header = Buffer.alloc(HEADER);
      MAGIC.copy(header);
      header.writeUInt32LE(texts.length, 8);
      header.writeUInt32LE(sizes.length / 2, 12);
      header.writeDoubleLE(tokens, 16);
      const hash = createHash("sha256");
      const write = async (bytes: Uint8Array): Promise<void> => {
        hash.update(bytes);
        await handle.writeFile(bytes);
      };
      await write(header);
      await write(bytesOf(counts));
      await write(bytesOf(Uint32Array.from(sizes)));
      for (let start = 0; start < ids.length; start += PIECE) {
        await write(Buffer.concat(ids.slice(start, start + PIECE).map(bytesOf)));
      }
      for (let start = 0; start < types.length; start += PIECE) {
        await write(Buffer.concat(types.slice(start, start + PIECE)));
      }
      await handle.writeFile(hash.digest());
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true }).catch(() => undefined);
    throw new TorchwrightError("ERR_FILE_WRITE", `${operation}: could not write ${file}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function bytesOf(array: Uint32Array | Int32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

interface Head {
  readonly bytes: Buffer;
  readonly rows: number;
  readonly encodings: number;
}

/** What precedes the ids, of a file that is whole and of as many rows; undefined where there is none such. */
async function readHead(operation: string, file: string, rows: number): Promise<Head | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, "r");
    const { size } = await stat(file);
    const header = Buffer.alloc(HEADER);
    await handle.read(header, 0, HEADER, 0);
    const encodings = header.readUInt32LE(12);
    const tokens = header.readDoubleLE(16);
    const headBytes = HEADER + 4 * rows + 8 * encodings;
    const whole =
      header.subarray(0, MAGIC.length).equals(MAGIC) &&
      header.readUInt32LE(8) === rows &&
      size === headBytes + 5 * tokens + HASH;
    if (!whole || !(await hashFits(handle, size))) return undefined;
    const bytes = Buffer.alloc(headBytes);
    await handle.read(bytes, 0, headBytes, 0);
    return { bytes, rows, encodings };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new TorchwrightError("ERR_FILE_READ", `${operation}: could not read ${file}: ${(error as Error).message}`, {
      cause: error,
    });
  } finally {
    await handle?.close();
  }
}

async function hashFits(handle: FileHandle, size: number): Promise<boolean> {
  const hash = createHash("sha256");
  const buffer = Buffer.alloc(1 << 20);
  for (let at = 0; at < size - HASH;) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, size - HASH - at), at);
    if (bytesRead === 0) return false;
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
  const stored = Buffer.alloc(HASH);
  await handle.read(stored, 0, HASH, size - HASH);
  return stored.equals(hash.digest());
}

function uint32(bytes: Buffer, at: number, count: number): Uint32Array {
  return new Uint32Array(bytes.buffer.slice(bytes.byteOffset + at, bytes.byteOffset + at + 4 * count));
}

function invalid(operation: string, expected: string, got: unknown): TorchwrightError {
  return new TorchwrightError("ERR_INVALID_ARG", `${operation}: expected ${expected}, got ${describe(got)}`);
}
