/**
 * Where a model is that is named on the command line: its folder or file, or the folder of the cache for a name on the
 * hub.
 */
import type { HubOptions } from "../../hub/options";
import { together } from "../../hub/selection";
import { MODEL_FILES } from "../../models/hub-files";
import { openFolder } from "../../text/open-folder";
import { TOKENIZER_SELECTION } from "../../text/tokenizer-files";
import type { Settings } from "../settings/config-file";
import { HUB_SETTINGS } from "../settings/hub-settings";
import { pick } from "../settings/pick";
import { isTorchScriptFile } from "./trainable";

export interface Place {
  readonly model: string;
  readonly tokenizer: string;
}

/** What was said of the hub, for the model that a command is about. */
export function hubOptions(settings: Settings): HubOptions {
  // A run that is to be silent is so from its download on.
  return {
    ...(pick(settings, HUB_SETTINGS) as HubOptions),
    ...(settings["progress"] === "silent" && { progress: "silent" }),
  };
}

/** The same for what comes from another repository beside it: that has branches and commits of its own. */
export function hubOptionsBeside(settings: Settings): HubOptions {
  const { revision: _, ...others } = hubOptions(settings);
  return others;
}

/**
 * Of a model and its tokenizer, which is the model's own where no other is asked for. Throws what `fromPretrained`
 * throws of a hub.
 */
export async function placeOf(operation: string, model: string, settings: Settings): Promise<Place> {
  const other = settings["tokenizer"] as string | undefined;
  const hub = hubOptions(settings);
  if (other === undefined) {
    const folder = await openFolder(operation, model, hub, together(MODEL_FILES, TOKENIZER_SELECTION));
    return { model: folder, tokenizer: folder };
  }
  const folder = isTorchScriptFile(model) ? model : await openFolder(operation, model, hub, MODEL_FILES);
  return {
    model: folder,
    tokenizer: await openFolder(operation, other, hubOptionsBeside(settings), TOKENIZER_SELECTION),
  };
}
