/** Remembers what was built from which sources, so that the next install does not build it again. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Hash over the contents of files and folders (recursively, in a fixed order) and further words. */
export function hashOf(root: string, inputs: readonly string[], words: readonly string[]): string {
  const hash = createHash("sha256");
  for (const word of words) hash.update(`${word}\0`);
  for (const file of inputs.flatMap((input) => filesUnder(path.join(root, input)))) {
    hash.update(`${path.relative(root, file)}\0`).update(readFileSync(file));
  }
  return hash.digest("hex");
}

function filesUnder(entry: string): string[] {
  if (!statSync(entry).isDirectory()) return [entry];
  return readdirSync(entry, { recursive: true, withFileTypes: true })
    .filter((inner) => inner.isFile())
    .map((inner) => path.join(inner.parentPath, inner.name))
    .sort();
}

/** Whether `file` holds this hash. */
export function isStamped(file: string, hash: string): boolean {
  try {
    return readFileSync(file, "utf8") === hash;
  } catch {
    return false;
  }
}

export function writeStamp(file: string, hash: string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, hash);
}

/** Taken away before a build, so that one that is cut short does not count as done. */
export function removeStamp(file: string): void {
  rmSync(file, { force: true });
}
