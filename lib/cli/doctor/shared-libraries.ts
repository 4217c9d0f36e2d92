/**
 * Which shared libraries a library needs and the system does not find, asked of the system's own loader, as `ldd` does.
 */
import { spawnSync } from "node:child_process";
import path from "node:path";

/** What the loader says of a file. */
export interface Unresolved {
  /** Names of libraries that it does not find, with those that the found ones need. */
  readonly missing: readonly string[];
  /** Other complaints: versions of symbols that a library lacks, a file that is damaged. */
  readonly complaints: readonly string[];
}

/**
 * Asks about `file`, without running any of its code. `beside` is a folder whose libraries will have been opened before
 * it. Undefined where the loader cannot be asked: not Linux, or not glibc.
 */
export function unresolvedLibraries(file: string, beside?: string): Unresolved | undefined {
  const loader = dynamicLoader();
  if (loader === undefined) return undefined;
  const { LD_LIBRARY_PATH: set } = process.env;
  const search = [beside, set].filter((part) => part !== undefined && part !== "").join(":");
  const result = spawnSync(loader, [file], {
    encoding: "utf8",
    timeout: 60_000,
    env: { ...process.env, LD_TRACE_LOADED_OBJECTS: "1", ...(search !== "" && { LD_LIBRARY_PATH: search }) },
  });
  // It maps the file and reads what lies there: one that was cut short kills it.
  if (result.signal !== null) {
    return {
      missing: [],
      complaints: [`${file} is damaged: the system's loader was killed by ${result.signal} while it read it`],
    };
  }
  const lines = `${result.stdout}\n${result.stderr}`.split("\n").map((line) => line.trim());
  const missing = lines.map((line) => /^(\S+) => not found$/.exec(line)?.[1]).filter((name) => name !== undefined);
  const complaints = lines
    .filter((line) => /error while loading|version `[^']*' not found|error:/.test(line))
    .map((line) => line.replace(/^.*error while loading shared libraries: /, ""));
  return { missing: [...new Set(missing)], complaints };
}

/** glibc's loader by its path in this process; musl's has another name and traces nothing. */
function dynamicLoader(): string | undefined {
  if (process.platform !== "linux") return undefined;
  const { report } = process as { report: { excludeNetwork?: boolean; getReport(): unknown } };
  report.excludeNetwork = true; // names of network peers take seconds to look up
  const { sharedObjects } = report.getReport() as { sharedObjects: readonly string[] };
  return sharedObjects.find((file) => /^ld-linux.*\.so/.test(path.basename(file)));
}

/** What brings a missing library, for the ones that are missed in practice. */
export function remedyFor(missing: readonly string[]): string {
  if (missing.some((name) => /^lib(cu|nv|nccl)/.test(name))) {
    return "npx torchwright setup --cuda --force brings NVIDIA's libraries";
  }
  if (missing.includes("libgomp.so.1")) return "apt-get install libgomp1, or dnf install libgomp";
  if (missing.includes("libstdc++.so.6")) return "apt-get install libstdc++6, or dnf install libstdc++";
  return "npx torchwright setup --force fetches libtorch again; what is not libtorch's, the system's package manager has";
}
