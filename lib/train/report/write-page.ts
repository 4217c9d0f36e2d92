/** Writes a page so that it is whole or not there. */
import { rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { TorchwrightError } from "../../errors";
import { makeFolder } from "../../setup/make-folder";

/**
 * Makes the folder where there is none, then the text, and puts it in place in one rename: readers see the old file or
 * the new one.
 * @throws TorchwrightError ERR_FILE_WRITE, and what `make` throws
 */
export async function writePage(file: string, make: () => Promise<string>): Promise<void> {
  const target = path.resolve(file);
  const partial = `${target}.partial`;
  try {
    // Before the work of making it: what cannot be written should be known at once.
    await writing(file, async () => {
      await makeFolder(path.dirname(target));
      const there = await stat(target).catch(() => undefined);
      if (there?.isDirectory()) throw new Error("it is a folder");
      await writeFile(partial, "");
    });
    const text = await make();
    await writing(file, async () => {
      await writeFile(partial, text);
      await rename(partial, target);
    });
  } catch (error) {
    await rm(partial, { force: true }).catch(() => undefined); // the first error is what counts
    throw error;
  }
}

async function writing(file: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    throw new TorchwrightError(
      "ERR_FILE_WRITE",
      `report: expected a file that can be written, got ${file}: ${(cause as Error).message}`,
      { cause },
    );
  }
}
