/** Puts a stream into a file for a while, for a format that is read from its end. */
import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileError } from "./file-errors";

/** A file that is gone when it is closed. */
export interface Spooled extends AsyncDisposable {
  readonly handle: FileHandle;
}

/**
 * Writes the pieces to a temporary file in the system's folder for these. Throws ERR_FILE_READ where it cannot, as when
 * the disk is full.
 */
export async function spool(operation: string, pieces: AsyncGenerator<Buffer, void, void>): Promise<Spooled> {
  const folder = await mkdtemp(path.join(tmpdir(), "torchwright-"));
  let handle: FileHandle | undefined;
  const dispose = async (): Promise<void> => {
    await handle?.close();
    await rm(folder, { recursive: true, force: true });
  };
  const file = path.join(folder, "content");
  try {
    handle = await open(file, "wx+");
    for await (const piece of pieces) {
      for (let written = 0; written < piece.length;) written += (await handle.write(piece, written)).bytesWritten;
    }
    return { handle, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw (error as NodeJS.ErrnoException).syscall === undefined ? error : fileError(operation, file, error);
  }
}
