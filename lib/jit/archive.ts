/**
 * Checks a TorchScript archive before libtorch sees it. The file is a zip with a CRC-32 for each entry,
 * which libtorch does not verify: flipped bits would load silently.
 */
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { TorchwrightError } from "../errors";
import { readDirectory, verifyEntry, zipSource } from "./zip-directory";

/**
 * Verifies structure and checksums of the archive.
 *
 * @throws TorchwrightError ERR_FILE_NOT_FOUND, ERR_SCRIPT_LOAD naming the damaged entry
 */
export async function verifyArchive(path: string): Promise<void> {
  let file: FileHandle;
  try {
    file = await open(path, "r");
  } catch (cause) {
    throw new TorchwrightError(
      "ERR_FILE_NOT_FOUND",
      `jit.load: expected a file, got ${path}: ${(cause as Error).message}`,
      { cause },
    );
  }
  try {
    const source = await zipSource(path, file);
    for (const entry of await readDirectory(source)) await verifyEntry(source, entry);
  } catch (error) {
    throw new TorchwrightError(
      "ERR_SCRIPT_LOAD",
      `jit.load: expected an undamaged TorchScript archive (torch.jit.save), got ${path}: ${(error as Error).message}`,
    );
  } finally {
    await file.close();
  }
}
