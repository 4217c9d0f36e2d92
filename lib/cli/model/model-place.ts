/** Where a model is that is named on the command line: its folder, or that of the cache for a name on the hub. */
import type { HubOptions } from "../../hub/options";
import { type FileSelection, together } from "../../hub/selection";
import { MODEL_FILES } from "../../models/hub-files";
import { openFolder } from "../../text/open-folder";
import { TOKENIZER_SELECTION } from "../../text/tokenizer-files";
import type { Settings } from "../settings/config-file";
import { HUB_SETTINGS } from "../settings/hub-settings";
import { pick } from "../settings/pick";

export interface Place {
  readonly model: string;
  readonly tokenizer: string;
}

/** Of a model and its tokenizer, which is the model's own where no other is asked for. Throws what `fromPretrained` throws of a hub. */
export async function placeOf(operation: string, model: string, settings: Settings): Promise<Place> {
  const other = settings["tokenizer"] as string | undefined;
  const hub = pick(settings, HUB_SETTINGS) as HubOptions;
  const open = (given: string, selection: FileSelection): Promise<string> => openFolder(operation, given, hub, selection);
  if (other === undefined) {
    const folder = await open(model, together(MODEL_FILES, TOKENIZER_SELECTION));
    return { model: folder, tokenizer: folder };
  }
  return { model: await open(model, MODEL_FILES), tokenizer: await open(other, TOKENIZER_SELECTION) };
}
