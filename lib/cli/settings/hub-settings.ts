/** How a model that is named as on the hub is taken from there. */
import type { HubOptions } from "../../hub/options";
import { SWITCH, textKind } from "./kind";
import type { Spec } from "./setting";

export const HUB_SETTINGS = {
  revision: { kind: textKind("commit"), description: "of a model on the hub: branch, tag or commit", default: "main" },
  localFilesOnly: { kind: SWITCH, description: "of a model on the hub: take it from the cache and touch no network" },
  cacheDir: { kind: textKind("folder"), description: "of downloads; default: that of Hugging Face" },
  endpoint: { kind: textKind("address"), description: "of the hub; default: https://huggingface.co" },
  token: { absent: "others on the machine see command lines: HF_TOKEN says it" },
  progress: { absent: "a line on standard error, where that is a terminal" },
  signal: { absent: "Ctrl-C and SIGTERM end the command" },
} as const satisfies Readonly<Record<keyof HubOptions, Spec>>;
