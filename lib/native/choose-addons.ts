/**
 * Chooses libtorch and addons that fit each other: those built on this machine for its release, otherwise the
 * package's.
 */
import { existsSync, realpathSync } from "node:fs";
import path from "node:path";
import { TorchwrightError } from "../errors";
import type { LoaderAddon } from "./addon";
import { builtAddons, notBuilt, packagedAddons } from "./addon-folder";
import type { Libtorch } from "./describe-libtorch";
import { locateLibtorch, majorMinor, SUPPORTED_VERSIONS } from "./locate";
import type { LocateOptions } from "./locate";
import { ownPackage } from "./package-root";

export interface Chosen {
  readonly folder: string;
  readonly loader: LoaderAddon;
  readonly libtorch: Libtorch;
  /** What stands for this copy of the package: two copies may share addons that were built on this machine. */
  readonly owner: string;
}

/** @throws TorchwrightError ERR_ADDON_NOT_BUILT, ERR_LIBTORCH_NOT_FOUND, ERR_LIBTORCH_VERSION */
export function chooseAddons(wanted: LocateOptions): Chosen {
  const packaged = openPackaged();
  const usable = packaged instanceof TorchwrightError ? undefined : packaged;
  let libtorch: Libtorch;
  try {
    libtorch = locateLibtorch({ ...(usable && { version: usable.loader.headersVersion }), ...wanted });
  } catch (error) {
    // Where both are missing, the addons come first: they may not exist for this system at all.
    throw packaged instanceof TorchwrightError ? packaged : error;
  }
  const built = process.env.TORCHWRIGHT_ADDONS ? undefined : builtAddons(libtorch.version);
  if (built !== undefined) {
    return { ...openLoader(built), libtorch, owner: `${realpathSync(ownPackage.root)} (addons in ${built})` };
  }
  if (packaged instanceof TorchwrightError) throw packaged;
  checkVersion(libtorch, packaged.loader.headersVersion);
  return { ...packaged, libtorch, owner: realpathSync(packaged.folder) };
}

/** Opens one of the addons in a folder. @throws TorchwrightError ERR_ADDON_NOT_BUILT */
export function requireAddon<T>(folder: string, name: string): T {
  const file = path.join(folder, name);
  if (!existsSync(file)) throw notBuilt(`${file} is missing`, undefined);
  try {
    return ownPackage.require(file) as T;
  } catch (cause) {
    throw notBuilt(`${file} could not be opened (${reason(cause)})`, cause);
  }
}

/** The first line of what an error says. */
export function reason(cause: unknown): string {
  return cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause);
}

/** The error is a value: addons built on this machine may stand in for what cannot be opened. */
function openPackaged(): Pick<Chosen, "folder" | "loader"> | TorchwrightError {
  try {
    return openLoader(packagedAddons());
  } catch (error) {
    if (error instanceof TorchwrightError) return error;
    throw error;
  }
}

function openLoader(folder: string): Pick<Chosen, "folder" | "loader"> {
  return { folder, loader: requireAddon<LoaderAddon>(folder, "loader.node") };
}

function checkVersion(libtorch: Libtorch, headers: string): void {
  const release = majorMinor(libtorch.version);
  const supported = SUPPORTED_VERSIONS.includes(release);
  if (release === majorMinor(headers) && supported) return;
  const build = supported
    ? `build the addon for this one: LIBTORCH=${libtorch.root} npx torchwright build (in a checkout, npm run compile)`
    : `build the addon for another of ${SUPPORTED_VERSIONS.join(", ")}: npx torchwright build (in a checkout, npm run compile)`;
  throw new TorchwrightError(
    "ERR_LIBTORCH_VERSION",
    `libtorch: expected version ${majorMinor(headers)} (the addon was built with ${headers}), got ${libtorch.version} in ` +
      `${libtorch.root}. Fetch the right one (npx torchwright setup), point LIBTORCH to it, or ${build}.`,
  );
}
