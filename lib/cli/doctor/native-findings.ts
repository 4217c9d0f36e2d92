/** Findings about libtorch: where it is, whether it is whole, what it needs, whether it opens and trains. */
import path from "node:path";
import { TorchwrightError } from "../../errors";
import { ADDONS, builtAddons } from "../../native/addon-folder";
import type { Libtorch } from "../../native/describe-libtorch";
import { cacheFolder, locateLibtorch, majorMinor } from "../../native/locate";
import { damage } from "../../setup/installed";
import { firstLine } from "./finding";
import type { Finding } from "./finding";
import type { Probed } from "./probe";
import type { OpenAnswer, StepAnswer } from "./probes";
import { remedyFor, unresolvedLibraries } from "./shared-libraries";

/** The libtorch that a program would use; `release`: what the addon was built for. */
export function locate(release: string | undefined): Libtorch | TorchwrightError {
  try {
    return locateLibtorch(release === undefined ? {} : { version: release });
  } catch (error) {
    if (error instanceof TorchwrightError) return error;
    throw error;
  }
}

/** The addons that `torchwright build` made for a libtorch, where a program takes them. */
export function addonsBuiltFor({ version }: Libtorch): string | undefined {
  return process.env.TORCHWRIGHT_ADDONS ? undefined : builtAddons(version);
}

export async function libtorchFinding(
  located: Libtorch | TorchwrightError,
  release: string | undefined,
): Promise<Finding> {
  const name = "libtorch";
  if (located instanceof TorchwrightError) {
    const looked = Array.isArray(located.cause) ? (located.cause as string[]) : [located.message];
    return {
      name,
      status: "problem",
      text: firstLine(`none found: ${looked.join("; ")}`),
      remedy: "npx torchwright setup",
      details: { looked },
    };
  }
  const { root, version, variant } = located;
  const origin = process.env.LIBTORCH ? "named by LIBTORCH" : "in the cache";
  const details = { root, version, variant, origin };
  const described = `${version} ${variant}, ${origin}, ${root}`;
  const broken = process.env.LIBTORCH ? undefined : await damage(installFolder(root));
  if (broken !== undefined) {
    return { name, status: "problem", text: `${described}: ${broken}`, remedy: setupAgain(located), details };
  }
  const fits =
    release === undefined || majorMinor(release) === majorMinor(version) || addonsBuiltFor(located) !== undefined;
  if (fits) return { name, status: "ok", text: described, details };
  const remedy = process.env.LIBTORCH
    ? "unset LIBTORCH, or npx torchwright build compiles an addon for it"
    : "npx torchwright setup fetches the one that fits";
  return {
    name,
    status: "problem",
    text: `${described}: expected ${majorMinor(release)}, which the addon was built for`,
    remedy,
    details,
  };
}

/** Folder of the cache that holds `root`. */
function installFolder(root: string): string {
  const cache = cacheFolder();
  return path.join(cache, path.relative(cache, root).split(path.sep)[0] ?? "");
}

function setupAgain({ variant }: Libtorch): string {
  if (process.env.LIBTORCH) return "name another with LIBTORCH, or unset it and npx torchwright setup fetches one";
  return `npx torchwright setup --${variant === "cpu" ? "cpu" : "cuda"} --force`;
}

export function librariesFinding(libtorch: Libtorch, packaged: string | undefined): Finding {
  const name = "libraries";
  const addons = addonsBuiltFor(libtorch) ?? packaged;
  const answers = [
    unresolvedLibraries(libtorch.library),
    ...(addons === undefined
      ? []
      : ADDONS.map((file) => unresolvedLibraries(path.join(addons, file), libtorch.libDir))),
  ];
  const known = answers.filter((answer) => answer !== undefined);
  if (known.length === 0) {
    return { name, status: "note", text: `not looked at on ${process.platform}: only glibc's loader can be asked` };
  }
  const missing = [...new Set(known.flatMap((answer) => answer.missing))];
  const complaints = [...new Set(known.flatMap((answer) => answer.complaints))];
  const details = { missing, complaints };
  if (missing.length > 0) {
    return {
      name,
      status: "problem",
      text: firstLine(`not found: ${missing.join(", ")}`),
      remedy: remedyFor(missing),
      details,
    };
  }
  if (complaints.length > 0) {
    return { name, status: "problem", text: firstLine(complaints[0] ?? ""), remedy: setupAgain(libtorch), details };
  }
  return { name, status: "ok", text: "all that libtorch and the addon need are found", details };
}

export function openingFinding(probed: Probed<OpenAnswer>): Finding {
  const name = "opening";
  if (probed.ok) {
    return {
      name,
      status: "ok",
      text: `libtorch and the addon open, in a process of their own`,
      details: { addons: probed.value.addons },
    };
  }
  const text = firstLine(
    probed.code === undefined ? `a process that opens libtorch and the addon ${probed.ending}` : probed.ending,
  );
  return { name, status: "problem", text, remedy: remedyOf(probed), details: { ...probed } };
}

export function stepFinding(device: string, probed: Probed<StepAnswer>): Finding {
  const name = `training on ${device}`;
  if (probed.ok) {
    const { lossBefore, lossAfter } = probed.value;
    return {
      name,
      status: "ok",
      text: `a step of AdamW took the loss from ${lossBefore.toFixed(3)} to ${lossAfter.toFixed(3)}`,
      details: { ...probed.value },
    };
  }
  const text = firstLine(probed.code === undefined ? `a process that makes one step ${probed.ending}` : probed.ending);
  return { name, status: "problem", text, remedy: remedyOf(probed), details: { ...probed } };
}

/** An error of ours brings its own remedy in the message; a process that died or hung tells nothing. */
function remedyOf(probed: { readonly ending: string; readonly code?: string }): string {
  if (probed.ending.startsWith("did not end")) {
    return "a slow disk or GPU may need longer: --timeout <seconds>; else npx torchwright setup --force";
  }
  if (probed.code !== undefined) return "see the line of libtorch or of libraries above";
  return "npx torchwright setup --force fetches libtorch again; with one of your own, take another build of it";
}
