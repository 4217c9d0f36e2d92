/** What an install in a checkout does first: finds libtorch where it may be, or fetches it where that is allowed. */
import { TorchwrightError } from "../../lib/errors";
import type { Libtorch } from "../../lib/native/describe-libtorch";
import { SUPPORTED_VERSIONS, locateLibtorch, majorMinor } from "../../lib/native/locate";
import { fetchLibtorch, sourcesFor } from "../../lib/setup/fetch";
import { findPython } from "../../lib/setup/sources";
import { checkBuildTools, pipProblem } from "../../lib/build/prerequisites";

/**
 * The libtorch to build against; undefined where there is none and TORCHWRIGHT_SKIP_DOWNLOAD=1 forbids to fetch it.
 *
 * @throws TorchwrightError ERR_LIBTORCH_NOT_FOUND, ERR_LIBTORCH_VERSION for what LIBTORCH names, ERR_PREREQUISITE,
 *   ERR_FETCH_FAILED, ERR_DISK_FULL, ERR_FILE_WRITE
 */
export async function findOrFetch(
  say: (line: string) => void,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Libtorch | undefined> {
  try {
    const found = locateLibtorch({}, env);
    if (SUPPORTED_VERSIONS.includes(majorMinor(found.version))) return found;
    throw new TorchwrightError(
      "ERR_LIBTORCH_VERSION",
      `libtorch: expected a release of ${SUPPORTED_VERSIONS.join(", ")}, got ${found.version} in ${found.root}. ` +
        "Point LIBTORCH to another one, or unset it and the pinned release is fetched.",
    );
  } catch (error) {
    const absent = error instanceof TorchwrightError && error.code === "ERR_LIBTORCH_NOT_FOUND";
    // What LIBTORCH names is asked for: a wrong folder is not papered over by a download.
    if (!absent || env.LIBTORCH) throw error;
  }
  if (env.TORCHWRIGHT_SKIP_DOWNLOAD === "1") {
    say(
      "TORCHWRIGHT_SKIP_DOWNLOAD=1: libtorch was not fetched and the addon is not built. What to do: " +
        "LIBTORCH=<folder of libtorch or of the Python package torch> npm install, or " +
        "npm run torchwright -- setup --from <folder, archive or python> && npm install",
    );
    return undefined;
  }
  // Before the transfer: what is missing for the build is better known now than minutes later.
  checkBuildTools();
  const problem = pipProblem(findPython(undefined, env));
  if (problem !== undefined) say(`the pip source of libtorch will not work: ${problem}`);
  return (await fetchLibtorch({}, sourcesFor({}, env), env)).libtorch;
}
