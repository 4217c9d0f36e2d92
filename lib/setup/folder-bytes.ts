/** How much a file or folder takes, and which files are in it. */
import { readdir, stat } from "node:fs/promises";
import path from "node:path";

/** Sizes of all files below `folder`, by path relative to it; links are followed. */
export async function fileSizes(folder: string): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (entry.isDirectory()) continue;
    const file = path.join(entry.parentPath, entry.name);
    sizes.set(path.relative(folder, file).split(path.sep).join("/"), (await stat(file)).size);
  }
  return sizes;
}

/** Bytes of a file, or of all files below a folder; 0 where there is none. */
export async function folderBytes(place: string): Promise<number> {
  const found = await stat(place).catch(() => undefined);
  if (!found) return 0;
  if (!found.isDirectory()) return found.size;
  let sum = 0;
  for (const bytes of (await fileSizes(place)).values()) sum += bytes;
  return sum;
}
