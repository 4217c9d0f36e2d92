/** Builds both addons with cmake-js into `build/Release`. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import path from "node:path";
import type { Libtorch } from "../../lib/native/describe-libtorch";
import { checkBuildTools } from "./prerequisites";
import { runNode } from "./run";
import { hashOf, isStamped, removeStamp, writeStamp } from "./stamp";

const ADDONS = ["loader.node", "torchwright.node"] as const;

/** A file that includes libtorch's headers takes about this much memory to compile. */
const BYTES_PER_JOB = 3e9;

/** What the environment says about a build: cmake-js takes the type as a flag only, CMakeLists.txt reads the two others. */
export function environmentSettings(env: NodeJS.ProcessEnv = process.env): { readonly config: string; readonly words: readonly string[] } {
  const config = env.CMAKE_BUILD_TYPE || "Release";
  return { config, words: [config, env.CXXFLAGS ?? "", env.LDFLAGS ?? ""] };
}

/** Another build beside the usual one. */
export interface BuildVariant {
  /** Folder below the checkout. */
  readonly folder: string;
  /** Settings for CMake, as `NAME=VALUE`. */
  readonly defines: readonly string[];
}

const USUAL: BuildVariant = { folder: "build", defines: [] };

/** Builds what is not there yet for these sources and this libtorch; says whether it did. */
export async function buildAddon(root: string, libtorch: Libtorch, force: boolean, variant: BuildVariant = USUAL): Promise<boolean> {
  const build = path.join(root, variant.folder);
  const stamp = path.join(build, "addon.stamp");
  const packages = ["node-addon-api", "node-api-headers", "cmake-js"].map((name) => `${name} ${versionOf(root, name)}`);
  const words = [...packages, ...variant.defines, libtorch.version, process.platform, process.arch];
  const hash = hashOf(root, ["binding"], [...words, ...environmentSettings().words]);
  const complete = ADDONS.every((name) => existsSync(path.join(build, "Release", name)));
  if (!force && complete && isStamped(stamp, hash)) return false;

  checkBuildTools();
  removeStamp(stamp);
  try {
    await cmake(root, libtorch, variant, "configure");
  } catch {
    // The cache may be of another generator or compiler: begin from nothing, once.
    rmSync(path.join(build, "CMakeCache.txt"), { force: true });
    rmSync(path.join(build, "CMakeFiles"), { recursive: true, force: true });
    await cmake(root, libtorch, variant, "configure");
  }
  await cmake(root, libtorch, variant, "build");
  const missing = ADDONS.filter((name) => !existsSync(path.join(build, "Release", name)));
  if (missing.length > 0) throw new Error(`the build ended well, but left no ${missing.join(", ")} in ${variant.folder}/Release`);
  writeStamp(stamp, hash);
  return true;
}

async function cmake(root: string, libtorch: Libtorch, variant: BuildVariant, command: "configure" | "build"): Promise<void> {
  const jobs = process.env.TORCHWRIGHT_JOBS ?? Math.max(1, Math.min(availableParallelism(), Math.floor(totalmem() / BYTES_PER_JOB)));
  await runNode(root, "cmake-js/bin/cmake-js", [
    command,
    "--directory", path.join(root, "binding"),
    "--out", path.join(root, variant.folder),
    "--parallel", String(jobs),
    "--log-level", "warn",
    "--config", environmentSettings().config,
    ...(command === "configure" ? [`--CDLIBTORCH=${libtorch.root}`, `--CDLIBTORCH_VERSION=${libtorch.version}`, ...variant.defines.map((define) => `--CD${define}`)] : []),
  ]);
}

function versionOf(root: string, name: string): string {
  const file = path.join(root, "node_modules", name, "package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
