/** Brings libtorch into the cache: tries the sources in order, checks what came, renames it into place. */
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { TorchwrightError } from "../errors";
import { describeLibtorch } from "../native/describe-libtorch";
import type { Libtorch } from "../native/describe-libtorch";
import { PINNED_VERSION, cacheFolder } from "../native/locate";
import { withLock } from "./cache-lock";
import type { Archive, Variant } from "./release";
import { folderName, officialArchive } from "./release";
import { archiveSource, findPython, namedSource, pipSource, pythonSource } from "./sources";
import type { Source } from "./sources";

export interface FetchOptions {
  /** Default cpu. */
  readonly variant?: Variant;
  /** Folder or archive to take; no other source is then tried. */
  readonly from?: string;
  /** Python whose installed torch to copy; no other source is then tried. */
  readonly fromPython?: string;
  /** Another address of the official archive; no other source is then tried. */
  readonly archiveUrl?: string;
  /** Only this kind of source. */
  readonly only?: "archive" | "pip";
  /** Checksum of the archive, where none is pinned or another is expected. */
  readonly sha256?: string;
  /** Python whose pip is asked; default `PYTHON`, then python3. */
  readonly python?: string;
  readonly cache?: string;
  /** Fetch again what is there. */
  readonly force?: boolean;
  readonly quiet?: boolean;
  readonly log?: (line: string) => void;
}

/**
 * The sources in the order they are tried: what is named explicitly, and nothing else; otherwise the
 * official archive, then pip as the user configured it, then pip with PyTorch's own index. The Linux
 * archive of a CUDA build comes without NVIDIA's libraries, so there the wheels go first.
 */
export function sourcesFor(options: FetchOptions, env: NodeJS.ProcessEnv = process.env): Source[] {
  const variant = options.variant ?? "cpu";
  if (options.from !== undefined) return [namedSource(options.from, options.sha256)];
  if (options.fromPython !== undefined) return [pythonSource(options.fromPython)];
  const official = officialArchive(variant);
  if (options.archiveUrl !== undefined) {
    const elsewhere: Archive = { ...official, url: options.archiveUrl };
    // The size is pinned together with the checksum, and replaced together with it.
    return [archiveSource(options.sha256 === undefined ? elsewhere : { url: options.archiveUrl }, options.sha256 ?? official?.sha256)];
  }
  const archive = archiveSource(official, options.sha256);
  if (options.only === "archive") return [archive];
  const python = findPython(options.python, env);
  const wheels = [
    pipSource(python, variant, true, false),
    pipSource(python, variant, false, false),
    pipSource(python, variant, true, true),
  ];
  if (options.only === "pip") return wheels;
  return variant === "cpu" ? [archive, ...wheels] : [...wheels, archive];
}

/**
 * Fetches libtorch into the cache and returns where it lies; what is there already is returned as it is.
 *
 * @throws TorchwrightError ERR_FETCH_FAILED with each source tried, why it failed, and the ways out.
 */
export async function fetchLibtorch(
  options: FetchOptions = {},
  sources: readonly Source[] = sourcesFor(options),
  env: NodeJS.ProcessEnv = process.env,
): Promise<Libtorch> {
  const cache = options.cache ?? cacheFolder(env);
  const log = options.log ?? ((line: string) => void process.stderr.write(`${line}\n`));
  const named = options.from !== undefined || options.fromPython !== undefined;
  const variant = options.variant ?? (named ? undefined : "cpu");
  if (variant !== undefined && !options.force) {
    const there = describeLibtorch(path.join(cache, folderName(variant)));
    if (typeof there !== "string") return there;
  }
  if (!named && env.TORCHWRIGHT_SKIP_DOWNLOAD === "1") throw skipped();
  return withLock(
    path.join(cache, ".libtorch.lock"),
    async () => {
      await removeLeftovers(cache);
      const there = variant === undefined ? "" : describeLibtorch(path.join(cache, folderName(variant)));
      // Another process may have fetched it while this one waited.
      if (typeof there !== "string" && !options.force) return there;
      return trySources(sources, variant, cache, options.quiet ?? false, log);
    },
    { log },
  );
}

async function trySources(
  sources: readonly Source[],
  variant: Variant | undefined,
  cache: string,
  quiet: boolean,
  log: (line: string) => void,
): Promise<Libtorch> {
  const failures: string[] = [];
  for (const source of sources) {
    log(`libtorch ${PINNED_VERSION} ${variant ?? ""}: trying ${source.name}`);
    const staging = path.join(cache, `.unpack-${process.pid}-${failures.length}`);
    try {
      await rm(staging, { recursive: true, force: true });
      await mkdir(staging, { recursive: true });
      await source.fill({ staging, downloads: path.join(cache, "downloads"), quiet });
      const found = checkContents(staging, variant);
      await writeFile(path.join(staging, "fetched.json"), `${JSON.stringify({ source: source.name, date: new Date() })}\n`);
      return await moveIntoPlace(staging, path.join(cache, folderName(found.variant)));
    } catch (error) {
      const why = reason(error);
      failures.push(`${source.name}: ${why}`);
      log(`  failed: ${why}`);
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
  }
  throw allFailed(variant, failures);
}

function checkContents(staging: string, variant: Variant | undefined): Libtorch {
  const found = describeLibtorch(staging);
  if (typeof found === "string") throw new Error(found);
  if (found.version !== PINNED_VERSION) {
    throw new Error(
      `expected version ${PINNED_VERSION}, got ${found.version}; a release of another version is used in place with LIBTORCH`,
    );
  }
  if (variant !== undefined && found.variant !== variant) throw new Error(`expected the ${variant} build, got ${found.variant}`);
  return found;
}

/** The one step that makes it visible: before it nothing is there, after it everything. */
async function moveIntoPlace(staging: string, target: string): Promise<Libtorch> {
  const old = path.join(path.dirname(target), `.old-${process.pid}`);
  await rename(target, old).catch(() => undefined);
  await rename(staging, target);
  await rm(old, { recursive: true, force: true });
  const found = describeLibtorch(target);
  if (typeof found === "string") throw new Error(found);
  return found;
}

/** What a fetch that was killed left; no other fetch is running while the lock is held. */
async function removeLeftovers(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    if (/^\.(unpack|old)-/.test(name)) await rm(path.join(cache, name), { recursive: true, force: true });
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof TorchwrightError ? error.message.split("\n").slice(1, 2).join("").trim() || error.message : error.message;
}

const WAYS_OUT = [
  "Ways out:",
  "  1. get the archive or wheel elsewhere and name it: npm run torchwright -- setup --from <archive or folder>",
  `  2. install torch ${PINNED_VERSION} into a Python and take that: npm run torchwright -- setup --from-python <python>`,
  "  3. use a libtorch that is there, in place: LIBTORCH=<folder> npm install",
].join("\n");

function allFailed(variant: Variant | undefined, failures: readonly string[]): TorchwrightError {
  const list = failures.map((failure, index) => `  ${index + 1}. ${failure}`).join("\n");
  return new TorchwrightError(
    "ERR_FETCH_FAILED",
    `libtorch ${PINNED_VERSION} ${variant ?? ""}: expected one source to work, all ${failures.length} failed:\n${list}\n${WAYS_OUT}`,
  );
}

function skipped(): TorchwrightError {
  return new TorchwrightError(
    "ERR_FETCH_FAILED",
    `libtorch ${PINNED_VERSION}: not fetched, because TORCHWRIGHT_SKIP_DOWNLOAD=1 is set.\n${WAYS_OUT}\n  or unset it and run npm install again.`,
  );
}
