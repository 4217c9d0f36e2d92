/** The folder of a model that is given as a path or as its name on the hub. */
import { existsSync } from "node:fs";
import { fetchModel } from "./fetch-model";
import { isHubName } from "./hub-name";
import type { HubOptions } from "./options";
import type { FileSelection } from "./selection";

/**
 * A folder with the selected files. What is a path, or the name of something that is there, is given back as it is,
 * whether or not it exists, and no network is touched. Anything else is a model's name: its files are taken from the
 * cache or downloaded into it, and the folder is the commit's in the cache.
 *
 * A pinned commit that is in the cache needs no network; of a branch or tag the hub is asked which commit it is now.
 * Where it is not reached, the commit that the cache knows is used, with a warning.
 *
 * @throws TorchwrightError ERR_HUB_…, ERR_CHECKSUM, ERR_DISK_FULL, ERR_FILE_WRITE, ERR_INVALID_ARG; what the selection
 *   refuses; the reason of the signal
 */
export async function modelFolder(
  operation: string,
  given: string,
  options: HubOptions,
  selection: FileSelection,
): Promise<string> {
  return !isHubName(given) || existsSync(given) ? given : fetchModel(operation, given, options, selection);
}
