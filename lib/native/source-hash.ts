/** One number for the contents of files: what was built from which sources. */
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, statSync } from "node:fs";
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
