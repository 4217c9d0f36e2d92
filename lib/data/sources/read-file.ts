/** Reads a file's bytes in order, one piece ahead of the consumer. */
import { type FileHandle, open } from "node:fs/promises";
import { damaged, fileError, notAFile } from "./file-errors";

/** Bytes that are read, decoded and given to the consumer at once. */
export const PIECE_BYTES = 256 * 1024;

/**
 * The bytes of a file, each piece in memory of its own. The file is closed when the generator ends in any way.
 *
 * Throws ERR_FILE_NOT_FOUND, and ERR_FILE_READ also for a folder and for a file that became shorter meanwhile.
 */
export async function* readFileBytes(
  operation: string,
  file: string,
  signal?: AbortSignal,
): AsyncGenerator<Buffer, void, void> {
  const handle = await openFile(operation, file);
  let ahead: Promise<Buffer> | undefined;
  try {
    const stats = await handle.stat();
    let total = 0;
    ahead = readAhead(handle);
    for (;;) {
      const piece = await ahead.catch((error: unknown) => {
        throw fileError(operation, file, error);
      });
      if (piece.length === 0) break;
      total += piece.length;
      ahead = readAhead(handle);
      signal?.throwIfAborted();
      yield piece;
    }
    if (stats.isFile() && total < stats.size) {
      throw damaged(
        operation,
        `expected ${stats.size} bytes in ${file}, as when it was opened, got ${total}: it was cut while being read`,
      );
    }
  } finally {
    await ahead?.catch(() => undefined); // a handle must not be closed under a read
    await handle.close();
  }
}

/** Opens a file to read it; the caller closes it. Throws ERR_FILE_NOT_FOUND, ERR_FILE_READ. */
export async function openFile(operation: string, file: string): Promise<FileHandle> {
  let handle: FileHandle;
  try {
    handle = await open(file, "r");
  } catch (error) {
    throw fileError(operation, file, error);
  }
  try {
    if ((await handle.stat()).isDirectory()) throw notAFile(operation, file);
    return handle;
  } catch (error) {
    await handle.close();
    throw fileError(operation, file, error);
  }
}

function readAhead(handle: FileHandle): Promise<Buffer> {
  const read = (async () => {
    const buffer = Buffer.allocUnsafeSlow(PIECE_BYTES);
    const { bytesRead } = await handle.read(buffer, 0, PIECE_BYTES, null);
    return buffer.subarray(0, bytesRead);
  })();
  read.catch(() => undefined); // reported where it is awaited, which an early end may never do
  return read;
}
