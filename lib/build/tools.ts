/**
 * The npm packages that a build needs and the published package does not bring along: fetched when they are needed, in
 * pinned versions.
 */
import { spawn } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { TorchwrightError } from "../errors";
import { ownPackage } from "../native/package-root";
import { makeFolder } from "../files/make-folder";

/** Those that the prebuilt addons are built with. */
export const BUILD_TOOLS: Readonly<Record<string, string>> = {
  "cmake-js": "8.0.0",
  "node-addon-api": "8.9.2",
  "node-api-headers": "1.9.0",
};

/**
 * A folder whose `node_modules` has the build's packages: this package's own where they are installed (a checkout),
 * otherwise one below `cache`, filled by `npm install` where it is not filled yet.
 *
 * @throws TorchwrightError ERR_FETCH_FAILED where npm does not get them
 */
export async function buildTools(
  cache: string,
  say: (line: string) => void,
  own: string = ownPackage.root,
): Promise<string> {
  const packages = Object.entries(BUILD_TOOLS).map(([name, version]) => `${name}@${version}`);
  const fetched = path.join(cache, "build-tools", packages.map((text) => text.replace(/^.*@/, "")).join("-"));
  for (const folder of [own, fetched]) if (hasTools(folder)) return folder;

  say(`fetching ${packages.join(", ")} with npm into ${fetched}`);
  await makeFolder(fetched);
  writeFileSync(path.join(fetched, "package.json"), '{ "private": true }\n');
  const problem = await npmInstall(fetched, packages);
  if (problem === undefined && hasTools(fetched)) return fetched;
  rmSync(fetched, { recursive: true, force: true });
  throw new TorchwrightError(
    "ERR_FETCH_FAILED",
    `build: expected npm to fetch ${packages.join(", ")}, got: ${problem ?? "no error, but not the packages either"}. ` +
      `Where the registry cannot be reached, run this in ${fetched} on a machine that reaches it, and copy the folder here: npm install ${packages.join(" ")}`,
  );
}

function hasTools(folder: string): boolean {
  return Object.entries(BUILD_TOOLS).every(([name, version]) => installedVersion(folder, name) === version);
}

function installedVersion(folder: string, name: string): string | undefined {
  try {
    return (
      JSON.parse(readFileSync(path.join(folder, "node_modules", name, "package.json"), "utf8")) as { version: string }
    ).version;
  } catch {
    return undefined; // not there
  }
}

/** Undefined when it ended well, otherwise its last words. */
function npmInstall(folder: string, packages: readonly string[]): Promise<string | undefined> {
  const args = [
    "install",
    "--no-save",
    "--no-package-lock",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--loglevel",
    "error",
    ...packages,
  ];
  return new Promise((resolve) => {
    // npm is a .cmd on Windows, which only a shell runs.
    const child = spawn("npm", args, {
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
      shell: process.platform === "win32",
    });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-2000)));
    child.on("error", (error) => resolve(`npm could not be run (${error.message})`));
    child.on("close", (code) =>
      resolve(
        code === 0 ? undefined : stderr.trim().split("\n").slice(0, 3).join("; ") || `npm ended with code ${code}`,
      ),
    );
  });
}
