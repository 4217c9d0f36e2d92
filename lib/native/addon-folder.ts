/**
 * Where the addons may lie: built on this machine for a release of libtorch, prebuilt in the package, built in a
 * checkout.
 */
import { existsSync } from "node:fs";
import path from "node:path";
import { TorchwrightError } from "../errors";
import { cacheFolder, majorMinor } from "./locate";
import { ownPackage } from "./package-root";
import { hashOf } from "./source-hash";
import { isMusl, PREBUILT_FOR, systemName } from "./system";

/** The loader, and the addon that it makes room for. */
export const ADDONS = ["loader.node", "torchwright.node"] as const;

/** Folder of the cache below which addons built on this machine lie. */
function builtAddonsCache(env: NodeJS.ProcessEnv = process.env): string {
  return path.join(cacheFolder(env), "addons");
}

/**
 * Folder for the addons built from these sources for a release of libtorch. Another version of this package, or a
 * checkout whose sources have changed, has another one.
 */
export function builtAddonsFolder(libtorchVersion: string, env: NodeJS.ProcessEnv = process.env): string {
  const sources = hashOf(ownPackage.root, ["binding"], [ownPackage.version]).slice(0, 12);
  return path.join(
    builtAddonsCache(env),
    `libtorch-${majorMinor(libtorchVersion)}-${process.platform}-${process.arch}-${sources}`,
  );
}

/** The addons that `torchwright build` made for this release, if it has. */
export function builtAddons(libtorchVersion: string): string | undefined {
  // Looked at first, because hashing reads every source.
  if (!existsSync(builtAddonsCache()) || !existsSync(path.join(ownPackage.root, "binding"))) return undefined;
  const folder = builtAddonsFolder(libtorchVersion);
  return ADDONS.every((name) => existsSync(path.join(folder, name))) ? folder : undefined;
}

/**
 * The addons that came with this package, or those of a checkout's build. `TORCHWRIGHT_ADDONS` names another build,
 * such as the sanitized one.
 *
 * @throws TorchwrightError ERR_ADDON_NOT_BUILT
 */
export function packagedAddons(): string {
  if (process.env.TORCHWRIGHT_ADDONS) return path.resolve(process.env.TORCHWRIGHT_ADDONS);
  // node-gyp-build would take build/Release first.
  const prebuilt = path.join(ownPackage.root, "prebuilds", `${process.platform}-${process.arch}`);
  if (existsSync(path.join(prebuilt, "loader.node"))) return prebuilt;
  const nodeGypBuild = ownPackage.require("node-gyp-build") as { resolve(folder: string): string };
  try {
    return path.dirname(nodeGypBuild.resolve(ownPackage.root));
  } catch (cause) {
    throw notBuilt(`found neither in prebuilds/${process.platform}-${process.arch} nor in build/Release`, cause);
  }
}

/** An ERR_ADDON_NOT_BUILT that says what is supported and how to build. */
export function notBuilt(what: string, cause: unknown): TorchwrightError {
  return new TorchwrightError(
    "ERR_ADDON_NOT_BUILT",
    `native addon: expected loader.node and torchwright.node in ${ownPackage.root}, ${what}.\n` +
      `Prebuilt addons are for ${PREBUILT_FOR}; this is ${systemName()}.\n` +
      `Build them here from source: npx torchwright build (needs a C++20 compiler and cmake; in a checkout, npm install).${muslHint()}`,
    { cause },
  );
}

/** A sentence for Alpine's users; empty elsewhere. */
export function muslHint(): string {
  if (!isMusl()) return "";
  return "\nlibtorch as PyTorch publishes it needs glibc as well: take an image with glibc (Debian's node:22-slim, say), or a libtorch of your own built for musl, named with LIBTORCH.";
}
