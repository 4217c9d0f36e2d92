/**
 * Writes both addons to `prebuilds/<platform>-<arch>` below a folder, as a published package has them.
 *
 * prebuildify drives node-gyp only and moves one file, so it works in a folder of its own that looks
 * like a finished node-gyp build: the loader as its product, the second addon as an artifact.
 */
import { chmodSync, copyFileSync, mkdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { locateLibtorch } from "../../lib/native/locate";
import { buildAddon } from "./addon";

interface PrebuildifyOptions {
  readonly name: string;
  readonly cwd: string;
  readonly out: string;
  readonly napi: boolean;
  readonly strip: boolean;
  readonly nodeGyp: string;
  readonly artifacts: string;
  readonly targets: readonly string[];
}

type Prebuildify = (options: PrebuildifyOptions, done: (error?: Error) => void) => void;

/** Builds the checkout's addons where that is not done yet; returns the folder that has them. */
export async function writePrebuilds(root: string, into: string): Promise<string> {
  await buildAddon(root, locateLibtorch(), false);
  const built = path.join(root, "build", "Release");
  const cwd = path.join(root, "build", `prebuild-${process.pid}`);
  const out = path.join(into, "prebuilds", `${process.platform}-${process.arch}`);
  rmSync(out, { recursive: true, force: true });

  const product = path.join(cwd, "build", "Release");
  const artifacts = path.join(cwd, "artifacts");
  for (const folder of [product, artifacts]) mkdirSync(folder, { recursive: true });
  copyFileSync(path.join(built, "loader.node"), path.join(product, "loader.node"));
  copyFileSync(path.join(built, "torchwright.node"), path.join(artifacts, "torchwright.node"));

  const shim = path.join(__dirname, "..", "node-gyp-shim.js");
  chmodSync(shim, 0o755);
  const prebuildify = createRequire(__filename)("prebuildify") as Prebuildify;
  try {
    await new Promise<void>((resolve, reject) => {
      prebuildify(
        {
          name: "loader",
          cwd,
          out: into,
          napi: true,
          strip: false,
          nodeGyp: shim,
          artifacts,
          targets: [process.versions.node],
        },
        (error) => (error ? reject(error) : resolve()),
      );
    });
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
  return out;
}
