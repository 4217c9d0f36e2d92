/** Unpacks gzip and zstd, which are known by their first bytes, whatever the file's name says. */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { TorchwrightError } from "../../errors";
import { damaged } from "./file-errors";
import { PIECE_BYTES } from "./read-file";
import { Unzstd, UnzstdError } from "./unzstd";

type Pieces = AsyncGenerator<Buffer, void, void>;

/** How bytes are packed. */
export type Packing = "gzip" | "zstd" | undefined;

/**
 * The bytes, unpacked where they are packed. `name` is for messages. Throws ERR_FILE_READ for packed bytes that are
 * damaged or cut short.
 */
export async function* decompress(operation: string, name: string, pieces: Pieces): Pieces {
  const input = atLeast(pieces, 4);
  const first = await input.next();
  if (first.done === true) return;
  const whole = startingWith(first.value, input);
  const packing = packingOf(first.value);
  if (packing === "gzip") yield* gunzip(operation, name, whole);
  else if (packing === "zstd") yield* unzstd(operation, name, whole);
  else yield* whole;
}

/** By the first four bytes. */
export function packingOf(bytes: Uint8Array): Packing {
  const [a, b, c, d] = bytes;
  if (a === 0x1f && b === 0x8b && c === 0x08) return "gzip";
  const frame = a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd;
  const skippable = a !== undefined && (a & 0xf0) === 0x50 && b === 0x2a && c === 0x4d && d === 0x18;
  return frame || skippable ? "zstd" : undefined;
}

/** The same bytes, the first piece of them at least `count` long where there are so many. */
export async function* atLeast(pieces: Pieces, count: number): Pieces {
  let first: Buffer | undefined = Buffer.alloc(0);
  for await (const piece of pieces) {
    if (first === undefined) yield piece;
    else {
      first = first.length === 0 ? piece : Buffer.concat([first, piece]);
      if (first.length < count) continue;
      yield first;
      first = undefined;
    }
  }
  if (first !== undefined && first.length > 0) yield first;
}

async function* startingWith(first: Buffer, rest: Pieces): Pieces {
  try {
    yield first;
    yield* rest;
  } finally {
    await rest.return(); // where the consumer stops at the first piece
  }
}

/** Members that follow each other are one content. The system's own zlib, on its threads. */
async function* gunzip(operation: string, name: string, pieces: Pieces): Pieces {
  const unpacked = createGunzip({ chunkSize: PIECE_BYTES });
  // The loop below gets the error; this promise says when both are closed.
  const closed = pipeline(Readable.from(pieces), unpacked).catch(() => undefined);
  try {
    for await (const piece of unpacked) yield piece as Buffer;
  } catch (error) {
    if (
      !(error instanceof Error) ||
      error instanceof TorchwrightError ||
      !String((error as NodeJS.ErrnoException).code).startsWith("Z_")
    ) {
      throw error;
    }
    throw damaged(
      operation,
      `expected gzip data in ${name}, got bytes that do not unpack (${error.message}); the file is damaged or cut short`,
      error,
    );
  } finally {
    unpacked.destroy();
    await closed;
    await pieces.return();
  }
}

async function* unzstd(operation: string, name: string, pieces: Pieces): Pieces {
  // Loaded where it is needed: importing the package is to be cheap.
  const { Decompress } = await import("fzstd");
  const unpacker = new Unzstd(Decompress);
  try {
    for await (const piece of pieces) yield* unpacker.push(piece);
    yield* unpacker.end();
  } catch (error) {
    if (!(error instanceof UnzstdError)) throw error;
    throw damaged(
      operation,
      `expected zstd data in ${name}, got bytes that do not unpack (${error.message}); the file is damaged or cut short`,
      error,
    );
  }
}
