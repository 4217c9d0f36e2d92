/**
 * `torchwright build`: compiles the packed sources on the user's machine, into the cache, where they are found before
 * the prebuilt ones.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { TorchwrightError } from "../errors";
import { ADDONS, builtAddons, builtAddonsFolder } from "../native/addon-folder";
import type { Libtorch } from "../native/describe-libtorch";
import { cacheFolder, locateLibtorch, majorMinor, SUPPORTED_VERSIONS } from "../native/locate";
import { ownPackage } from "../native/package-root";
import { withLock } from "../setup/cache-lock";
import { writingBelow } from "../setup/disk";
import { buildWithCMake } from "./cmake";
import { checkBuildTools } from "./prerequisites";
import { buildTools } from "./tools";

export interface BuildOptions {
  /** Folder of the libtorch to build against; default: the one that a program would use. */
  readonly libtorch?: string;
  /** Build again what is there. Default false. */
  readonly force?: boolean;
  /** Gets what is being done. */
  readonly say: (line: string) => void;
}

export interface BuiltAddons {
  readonly folder: string;
  readonly libtorch: Libtorch;
  /** False where they were there already. */
  readonly built: boolean;
}

/**
 * Builds the addons for a libtorch, in the cache; the package's own folder is only read.
 *
 * @throws TorchwrightError ERR_LIBTORCH_NOT_FOUND, ERR_LIBTORCH_VERSION, ERR_PREREQUISITE, ERR_FETCH_FAILED,
 *   ERR_BUILD_FAILED, ERR_DISK_FULL, ERR_FILE_WRITE
 */
export async function buildAddons({ libtorch: named, force = false, say }: BuildOptions): Promise<BuiltAddons> {
  const libtorch = locateLibtorch(named === undefined ? {} : { folder: named });
  if (!SUPPORTED_VERSIONS.includes(majorMinor(libtorch.version))) {
    throw new TorchwrightError(
      "ERR_LIBTORCH_VERSION",
      `build: expected a libtorch of ${SUPPORTED_VERSIONS.join(", ")}, got ${libtorch.version} in ${libtorch.root}`,
    );
  }
  const there = builtAddons(libtorch.version);
  if (there !== undefined && !force) return { folder: there, libtorch, built: false };
  if (!existsSync(path.join(libtorch.root, "include", "ATen", "ATen.h"))) {
    throw new TorchwrightError(
      "ERR_LIBTORCH_NOT_FOUND",
      `build: expected libtorch with its headers, got ${libtorch.root} without include/ATen; npx torchwright setup --force fetches all of it`,
    );
  }
  checkBuildTools();
  say(`building for libtorch ${libtorch.version} ${libtorch.variant} in ${libtorch.root}`);
  const cache = cacheFolder();
  const folder = builtAddonsFolder(libtorch.version);
  await writingBelow(cache, "build", async () => {
    const tools = await buildTools(cache, say);
    await withLock(`${folder}.lock`, () => compile(libtorch, tools, folder, say), { log: say });
  });
  return { folder, libtorch, built: true };
}

/** Objects stay until the build succeeds, so that a second try goes on where the first one ended. */
async function compile(libtorch: Libtorch, tools: string, folder: string, say: (line: string) => void): Promise<void> {
  const out = `${folder}.objects`;
  say("compiling takes some minutes, and 3 GB of memory for each file at a time (TORCHWRIGHT_JOBS sets how many)");
  try {
    await buildWithCMake({
      sources: path.join(ownPackage.root, "binding"),
      out,
      libtorch,
      tools,
      defines: [`NODE_ADDON_API_DIR=${path.join(tools, "node_modules", "node-addon-api")}`],
    });
    checkThatTheyOpen(path.join(out, "Release"), libtorch);
  } catch (cause) {
    throw new TorchwrightError(
      "ERR_BUILD_FAILED",
      `build: expected the addons to compile and to open, got: ${cause instanceof Error ? cause.message : String(cause)}. ` +
        `The compiler's own words stand above; what was compiled so far is in ${out}.`,
      { cause },
    );
  }
  moveIntoPlace(path.join(out, "Release"), folder);
  rmSync(out, { recursive: true, force: true });
}

/** In a process of its own, with these addons in place of all others. */
function checkThatTheyOpen(addons: string, libtorch: Libtorch): void {
  const program =
    "try { require(process.argv[1]).libtorchInfo(); } catch (e) { console.error(e.message); process.exit(1); }";
  const env = { ...process.env, TORCHWRIGHT_ADDONS: addons, LIBTORCH: libtorch.root };
  const { status, signal, stderr } = spawnSync(process.execPath, ["-e", program, ownPackage.root], {
    env,
    encoding: "utf8",
    stdio: ["ignore", "ignore", "pipe"],
  });
  if (status !== 0) {
    throw new Error(`they were built, but could not be opened (${stderr.trim() || (signal ?? `exit code ${status}`)})`);
  }
}

/** The folder appears at once, with both addons in it. */
function moveIntoPlace(from: string, folder: string): void {
  const staging = mkdtempSync(`${folder}.new-`);
  for (const name of ADDONS) copyFileSync(path.join(from, name), path.join(staging, name));
  rmSync(folder, { recursive: true, force: true });
  renameSync(staging, folder);
}
