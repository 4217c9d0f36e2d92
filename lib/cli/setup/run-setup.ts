/** What `torchwright setup` does: the choice of a build, the fetch, and what is told of it. */
import type { LoaderAddon } from "../../native/addon";
import { packagedAddons } from "../../native/addon-folder";
import { requireAddon } from "../../native/choose-addons";
import { locateLibtorch } from "../../native/locate";
import type { LocateOptions } from "../../native/locate";
import { gigabytes } from "../../setup/disk";
import { fetchLibtorch, sourcesFor } from "../../setup/fetch";
import type { Fetched, FetchOptions } from "../../setup/fetch";
import { listInstalled, removeInstalled } from "../../setup/installed";
import { chooseVariant, nvidiaDriver } from "../../setup/nvidia";
import { printResult, say } from "../output/print";
import { asUsage } from "../usage-error";
import { inventoryText } from "./inventory-text";

/** As commander parses them. */
export interface SetupFlags {
  readonly cpu?: boolean;
  readonly cuda?: boolean;
  readonly from?: string;
  readonly mirror?: string;
  readonly sha256?: string;
  readonly force?: boolean;
  readonly quiet?: boolean;
  readonly list?: boolean;
  readonly remove?: string;
  readonly json?: boolean;
}

/** Runs the command to its end; the result goes to standard output. */
export async function runSetup(flags: SetupFlags): Promise<void> {
  if (flags.remove !== undefined) {
    const removed = await removeInstalled(flags.remove);
    return printResult(flags.json, { removed }, () =>
      removed.length > 0 ? `removed ${removed.join(", ")}` : "nothing to remove",
    );
  }
  if (flags.list) {
    const inventory = await listInstalled(fittingRelease());
    return printResult(flags.json, inventory, () => inventoryText(inventory));
  }
  const { from, mirror, sha256, force, quiet } = flags;
  const choice = chosenBuild(flags);
  if (choice.told) {
    say(
      `taking the ${choice.variant === "cpu" ? "CPU" : "CUDA"} build: ${choice.reason} (${choice.variant === "cpu" ? "--cuda" : "--cpu"} takes the other)`,
    );
  }
  const options: FetchOptions = {
    ...(choice.variant !== undefined && { variant: choice.variant }),
    ...(from !== undefined && { from }),
    ...(mirror !== undefined && { mirror }),
    ...(sha256 !== undefined && { sha256 }),
    ...(force && { force }),
    ...(quiet && { quiet }),
    log: say,
  };
  const began = Date.now();
  const result = await fetchLibtorch(
    options,
    asUsage(() => sourcesFor(options)),
  );
  const seconds = Math.round((Date.now() - began) / 100) / 10;
  tellWhatIsUsed(result);
  const { libtorch, ...rest } = result;
  const { version, variant, root } = libtorch;
  printResult(flags.json, { version, variant, path: root, reason: choice.reason, ...rest, seconds }, () => {
    const how = !result.fetched
      ? "was there"
      : result.downloadedBytes > 0
        ? `downloaded ${gigabytes(result.downloadedBytes)} in ${seconds} s`
        : `took ${seconds} s, nothing was downloaded`;
    return `libtorch ${version} ${variant}: ${root} (${how})`;
  });
}

interface Choice {
  /** Undefined where whatever `--from` names is taken. */
  readonly variant?: "cpu" | "cu130";
  readonly reason: string;
  /** Whether the user did not say it, and is to hear it. */
  readonly told: boolean;
}

function chosenBuild({ cpu, cuda, from }: SetupFlags): Choice {
  if (cpu || cuda) {
    return { variant: cpu ? "cpu" : "cu130", reason: `--${cpu ? "cpu" : "cuda"} was given`, told: false };
  }
  if (from !== undefined) return { reason: "--from was given", told: false };
  return { ...chooseVariant(nvidiaDriver()), told: true };
}

/** Another one may be used than the one just asked for: because LIBTORCH says so, or because CUDA builds come first. */
function tellWhatIsUsed({ libtorch }: Fetched): void {
  let used;
  try {
    used = locateLibtorch(fittingRelease());
  } catch (error) {
    return say(
      `note: programs would not find it: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`,
    );
  }
  if (used.root === libtorch.root) return;
  const why = process.env.LIBTORCH
    ? "which LIBTORCH names"
    : "which comes first; setup --remove removes it, or a program says useLibtorch({ variant })";
  say(`note: programs use libtorch ${used.version} ${used.variant} in ${used.root}, ${why}`);
}

/** Of several releases, the one that the addon was built for is used. */
function fittingRelease(): LocateOptions {
  try {
    return { version: requireAddon<LoaderAddon>(packagedAddons(), "loader.node").headersVersion };
  } catch {
    return {}; // no addon here yet: the pinned release
  }
}
