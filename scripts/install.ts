/**
 * From a checkout to something that runs: checks what the machine needs, finds or fetches libtorch,
 * builds the addon and the JavaScript. What is done already is not done again. `--force` builds anew.
 */
import { existsSync, rmSync } from "node:fs";
import path from "node:path";
import { TorchwrightError } from "../lib/errors";
import type { Libtorch } from "../lib/native/describe-libtorch";
import { SUPPORTED_VERSIONS, locateLibtorch, majorMinor } from "../lib/native/locate";
import { buildAddon } from "./build/addon";
import { buildDist } from "./build/dist";
import { checkBuildTools, pipProblem } from "./build/prerequisites";
import { fetchLibtorch } from "./libtorch/fetch";
import { findPython } from "./libtorch/sources";

const root = path.join(__dirname, "..");

function say(line: string): void {
  console.error(`torchwright: ${line}`);
}

async function install(force: boolean): Promise<void> {
  checkBuildTools();
  const libtorch = await findOrFetch();
  if (libtorch) {
    say(`libtorch ${libtorch.version} ${libtorch.variant} in ${libtorch.root}`);
    if (await buildAddon(root, libtorch, force)) {
      say("built build/Release/loader.node and torchwright.node");
      removeOldPrebuilds();
    }
  }
  if (await buildDist(root, force)) say("compiled dist/");
  if (libtorch) say("ready");
}

async function findOrFetch(): Promise<Libtorch | undefined> {
  try {
    const found = locateLibtorch();
    if (SUPPORTED_VERSIONS.includes(majorMinor(found.version))) return found;
    throw new TorchwrightError(
      "ERR_LIBTORCH_VERSION",
      `libtorch: expected a release of ${SUPPORTED_VERSIONS.join(", ")}, got ${found.version} in ${found.root}. ` +
        "Point LIBTORCH to another one, or unset it and the pinned release is fetched.",
    );
  } catch (error) {
    const absent = error instanceof TorchwrightError && error.code === "ERR_LIBTORCH_NOT_FOUND";
    // What LIBTORCH names is asked for: a wrong folder is not papered over by a download.
    if (!absent || process.env.LIBTORCH) throw error;
  }
  if (process.env.TORCHWRIGHT_SKIP_DOWNLOAD === "1") {
    say(
      "TORCHWRIGHT_SKIP_DOWNLOAD=1: libtorch was not fetched and the addon is not built. What to do: " +
        "LIBTORCH=<folder of libtorch or of the Python package torch> npm install, or " +
        "npm run fetch-libtorch -- --from <archive or folder> && npm install",
    );
    return undefined;
  }
  const problem = pipProblem(findPython(undefined));
  if (problem !== undefined) say(`the pip source of libtorch will not work: ${problem}`);
  return fetchLibtorch();
}

/** A prebuilt addon is loaded in preference, and would hide the one just built. */
function removeOldPrebuilds(): void {
  const folder = path.join(root, "prebuilds", `${process.platform}-${process.arch}`);
  if (!existsSync(folder)) return;
  rmSync(folder, { recursive: true });
  say(`removed ${path.relative(root, folder)}, which is older than this build; npm run prebuild writes it again`);
}

install(process.argv.includes("--force")).catch((error: unknown) => {
  console.error(`\ntorchwright: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
