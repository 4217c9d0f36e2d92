/** Finds libtorch on this machine: what is asked for, `LIBTORCH`, the cache, a Python on request. */
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";
import { TorchwrightError } from "../errors";
import { describeLibtorch } from "./describe-libtorch";
import type { Libtorch } from "./describe-libtorch";
import { homeFolder } from "./home-folder";

/** The release that is fetched, and that prebuilt addons are built for. */
export const PINNED_VERSION = "2.13.0";

/** Releases whose headers the addon compiles against, as `major.minor`. */
export const SUPPORTED_VERSIONS: readonly string[] = ["2.11", "2.12", "2.13", "2.14"];

/** Which libtorch is taken. */
export interface LocateOptions {
  /** Folder of libtorch; nothing else is then looked at. */
  readonly folder?: string;
  /** Python whose installed torch to use; nothing else is then looked at. Never used unasked. */
  readonly python?: string;
  /** Of several in the cache, this variant only; default: one with an accelerator first. */
  readonly variant?: string;
  /** Of several in the cache, this release first; default: the pinned one. */
  readonly version?: string;
}

/** The per-user folder for what is fetched: libtorch, and the demo's data. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.TORCHWRIGHT_CACHE) return path.resolve(env.TORCHWRIGHT_CACHE);
  if (env.XDG_CACHE_HOME) return path.resolve(env.XDG_CACHE_HOME, "torchwright");
  switch (process.platform) {
    case "darwin":
      return path.join(homeFolder(), "Library", "Caches", "torchwright");
    case "win32":
      return path.join(env.LOCALAPPDATA ?? path.join(homeFolder(), "AppData", "Local"), "torchwright", "Cache");
    default:
      return path.join(homeFolder(), ".cache", "torchwright");
  }
}

/** `2.13` of `2.13.0`: what must be equal between headers and library. */
export function majorMinor(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}

/**
 * Finds libtorch. What is named explicitly, by option or `LIBTORCH`, is never passed over silently.
 *
 * @throws TorchwrightError ERR_LIBTORCH_NOT_FOUND: four lines with the command that helps; `cause` lists each place
 *   looked at.
 */
export function locateLibtorch(options: LocateOptions = {}, env: NodeJS.ProcessEnv = process.env): Libtorch {
  if (options.folder !== undefined) return explicit(options.folder, "the folder given");
  if (options.python !== undefined) return explicit(torchOfPython(options.python), `torch of ${options.python}`);
  if (env.LIBTORCH) return explicit(env.LIBTORCH, "LIBTORCH");

  const cache = cacheFolder(env);
  const looked: string[] = [];
  const candidates: Libtorch[] = [];
  for (const name of readCache(cache)) {
    const found = describeLibtorch(path.join(cache, name));
    if (typeof found === "string") looked.push(`${path.join(cache, name)}: ${found}`);
    else if (options.variant !== undefined && options.variant !== found.variant) {
      looked.push(`${found.root}: is ${found.variant}, not ${options.variant}`);
    } else if (!SUPPORTED_VERSIONS.includes(majorMinor(found.version))) {
      looked.push(`${found.root}: is ${found.version}, not one of ${SUPPORTED_VERSIONS.join(", ")}`);
    } else candidates.push(found);
  }
  const [best] = candidates.sort((a, b) => rank(b, options) - rank(a, options));
  if (best) return best;
  const wanted = options.variant === undefined ? "a release" : `the ${options.variant} build of a release`;
  const there = looked.length > 0 ? `${looked.length} that cannot be used` : "none";
  throw notFound(
    `expected ${wanted} of ${SUPPORTED_VERSIONS[0]} to ${SUPPORTED_VERSIONS.at(-1)}, found ${there} in ${cache}, and LIBTORCH is not set.`,
    ["LIBTORCH: not set", ...(looked.length > 0 ? looked : [`${cache}: no libtorch there`])],
  );
}

function rank(found: Libtorch, options: LocateOptions): number {
  const wanted = options.version ?? PINNED_VERSION;
  const fits = majorMinor(found.version) === majorMinor(wanted);
  return (fits ? 4 : 0) + (found.version === wanted ? 2 : 0) + (found.variant === "cpu" ? 0 : 1);
}

function readCache(cache: string): string[] {
  try {
    return readdirSync(cache)
      .filter((name) => /^libtorch-[^.]/.test(name))
      .sort()
      .reverse();
  } catch {
    return [];
  }
}

function explicit(folder: string, origin: string): Libtorch {
  const found = describeLibtorch(folder);
  if (typeof found !== "string") return found;
  return fail(`${origin}: ${path.resolve(folder)} ${found}`);
}

function torchOfPython(python: string): string {
  // find_spec does not import torch, which would take seconds.
  const program =
    "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')";
  let folder: string;
  try {
    folder = execFileSync(python, ["-c", program], {
      encoding: "utf8",
      timeout: 30_000,
      stdio: ["ignore", "pipe", "pipe"],
    }).trim();
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    return fail(`Python ${python}: could not be run (${reason})`);
  }
  return folder === "" ? fail(`Python ${python}: has no torch installed`) : folder;
}

/** For what was named: nothing else was looked at. */
function fail(looked: string): never {
  throw notFound(`expected one where it was named, found none. ${looked}.`, [looked]);
}

/** Four lines, the third the command alone. */
function notFound(what: string, looked: readonly string[]): TorchwrightError {
  return new TorchwrightError(
    "ERR_LIBTORCH_NOT_FOUND",
    [
      `libtorch: ${what}`,
      "Fetch it, once for this user; needs no compiler, 0.6 GB of disk for the CPU, 7 GB for CUDA:",
      "    npx torchwright setup",
      "Or use one that is here, in place: LIBTORCH=<folder of libtorch, or of the Python package torch>.",
    ].join("\n"),
    { cause: looked },
  );
}
