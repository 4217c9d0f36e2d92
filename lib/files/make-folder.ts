/** Makes a folder and those above it, one by one. */
import { mkdir, stat } from "node:fs/promises";
import path from "node:path";

/**
 * Makes `folder` where it is not there yet, with the folders above it. A path from a user may lead anywhere: where a
 * file system says of a new folder that it does not exist (`/proc`), Node's own recursive `mkdir` tries for ever. Fails
 * as `mkdir` does.
 */
export async function makeFolder(folder: string): Promise<void> {
  const absolute = path.resolve(folder);
  const above = path.dirname(absolute);
  try {
    return await makeOne(absolute);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || above === absolute) throw error;
  }
  await makeFolder(above);
  await makeOne(absolute); // once: others may be making the same ones, but none takes them away
}

async function makeOne(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    // There already, however the system says so: EEXIST, on a read-only disk EROFS, at the root EISDIR or EPERM.
    if (!(await stat(folder).catch(() => undefined))?.isDirectory()) throw error;
  }
}
