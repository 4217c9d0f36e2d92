/** Writes a page so that it is whole or not there. */
import { randomBytes } from "node:crypto";
import { rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { TorchwrightError } from "../../errors";
import { makeFolder } from "../../files/make-folder";
import { replaceFile } from "../../files/replace-file";

/**
 * Makes the folder where there is none, then the text, and puts it in place in one rename: readers see the old file or
 * the new one.
 * @throws TorchwrightError ERR_FILE_WRITE, and what `make` throws
 */
export async function writePage(file: string, make: () => Promise<string>): Promise<void> {
  await checkPage(file);
  const text = await make();
  try {
    await replaceFile(path.resolve(file), (beside) => writeFile(beside, text));
  } catch (cause) {
    throw unwritable(file, cause);
  }
}

/** Finds out, before the work of making a page, whether it can be written. Throws ERR_FILE_WRITE. */
export async function checkPage(file: string): Promise<void> {
  const target = path.resolve(file);
  try {
    await makeFolder(path.dirname(target));
    const there = await stat(target).catch(() => undefined);
    if (there?.isDirectory()) throw new Error("it is a folder");
    const beside = `${target}.${randomBytes(4).toString("hex")}.tmp`;
    await writeFile(beside, "");
    await rm(beside);
  } catch (cause) {
    throw unwritable(file, cause);
  }
}

function unwritable(file: string, cause: unknown): TorchwrightError {
  return new TorchwrightError(
    "ERR_FILE_WRITE",
    `report: expected a file that can be written, got ${file}: ${(cause as Error).message}`,
    { cause },
  );
}
