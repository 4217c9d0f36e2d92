/** Writes a page so that it is whole or not there. */
import { stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { TorchwrightError } from "../../errors";
import { makeFolder } from "../../setup/make-folder";
import { replaceFile } from "../../setup/replace-file";

/**
 * Makes the folder where there is none, then the text, and puts it in place in one rename: readers see the old file or
 * the new one.
 * @throws TorchwrightError ERR_FILE_WRITE, and what `make` throws
 */
export async function writePage(file: string, make: () => Promise<string>): Promise<void> {
  const target = path.resolve(file);
  let making = false;
  try {
    await makeFolder(path.dirname(target));
    const there = await stat(target).catch(() => undefined);
    if (there?.isDirectory()) throw new Error("it is a folder");
    await replaceFile(target, async (beside) => {
      await writeFile(beside, ""); // before the work of making it: what cannot be written should be known at once
      making = true;
      const text = await make();
      making = false;
      await writeFile(beside, text);
    });
  } catch (cause) {
    if (making) throw cause;
    throw new TorchwrightError(
      "ERR_FILE_WRITE",
      `report: expected a file that can be written, got ${file}: ${(cause as Error).message}`,
      { cause },
    );
  }
}
