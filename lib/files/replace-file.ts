/** Writes a file whole or not at all. */
import { randomBytes } from "node:crypto";
import { rename, rm } from "node:fs/promises";
import { TorchwrightError } from "../errors";

/**
 * Puts what `write` writes beside `file` in its place, in one rename: readers see the old file or the new one. Nothing
 * is left beside it where that fails; the error is what `write` or the rename threw, with the file's own name.
 */
export async function replaceFile(file: string, write: (beside: string) => Promise<void>): Promise<void> {
  const beside = `${file}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    await write(beside);
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined); // the first error is what counts
    if (!(error instanceof TorchwrightError) || !error.message.includes(beside)) throw error;
    throw new TorchwrightError(error.code, error.message.replaceAll(beside, file), { cause: error });
  }
}
