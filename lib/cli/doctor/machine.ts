/** Findings about what is here before libtorch: Node, the system, the addon, the disk. */
import { ownPackage } from "../../native/package-root";
import { cacheFolder } from "../../native/locate";
import { PREBUILT_FOR, systemName } from "../../native/system";
import { freeBytes, gigabytes } from "../../setup/disk";
import { UNPACKED_BYTES } from "../../setup/release";
import { firstLine } from "./finding";
import type { Finding } from "./finding";
import type { Probed } from "./probe";
import type { AddonAnswer } from "./probes";

/** As package.json asks for, and the version of N-API that the addons are written for. */
const OLDEST_NODE = [20, 19] as const;
const N_API = 8;

/** Less than this and neither a checkpoint nor a model can be saved for long. */
const LITTLE_BYTES = 1e9;

export function nodeFinding(
  versions: { readonly node: string; readonly napi?: string | undefined } = process.versions,
): Finding {
  const [major = 0, minor = 0] = versions.node.split(".").map(Number);
  const details = { version: versions.node, napi: Number(versions.napi) };
  const recent = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  if (recent && details.napi >= N_API) return { name: "Node", status: "ok", text: versions.node, details };
  return {
    name: "Node",
    status: "problem",
    text: `expected ${OLDEST_NODE.join(".")} or newer, got ${versions.node}`,
    remedy: "install a current one from https://nodejs.org",
    details,
  };
}

/**
 * A system without prebuilt addons is no problem where they were built on it: whether they open is found further down.
 */
export function systemFinding(name: string = systemName()): Finding {
  const details = { system: name };
  const glibc = /^linux-x64 with glibc (\d+)\.(\d+)/.exec(name);
  const prebuilt = glibc !== null && (Number(glibc[1]) > 2 || Number(glibc[2]) >= 28);
  if (prebuilt) return { name: "system", status: "ok", text: name, details };
  return {
    name: "system",
    status: "note",
    text: `${name}; prebuilt addons are for ${PREBUILT_FOR}`,
    remedy: "npx torchwright build compiles them here",
    details,
  };
}

/**
 * `built`: the folder of those that `torchwright build` made for the libtorch here, which are taken before the packaged
 * ones.
 */
export function addonFinding(probed: Probed<AddonAnswer>, built: string | undefined): Finding {
  const name = "addon";
  if (built !== undefined) {
    const origin = "built on this machine";
    return { name, status: "ok", text: `${origin} for this libtorch, in ${built}`, details: { origin, folder: built } };
  }
  if (!probed.ok) {
    const remedy = "install the package again; npx torchwright build compiles it here (in a checkout: npm install)";
    return {
      name,
      status: "problem",
      text: firstLine(`loader.node ${probed.ending}`.replace(/^loader.node native addon:/, "native addon:")),
      remedy,
      details: { ...probed },
    };
  }
  const { folder, release } = probed.value;
  const origin = process.env.TORCHWRIGHT_ADDONS
    ? "named by TORCHWRIGHT_ADDONS"
    : folder.startsWith(`${ownPackage.root}/prebuilds`)
      ? "prebuilt"
      : "built in this checkout";
  return {
    name,
    status: "ok",
    text: `${origin}, for libtorch ${release}, in ${folder}`,
    details: { origin, folder, release },
  };
}

/** `needed`: whether libtorch is still to be fetched. */
export async function diskFinding(needed: boolean, cache: string = cacheFolder()): Promise<Finding> {
  const name = "disk";
  const remedy = "free some, or name another disk: TORCHWRIGHT_CACHE=<folder>";
  try {
    const free = await freeBytes(cache);
    const details = { cache, freeBytes: free };
    const text = `${gigabytes(free)} free for the cache, ${cache}`;
    const wanted = needed ? 2 * UNPACKED_BYTES.cpu : LITTLE_BYTES;
    return free >= wanted
      ? { name, status: "ok", text, details }
      : { name, status: "note", text: `${text}, which is little`, remedy, details };
  } catch (error) {
    return {
      name,
      status: "note",
      text: firstLine(
        `the cache, ${cache}, cannot be looked at: ${error instanceof Error ? error.message : String(error)}`,
      ),
      remedy,
    };
  }
}
