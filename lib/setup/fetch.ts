/** Brings libtorch into the cache: tries the sources in order, checks what came, renames it into place. */
import { rm } from "node:fs/promises";
import path from "node:path";
import { TorchwrightError } from "../errors";
import { describeLibtorch } from "../native/describe-libtorch";
import type { Libtorch } from "../native/describe-libtorch";
import { PINNED_VERSION, SUPPORTED_VERSIONS, cacheFolder, majorMinor } from "../native/locate";
import { lockFile, withLock } from "./cache-lock";
import { writeFailure, writingBelow } from "./disk";
import { clearLeftovers, damage, moveIntoPlace, writeManifest } from "./installed";
import { makeFolder } from "../files/make-folder";
import { namedSource } from "./named-source";
import { OFFICIAL, folderName, officialArchive } from "./release";
import type { Archive, Variant } from "./release";
import { archiveSource, findPython, wheelSource } from "./sources";
import type { Source } from "./sources";

export interface FetchOptions {
  /** Default cpu; with `from`, whichever build that is. */
  readonly variant?: Variant;
  /** Folder, archive or Python to take libtorch from; no other source is then tried. */
  readonly from?: string;
  /**
   * Host and path that stand in place of https://download.pytorch.org; default `TORCHWRIGHT_MIRROR`. No other source is
   * then tried.
   */
  readonly mirror?: string;
  /** Checksum of the archive, where none is pinned or another is expected. */
  readonly sha256?: string;
  /** Python whose pip is asked; default `PYTHON`, then python3. */
  readonly python?: string;
  /** Default `TORCHWRIGHT_CACHE`, then the per-user cache. */
  readonly cache?: string;
  /** Fetch again what is there. */
  readonly force?: boolean;
  /** No progress. */
  readonly quiet?: boolean;
  readonly log?: (line: string) => void;
}

/** What a setup did. */
export interface Fetched {
  readonly libtorch: Libtorch;
  /** False where it was there already. */
  readonly fetched: boolean;
  /** Where it came from, this time; absent where it was there. */
  readonly source?: string;
  /** What came over the network, as far as it went through us. */
  readonly downloadedBytes: number;
}

/**
 * The sources in the order they are tried: what is named explicitly, and nothing else; otherwise the
 * official archive, then pip as the user configured it, then pip with PyTorch's own index. The Linux
 * archive of a CUDA build comes without NVIDIA's libraries, so there the wheels go first.
 *
 * @throws TorchwrightError ERR_INVALID_ARG
 */
export function sourcesFor(options: FetchOptions, env: NodeJS.ProcessEnv = process.env): Source[] {
  const { variant = "cpu", from, sha256 } = options;
  if (from !== undefined) return [namedSource(from, sha256, env)];
  const mirror = mirrorOf(options, env);
  const archive = archiveSource(withChecksum(officialArchive(variant, mirror), sha256), variant);
  // A mirror's archive is checked against what is pinned here, its wheels only against its own index: for the CPU the
  // archive is all that is needed.
  if (mirror !== undefined && variant === "cpu") return [archive];
  const python = findPython(options.python, env);
  const indexed = wheelSource({ python, variant, suffixed: true, host: mirror ?? OFFICIAL });
  if (mirror !== undefined) return [indexed, archive];
  const wheels = [
    wheelSource({ python, variant, suffixed: true }),
    wheelSource({ python, variant, suffixed: false }),
    indexed,
  ];
  return variant === "cpu" ? [archive, ...wheels] : [...wheels, archive];
}

/**
 * Fetches libtorch into the cache; what is there already, and whole, is left as it is.
 *
 * @throws TorchwrightError ERR_FETCH_FAILED with each source tried, why it failed, and the ways out; ERR_DISK_FULL;
 *   ERR_FILE_WRITE; ERR_BUSY where another setup goes on for half an hour; ERR_INVALID_ARG
 */
export async function fetchLibtorch(
  options: FetchOptions = {},
  sources: readonly Source[] = sourcesFor(options),
  env: NodeJS.ProcessEnv = process.env,
): Promise<Fetched> {
  const cache = options.cache ?? cacheFolder(env);
  const log = options.log ?? ((line: string) => void process.stderr.write(`${line}\n`));
  const named = options.from !== undefined;
  const job: Job = {
    sources,
    variant: options.variant ?? (named ? undefined : "cpu"),
    named,
    cache,
    quiet: options.quiet ?? false,
    log,
  };
  const there = named || options.force ? undefined : await wholeInstall(job);
  if (there) return { libtorch: there, fetched: false, downloadedBytes: 0 };
  if (!named && env.TORCHWRIGHT_SKIP_DOWNLOAD === "1") throw skipped();
  return writingBelow(cache, "setup", () =>
    withLock(
      lockFile(cache),
      async () => {
        await clearLeftovers(cache);
        // Another process may have fetched it while this one waited.
        const now = named || options.force ? undefined : await wholeInstall(job);
        return now ? { libtorch: now, fetched: false, downloadedBytes: 0 } : trySources(job);
      },
      { log },
    ),
  );
}

interface Job {
  readonly sources: readonly Source[];
  readonly variant: Variant | undefined;
  readonly named: boolean;
  readonly cache: string;
  readonly quiet: boolean;
  readonly log: (line: string) => void;
}

/** What is installed of the wanted build; undefined where it is not, or is damaged, which is said. */
async function wholeInstall({ variant = "cpu", cache, log }: Job): Promise<Libtorch | undefined> {
  const folder = path.join(cache, folderName(variant));
  const there = describeLibtorch(folder);
  if (typeof there === "string") return undefined;
  const problem = await damage(folder);
  if (problem !== undefined) log(`libtorch ${PINNED_VERSION} ${variant} in ${folder}: ${problem}; fetching it again`);
  return problem === undefined ? there : undefined;
}

async function trySources(job: Job): Promise<Fetched> {
  const { cache, log } = job;
  const failures: string[] = [];
  let downloadedBytes = 0;
  const received = (bytes: number): void => void (downloadedBytes += bytes);
  for (const source of job.sources) {
    log(`${wanted(job)}: trying ${source.name}`);
    const staging = path.join(cache, `.unpack-${process.pid}-${failures.length}`);
    try {
      await makeFolder(staging);
      await source.fill({ staging, downloads: path.join(cache, "downloads"), quiet: job.quiet, received });
      const { version, variant } = checkContents(staging, job);
      await writeManifest(staging, source.name);
      await moveIntoPlace(staging, cache, folderName(variant, version));
      const libtorch = describeLibtorch(path.join(cache, folderName(variant, version)));
      if (typeof libtorch === "string") throw new Error(libtorch);
      return { libtorch, fetched: true, source: source.name, downloadedBytes };
    } catch (error) {
      const failure = await writeFailure(error, cache);
      if (failure) throw failure;
      const why = reason(error);
      failures.push(`${source.name}: ${why}`);
      log(`  failed: ${why}`);
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
  }
  throw allFailed(job, failures);
}

function checkContents(staging: string, { variant, named }: Job): Libtorch {
  const found = describeLibtorch(staging);
  if (typeof found === "string") throw new Error(found);
  if (named ? !SUPPORTED_VERSIONS.includes(majorMinor(found.version)) : found.version !== PINNED_VERSION) {
    throw new Error(`expected version ${named ? SUPPORTED_VERSIONS.join(", ") : PINNED_VERSION}, got ${found.version}`);
  }
  if (variant !== undefined && found.variant !== variant) {
    throw new Error(`expected the ${variant} build, got ${found.variant}`);
  }
  return found;
}

function mirrorOf(options: FetchOptions, env: NodeJS.ProcessEnv): string | undefined {
  const mirror = options.mirror ?? (env.TORCHWRIGHT_MIRROR || undefined);
  if (mirror === undefined || /^https?:\/\/[^/]/.test(mirror)) return mirror;
  const name = options.mirror === undefined ? "TORCHWRIGHT_MIRROR" : "--mirror";
  throw new TorchwrightError(
    "ERR_INVALID_ARG",
    `${name}: expected a URL of http or https, got ${JSON.stringify(mirror)}`,
  );
}

/** The size is pinned together with the checksum, and replaced together with it. */
function withChecksum(archive: Archive | undefined, sha256: string | undefined): Archive | undefined {
  return archive && sha256 !== undefined ? { url: archive.url, sha256 } : archive;
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message.split("\n")[0] ?? error.message;
}

function wanted({ named, variant }: Job): string {
  return ["libtorch", ...(named ? [] : [PINNED_VERSION]), ...(variant === undefined ? [] : [variant])].join(" ");
}

const WAYS_OUT = [
  "Ways out:",
  "  1. get the archive or the wheel elsewhere, and name it: npx torchwright setup --from <archive or folder>",
  `  2. install torch ${PINNED_VERSION} into a Python and take that: npx torchwright setup --from <python>`,
  "  3. name a mirror of https://download.pytorch.org: npx torchwright setup --mirror <url>",
  "  4. use a libtorch that is there, in place: LIBTORCH=<folder>",
].join("\n");

function allFailed(job: Job, failures: readonly string[]): TorchwrightError {
  const [first = ""] = failures;
  const list = failures.map((failure, index) => `  ${index + 1}. ${failure}`).join("\n");
  return new TorchwrightError(
    "ERR_FETCH_FAILED",
    failures.length === 1
      ? `${wanted(job)}: expected what was named to work, got: ${first}\n${WAYS_OUT}`
      : `${wanted(job)}: expected one source to work, all ${failures.length} failed:\n${list}\n${WAYS_OUT}`,
  );
}

function skipped(): TorchwrightError {
  return new TorchwrightError(
    "ERR_FETCH_FAILED",
    `libtorch ${PINNED_VERSION}: not fetched, because TORCHWRIGHT_SKIP_DOWNLOAD=1 is set. Unset it, or:\n${WAYS_OUT}`,
  );
}
