/** Builds both addons from `binding/` with cmake-js. A checkout's build and `torchwright build` both come here. */
import { existsSync, rmSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import path from "node:path";
import { ADDONS } from "../native/addon-folder";
import type { Libtorch } from "../native/describe-libtorch";
import { runNode } from "./run-node";

/** A file that includes libtorch's headers takes about this much memory to compile. */
const BYTES_PER_JOB = 3e9;

export interface CMakeBuild {
  /** `binding/`, with CMakeLists.txt. Nothing is written there. */
  readonly sources: string;
  /** Folder for objects; the addons come into `Release` below it. */
  readonly out: string;
  readonly libtorch: Libtorch;
  /** The folder whose `node_modules` has cmake-js. */
  readonly tools: string;
  /** Settings for CMake, as `NAME=VALUE`. */
  readonly defines: readonly string[];
}

/**
 * What the environment says about a build: cmake-js takes the type as a flag only, CMakeLists.txt reads the two others.
 */
export function environmentSettings(env: NodeJS.ProcessEnv = process.env): {
  readonly config: string;
  readonly words: readonly string[];
} {
  const config = env.CMAKE_BUILD_TYPE || "Release";
  return { config, words: [config, env.CXXFLAGS ?? "", env.LDFLAGS ?? ""] };
}

/** Whether both addons lie in the folder of a build. */
export function isComplete(out: string): boolean {
  return missing(out).length === 0;
}

/** Configures, and builds what is not built yet. */
export async function buildWithCMake(build: CMakeBuild): Promise<void> {
  try {
    await cmake(build, "configure");
  } catch {
    // The cache may be of another generator or compiler: begin from nothing, once.
    rmSync(path.join(build.out, "CMakeCache.txt"), { force: true });
    rmSync(path.join(build.out, "CMakeFiles"), { recursive: true, force: true });
    await cmake(build, "configure");
  }
  await cmake(build, "build");
  if (!isComplete(build.out)) {
    throw new Error(`the build ended well, but left no ${missing(build.out).join(", ")} in ${build.out}/Release`);
  }
}

function missing(out: string): string[] {
  return ADDONS.filter((name) => !existsSync(path.join(out, "Release", name)));
}

async function cmake(
  { sources, out, libtorch, tools, defines }: CMakeBuild,
  command: "configure" | "build",
): Promise<void> {
  const jobs =
    process.env.TORCHWRIGHT_JOBS ??
    Math.max(1, Math.min(availableParallelism(), Math.floor(totalmem() / BYTES_PER_JOB)));
  await runNode(tools, "cmake-js/bin/cmake-js", [
    command,
    "--directory",
    sources,
    "--out",
    out,
    "--parallel",
    String(jobs),
    "--log-level",
    "warn",
    "--config",
    environmentSettings().config,
    ...(command === "configure"
      ? [
          `--CDLIBTORCH=${libtorch.root}`,
          `--CDLIBTORCH_VERSION=${libtorch.version}`,
          ...defines.map((define) => `--CD${define}`),
        ]
      : []),
  ]);
}
