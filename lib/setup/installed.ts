/** The libtorchs in the cache: which are there, whether each is whole, and removing one. */
import { readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { TorchwrightError } from "../errors";
import { describeLibtorch } from "../native/describe-libtorch";
import type { Libtorch } from "../native/describe-libtorch";
import { cacheFolder, locateLibtorch } from "../native/locate";
import type { LocateOptions } from "../native/locate";
import { lockFile, withLock } from "./cache-lock";
import { writingBelow } from "./disk";
import { fileSizes, folderBytes } from "./folder-bytes";
import { makeFolder } from "../files/make-folder";

/** What lies in the cache under one name, `libtorch-2.13.0-cpu`. */
export interface Installed {
  /** As `--remove` takes it, `2.13.0-cpu`. */
  readonly name: string;
  readonly version?: string;
  readonly variant?: string;
  readonly bytes: number;
  /** Folder with `include` and `lib`, or the whole folder where it is none. */
  readonly path: string;
  /** Where it came from, as far as that is known. */
  readonly source?: string;
  /** Whether a program started now would take this one. */
  readonly used: boolean;
  /** What is wrong with it; `setup --force` mends it. */
  readonly problem?: string;
}

/** All that is installed, and what a program started now would take, which may lie elsewhere (LIBTORCH). */
export interface Inventory {
  readonly cache: string;
  readonly installed: readonly Installed[];
  /** Bytes of downloads that were cut short, which the next setup resumes. */
  readonly downloadBytes: number;
  readonly used?: Pick<Libtorch, "root" | "version" | "variant">;
  /** Why it would take none. */
  readonly unusable?: string;
}

/** What a setup writes beside the libraries: by it a damaged install is known without reading gigabytes. */
interface Manifest {
  readonly source: string;
  readonly date: string;
  readonly bytes: number;
  /** Sizes of what must be there to run, by path. Headers are not among them. */
  readonly libraries: Readonly<Record<string, number>>;
}

const MANIFEST = "fetched.json";
const PREFIX = "libtorch-";

/** Writes the manifest of a folder that was just filled. Returns its bytes. */
export async function writeManifest(folder: string, source: string): Promise<number> {
  const sizes = [...(await fileSizes(folder))];
  const bytes = sizes.reduce((sum, [, size]) => sum + size, 0);
  const libraries = Object.fromEntries(
    sizes.filter(([name]) => /^((lib)?torch|nvidia)\/(.*\/)?(lib|bin)\//.test(name)),
  );
  const manifest: Manifest = { source, date: new Date().toISOString(), bytes, libraries };
  await writeFile(path.join(folder, MANIFEST), `${JSON.stringify(manifest)}\n`);
  return bytes;
}

/** A sentence about the first library that is missing or has another size than it was installed with. */
export async function damage(folder: string): Promise<string | undefined> {
  const manifest = await readManifest(folder);
  if (!manifest?.libraries) return undefined; // installed by an earlier version, which wrote none
  for (const [name, bytes] of Object.entries(manifest.libraries)) {
    const got = (await stat(path.join(folder, name)).catch(() => undefined))?.size;
    if (got !== bytes) {
      return `${name} is damaged: expected ${bytes} bytes, ${got === undefined ? "it is missing" : `got ${got}`}`;
    }
  }
  return undefined;
}

/** Lists the cache. `wanted` is what the addon asks for, as its release. */
export async function listInstalled(
  wanted: LocateOptions = {},
  env: NodeJS.ProcessEnv = process.env,
): Promise<Inventory> {
  const cache = cacheFolder(env);
  const used = usedNow(wanted, env);
  const installed: Installed[] = [];
  for (const folder of await installedFolders(cache)) {
    const place = path.join(cache, folder);
    const found = describeLibtorch(place);
    const manifest = await readManifest(place);
    const problem = typeof found === "string" ? found : await damage(place);
    installed.push({
      name: folder.slice(PREFIX.length),
      ...(typeof found !== "string" && { version: found.version, variant: found.variant }),
      bytes: manifest?.bytes ?? (await folderBytes(place)),
      path: typeof found === "string" ? place : found.root,
      ...(manifest && { source: manifest.source }),
      used: typeof found !== "string" && typeof used !== "string" && used.root === found.root,
      ...(problem !== undefined && { problem }),
    });
  }
  return {
    cache,
    installed,
    downloadBytes: await folderBytes(path.join(cache, "downloads")),
    ...(typeof used === "string"
      ? { unusable: used }
      : { used: { root: used.root, version: used.version, variant: used.variant } }),
  };
}

/**
 * Removes one, by its name in the list, or `all` with the downloads that were cut short. Returns what was removed.
 *
 * @throws TorchwrightError ERR_INVALID_ARG for a name that is not in the list, with those that are; ERR_FILE_WRITE
 */
export async function removeInstalled(name: string, env: NodeJS.ProcessEnv = process.env): Promise<readonly string[]> {
  const cache = cacheFolder(env);
  const there = await installedFolders(cache);
  const folders = name === "all" ? there : there.filter((folder) => folder === name || folder === `${PREFIX}${name}`);
  if (folders.length === 0 && name !== "all") {
    const names = there.map((folder) => folder.slice(PREFIX.length));
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `setup --remove: expected all${names.length > 0 ? " or one of " : ""}${names.join(", ")}, got ${name}; ${cache} holds ${names.length === 0 ? "no libtorch" : "no such one"}`,
    );
  }
  if (there.length === 0 && (await folderBytes(path.join(cache, "downloads"))) === 0) return [];
  const remove = async (): Promise<void> => {
    for (const [at, folder] of folders.entries()) {
      // First out of sight: what is cut short leaves no half a libtorch.
      const aside = path.join(cache, `.removed-${process.pid}-${at}`);
      await rename(path.join(cache, folder), aside);
      await rm(aside, { recursive: true, force: true });
    }
    if (name === "all") await rm(path.join(cache, "downloads"), { recursive: true, force: true });
  };
  await writingBelow(cache, "setup --remove", () => withLock(lockFile(cache), remove));
  return folders.map((folder) => folder.slice(PREFIX.length));
}

/**
 * Clears away what a setup that was killed left, while no other one runs: half-filled and half-removed folders go, and
 * what was taken aside to be replaced comes back where its replacement did not come.
 */
export async function clearLeftovers(cache: string): Promise<void> {
  await makeFolder(cache);
  const names = await readdir(cache);
  for (const name of names) {
    const replaced = /^\.old-(libtorch-.+)$/.exec(name)?.[1];
    if (replaced !== undefined && !names.includes(replaced)) {
      await rename(path.join(cache, name), path.join(cache, replaced));
    } else if (/^\.(unpack|old|removed)-/.test(name)) {
      await rm(path.join(cache, name), { recursive: true, force: true });
    }
  }
}

/** The one step that makes an install visible: before it nothing is there, or what was; after it everything. */
export async function moveIntoPlace(staging: string, cache: string, folder: string): Promise<void> {
  const target = path.join(cache, folder);
  const old = path.join(cache, `.old-${folder}`);
  await rename(target, old).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
  try {
    await rename(staging, target);
  } catch (error) {
    await rename(old, target).catch(() => undefined);
    throw error;
  }
  await rm(old, { recursive: true, force: true });
}

async function installedFolders(cache: string): Promise<string[]> {
  const names = await readdir(cache).catch((): string[] => []);
  return names.filter((name) => name.startsWith(PREFIX)).sort();
}

function usedNow(wanted: LocateOptions, env: NodeJS.ProcessEnv): Libtorch | string {
  try {
    return locateLibtorch(wanted, env);
  } catch (error) {
    return error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
  }
}

async function readManifest(folder: string): Promise<Partial<Manifest> | undefined> {
  try {
    return JSON.parse(await readFile(path.join(folder, MANIFEST), "utf8")) as Partial<Manifest>;
  } catch {
    return undefined;
  }
}
