/**
 * Where this package lies, and what it requires. The rest of lib asks here: compiled, all of it is in few files, where
 * the place of a source says nothing.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

interface Manifest {
  readonly name: string;
  readonly version: string;
}

interface Package {
  /** Folder of `package.json`: a checkout, or where the package is installed. */
  readonly root: string;
  readonly version: string;
  /** `require` as seen from there, which no bundler follows. */
  readonly require: NodeJS.Require;
}

/** This package. */
export const ownPackage: Package = findPackage(__dirname);

function findPackage(start: string): Package {
  for (let folder = start; ; folder = path.dirname(folder)) {
    const file = path.join(folder, "package.json");
    const manifest = readManifest(file);
    if (manifest?.name === "torchwright") {
      return { root: folder, version: manifest.version, require: createRequire(file) };
    }
    if (folder === path.dirname(folder)) {
      throw new Error(
        `torchwright: expected its package.json in ${start} or above, found none; the package is not complete`,
      );
    }
  }
}

function readManifest(file: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Manifest;
  } catch {
    return undefined; // none in this folder
  }
}
