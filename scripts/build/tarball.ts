/**
 * Makes the package's tarball, which is checked and published: from a copy of what belongs to it, so that the checkout,
 * whose own build the prebuilt addons would hide, stays as it is.
 */
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { buildDist } from "./dist";
import { writePrebuilds } from "./prebuilds";

export interface Tarball {
  readonly file: string;
  readonly version: string;
  /** Packed. */
  readonly bytes: number;
  readonly unpackedBytes: number;
  /** Paths inside the package. */
  readonly files: readonly string[];
}

interface Packed {
  readonly filename: string;
  readonly version: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

/** Compiles and builds what is not up to date, and packs into `destination`, an empty folder. */
export async function makeTarball(root: string, destination: string): Promise<Tarball> {
  await buildDist(root, false);
  const stage = path.join(destination, "stage");
  mkdirSync(stage, { recursive: true });
  const { files } = writeManifest(root, stage);
  for (const name of files) {
    const source = path.join(root, name); // of what is left out again, "!docs/x", there is none
    if (name !== "prebuilds" && existsSync(source)) cpSync(source, path.join(stage, name), { recursive: true });
  }
  await writePrebuilds(root, stage);
  const { stdout } = await promisify(execFile)(
    "npm",
    ["pack", "--ignore-scripts", "--json", "--pack-destination", destination],
    { cwd: stage },
  );
  const [packed] = JSON.parse(stdout) as [Packed];
  return {
    file: path.join(destination, packed.filename),
    version: packed.version,
    bytes: packed.size,
    unpackedBytes: packed.unpackedSize,
    files: packed.files.map((file) => file.path),
  };
}

/**
 * Without what is a checkout's alone: of a `prepare`, which it would never run, npm warns whoever installs the tarball.
 */
function writeManifest(root: string, stage: string): { readonly files: readonly string[] } {
  const {
    scripts: _scripts,
    devDependencies: _tools,
    ...manifest
  } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as {
    readonly files: readonly string[];
  } & Readonly<Record<string, unknown>>;
  writeFileSync(path.join(stage, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}
