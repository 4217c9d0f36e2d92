/**
 * The places libtorch is downloaded from: the official archive, and the wheel. Each fills a folder, or says why it
 * cannot.
 */
import { execFileSync } from "node:child_process";
import { rm } from "node:fs/promises";
import path from "node:path";
import { PINNED_VERSION } from "../native/locate";
import { requireSpace } from "./disk";
import { download } from "./download";
import { withoutPassword } from "./http";
import { announcedSize, downloadWheel, resolveWithPip } from "./pip";
import type { Candidate, PipOptions } from "./pip";
import { CPU_SIZE_LIMIT, UNPACKED_BYTES, wheelIndex } from "./release";
import type { Archive, Variant } from "./release";
import { unpack } from "./unpack";

export interface Work {
  /** Empty folder to fill; renamed into the cache when its contents prove right. */
  readonly staging: string;
  /** Where downloads are kept until they are unpacked, so that they can be resumed. */
  readonly downloads: string;
  readonly quiet: boolean;
  /** Told of every piece that comes over the network, in bytes. */
  readonly received: (bytes: number) => void;
}

export interface Source {
  readonly name: string;
  /** @throws TorchwrightError ERR_DISK_FULL, ERR_FILE_WRITE; a plain Error where another source may do better */
  fill(work: Work): Promise<void>;
}

/** The official archive, or a mirror's copy of it. */
export function archiveSource(archive: Archive | undefined, variant: Variant, sha256 = archive?.sha256): Source {
  return {
    name: `libtorch archive ${withoutPassword(archive?.url ?? "")}`.trim(),
    async fill({ staging, downloads, quiet, received }) {
      if (!archive) throw new Error(`PyTorch publishes none for ${process.platform}-${process.arch}`);
      if (sha256 === undefined) throw new Error("no checksum is known for it; give one with --sha256");
      const file = path.join(downloads, decodeURIComponent(path.posix.basename(new URL(archive.url).pathname)));
      await download(archive, file, { sha256, quiet, received, alsoNeeded: UNPACKED_BYTES[variant] });
      await unpack(file, staging, quiet);
      await rm(file, { force: true });
    },
  };
}

export interface WheelOptions {
  readonly python: string;
  readonly variant: Variant;
  /**
   * Whether the requirement names the variant, `torch==2.13.0+cpu`: PyTorch's indexes have such builds, PyPI has not.
   */
  readonly suffixed: boolean;
  /** Host of PyTorch's own index, in place of what the user's pip is configured for. */
  readonly host?: string;
}

/** The torch wheel, resolved by pip. */
export function wheelSource({ python, variant, suffixed, host }: WheelOptions): Source {
  const requirement = `torch==${PINNED_VERSION}${suffixed ? `+${variant}` : ""}`;
  const index = host === undefined ? undefined : wheelIndex(variant, host);
  const options: PipOptions = { python, args: index === undefined ? [] : ["--index-url", index] };
  return {
    name: `pip ${index === undefined ? "as configured" : `with ${withoutPassword(index)}`}, ${requirement}`,
    async fill({ staging, downloads, quiet, received }) {
      const candidates = await resolveWithPip(requirement, { ...options, deps: variant !== "cpu" });
      const torch = candidates.find((candidate) => candidate.name === "torch");
      if (!torch) throw new Error("pip's report names no torch");
      checkBuild(torch, variant);
      // NVIDIA's libraries lie beside torch/, where the CUDA build's relative paths look for them.
      const wheels = [torch, ...candidates.filter(({ name }) => name.startsWith("nvidia-"))];
      const sizes = await Promise.all(wheels.map((wheel) => announcedSize(wheel)));
      checkSize(sizes[0], variant);
      const transferred = sizes.reduce<number>((sum, bytes, at) => sum + (isLocal(wheels[at]) ? 0 : (bytes ?? 0)), 0);
      await requireSpace(staging, transferred + UNPACKED_BYTES[variant], "setup: wheels and what is unpacked");
      // All before the first is unpacked: what is cut short is then resumed wheel by wheel.
      const files: string[] = [];
      for (const [at, wheel] of wheels.entries()) {
        files.push(
          await downloadWheel(wheel, downloads, {
            ...options,
            quiet,
            received,
            ...(sizes[at] !== undefined && { bytes: sizes[at] }),
          }),
        );
      }
      for (const file of files) await unpack(file, staging, quiet);
      for (const file of files) {
        // What was fetched lies in a folder of its own; a wheel of the user's is left where it is.
        if (path.dirname(path.dirname(file)) === downloads) {
          await rm(path.dirname(file), { recursive: true, force: true });
        }
      }
    },
  };
}

function isLocal(wheel: Candidate | undefined): boolean {
  return wheel?.url.startsWith("file:") ?? false;
}

/** A CUDA build is gigabytes: what pip would take is looked at before it is taken. */
function checkBuild(torch: Candidate, variant: Variant): void {
  const got = candidateVariant(torch);
  if (got !== variant) throw new Error(`it would take the ${got} build (${torch.version}), not ${variant}`);
}

function checkSize(bytes: number | undefined, variant: Variant): void {
  if (variant === "cpu" && bytes !== undefined && bytes > CPU_SIZE_LIMIT) {
    throw new Error(`it would take ${Math.round(bytes / 1e6)} MB, which is no CPU build`);
  }
}

function candidateVariant(torch: Candidate): string {
  const suffix = torch.version.split("+")[1];
  if (suffix !== undefined) return suffix;
  const toolkit = torch.requires.find((name) => /^nvidia-.*-cu\d+$/.test(name));
  if (toolkit !== undefined || torch.requires.includes("cuda-toolkit")) {
    return toolkit?.endsWith("cu13") ? "cu130" : "CUDA";
  }
  return "cpu";
}

/** The Python that is asked: the one named, `PYTHON`, or the one on the path. */
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
