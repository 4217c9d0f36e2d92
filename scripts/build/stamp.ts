/** Remembers what was built from which sources, so that the next install does not build it again. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

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
