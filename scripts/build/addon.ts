/** Builds both addons of a checkout, by default into `build/Release`. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { buildWithCMake, environmentSettings, isComplete } from "../../lib/build/cmake";
import { checkBuildTools } from "../../lib/build/prerequisites";
import type { Libtorch } from "../../lib/native/describe-libtorch";
import { hashOf } from "../../lib/native/source-hash";
import { isStamped, removeStamp, writeStamp } from "./stamp";

/** Another build beside the usual one. */
export interface BuildVariant {
  /** Folder below the checkout. */
  readonly folder: string;
  /** Settings for CMake, as `NAME=VALUE`. */
  readonly defines: readonly string[];
}

const USUAL: BuildVariant = { folder: "build", defines: [] };

/** Builds what is not there yet for these sources and this libtorch; says whether it did. */
export async function buildAddon(
  root: string,
  libtorch: Libtorch,
  force: boolean,
  variant: BuildVariant = USUAL,
): Promise<boolean> {
  const out = path.join(root, variant.folder);
  const stamp = path.join(out, "addon.stamp");
  const packages = ["node-addon-api", "node-api-headers", "cmake-js"].map((name) => `${name} ${versionOf(root, name)}`);
  const words = [...packages, ...variant.defines, libtorch.version, process.platform, process.arch];
  const hash = hashOf(root, ["binding"], [...words, ...environmentSettings().words]);
  if (!force && isComplete(out) && isStamped(stamp, hash)) return false;

  checkBuildTools();
  removeStamp(stamp);
  const defines = ["TORCHWRIGHT_WERROR=ON", ...variant.defines];
  await buildWithCMake({ sources: path.join(root, "binding"), out, libtorch, tools: root, defines });
  writeStamp(stamp, hash);
  return true;
}

function versionOf(root: string, name: string): string {
  const file = path.join(root, "node_modules", name, "package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
