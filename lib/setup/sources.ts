/** The places libtorch can come from. Each puts its parts into a folder, or says why it cannot. */
import { execFileSync } from "node:child_process";
import { constants } from "node:fs";
import { cp, readdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import { PINNED_VERSION, locateLibtorch } from "../native/locate";
import { describeLibtorch } from "../native/describe-libtorch";
import { checksumProblem, download } from "./download";
import { announcedSize, downloadWithPip, resolveWithPip } from "./pip";
import type { Candidate, PipOptions } from "./pip";
import type { Archive, Variant } from "./release";
import { CPU_SIZE_LIMIT, WHEEL_INDEX } from "./release";
import { unpack } from "./unpack";

export interface Work {
  /** Empty folder to fill; renamed into the cache when its contents prove right. */
  readonly staging: string;
  /** Where downloads are kept until they are unpacked, so that they can be resumed. */
  readonly downloads: string;
  readonly quiet: boolean;
}

export interface Source {
  readonly name: string;
  fill(work: Work): Promise<void>;
}

/** A folder or archive that the user names. */
export function namedSource(from: string, sha256: string | undefined): Source {
  return {
    name: `what was named, ${from}`,
    async fill({ staging, quiet }) {
      const found = await stat(from).catch(() => undefined);
      if (!found) throw new Error("does not exist");
      if (found.isDirectory()) return copyFolder(from, staging);
      if (sha256 !== undefined) {
        const problem = await checksumProblem(from, sha256);
        if (problem !== undefined) throw new Error(problem);
      }
      await unpack(from, staging, quiet);
    },
  };
}

/** The torch that a Python has installed. */
export function pythonSource(python: string): Source {
  return {
    name: `torch installed for ${python}`,
    async fill({ staging }) {
      await copyFolder(locateLibtorch({ python }).root, staging);
    },
  };
}

/** The official archive, or a mirror's copy of it. */
export function archiveSource(archive: Archive | undefined, sha256 = archive?.sha256): Source {
  return {
    name: `libtorch archive ${archive?.url ?? ""}`.trim(),
    async fill({ staging, downloads, quiet }) {
      if (!archive) throw new Error(`PyTorch publishes none for ${process.platform}-${process.arch}`);
      if (sha256 === undefined) throw new Error("no checksum is known for it; give one with --sha256");
      const file = path.join(downloads, decodeURIComponent(path.posix.basename(new URL(archive.url).pathname)));
      await download(archive, file, { sha256, quiet });
      await unpack(file, staging, quiet);
      await rm(file, { force: true });
    },
  };
}

/** The torch wheel through pip. `index`: PyTorch's own wheels in place of the user's configuration. */
export function pipSource(python: string, variant: Variant, suffixed: boolean, index: boolean): Source {
  const requirement = `torch==${PINNED_VERSION}${suffixed ? `+${variant}` : ""}`;
  const options: PipOptions = { python, args: index ? ["--index-url", `${WHEEL_INDEX}/${variant}`] : [] };
  return {
    name: `pip ${index ? "with PyTorch's index" : "as configured"}, ${requirement}`,
    async fill({ staging, downloads, quiet }) {
      const candidates = await resolveWithPip(requirement, { ...options, deps: variant !== "cpu" });
      const torch = candidates.find((candidate) => candidate.name === "torch");
      if (!torch) throw new Error("pip's report names no torch");
      await checkCandidate(torch, variant);
      // NVIDIA's libraries lie beside torch/, where the CUDA build's relative paths look for them.
      for (const wheel of [torch, ...candidates.filter(({ name }) => name.startsWith("nvidia-"))]) {
        const file = await downloadWithPip(wheel, downloads, options);
        await unpack(file, staging, quiet);
        // What pip fetched lies in a folder of its own; a wheel of the user's is left where it is.
        if (path.dirname(path.dirname(file)) === downloads) await rm(path.dirname(file), { recursive: true, force: true });
      }
    },
  };
}

/** A CUDA build is gigabytes: what pip would take is looked at before it is taken. */
async function checkCandidate(torch: Candidate, variant: Variant): Promise<void> {
  const got = candidateVariant(torch);
  if (got !== variant) throw new Error(`it would take the ${got} build (${torch.version}), not ${variant}`);
  if (variant !== "cpu") return;
  const bytes = await announcedSize(torch);
  if (bytes !== undefined && bytes > CPU_SIZE_LIMIT) {
    throw new Error(`it would take ${Math.round(bytes / 1e6)} MB, which is no CPU build`);
  }
}

function candidateVariant(torch: Candidate): string {
  const suffix = torch.version.split("+")[1];
  if (suffix !== undefined) return suffix;
  const toolkit = torch.requires.find((name) => /^nvidia-.*-cu\d+$/.test(name));
  if (toolkit !== undefined || torch.requires.includes("cuda-toolkit")) return toolkit?.endsWith("cu13") ? "cu130" : "CUDA";
  return "cpu";
}

/** Copies `include`, `lib` and `share`, and NVIDIA's libraries beside it, sharing blocks where the disk can. */
async function copyFolder(from: string, staging: string): Promise<void> {
  const found = describeLibtorch(from);
  if (typeof found === "string") throw new Error(found);
  const target = path.join(staging, path.basename(found.root) === "libtorch" ? "libtorch" : "torch");
  const options = { recursive: true, dereference: true, mode: constants.COPYFILE_FICLONE };
  for (const name of await readdir(found.root)) {
    if (!["include", "lib", "share", "version.py", "build-version", "build-hash"].includes(name)) continue;
    await cp(path.join(found.root, name), path.join(target, name), options);
  }
  const nvidia = path.join(found.root, "..", "nvidia");
  if (found.variant.startsWith("cu") && (await stat(nvidia).catch(() => undefined))) {
    await cp(nvidia, path.join(staging, "nvidia"), options);
  }
}

/** The Python whose pip is asked: `--python`, `PYTHON`, or the one on the path. */
export function findPython(named: string | undefined, env: NodeJS.ProcessEnv = process.env): string {
  if (named !== undefined) return named;
  if (env.PYTHON) return env.PYTHON;
  for (const name of ["python3", "python"]) {
    try {
      execFileSync(name, ["--version"], { stdio: "ignore", timeout: 10_000 });
      return name;
    } catch {
      // not this one
    }
  }
  return "python3";
}
