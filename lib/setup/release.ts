/** The pinned release: where its archives are, how large they are, and their checksums. */
import { PINNED_VERSION } from "../native/locate";

export type Variant = "cpu" | "cu130";

export const VARIANTS: readonly Variant[] = ["cpu", "cu130"];

/** PyTorch's own host; a mirror stands in its place and has the same paths below it. */
export const OFFICIAL = "https://download.pytorch.org";

/** A wheel or archive of the CPU build is a fifth of this; a CUDA build is larger than this. */
export const CPU_SIZE_LIMIT = 450e6;

/**
 * Bytes that a build takes in the cache: measured for the CPU's (Linux x86-64, 478 MB), for CUDA's 1.1 GB and NVIDIA's
 * libraries 3.2 GB. For the check of the disk before the transfer; once an archive is there, its own figures are taken.
 */
export const UNPACKED_BYTES: Readonly<Record<Variant, number>> = { cpu: 480e6, cu130: 4.3e9 };

export interface Archive {
  readonly url: string;
  /** Undefined where no checksum is known: such an archive is not taken without `--sha256`. */
  readonly sha256?: string;
  readonly bytes?: number;
}

interface Pinned {
  /** Below the host, as it stands in the URL. */
  readonly path: string;
  readonly sha256?: string;
  readonly bytes?: number;
}

/** Checksums that at least two independent projects pin for the same file; others are left out. */
const PINNED: Readonly<Record<string, Pinned>> = {
  "linux-x64-cpu": {
    path: "libtorch/cpu/libtorch-shared-with-deps-2.13.0%2Bcpu.zip",
    sha256: "edbf4cbed78433d803e90a65f1752e57783d164bce66c95c0872b2ab8f5c159e",
    bytes: 126_385_248,
  },
  "linux-x64-cu130": {
    path: "libtorch/cu130/libtorch-shared-with-deps-2.13.0%2Bcu130.zip",
    sha256: "945c5a3d946a28b387ad9dc9fddda7ba03e35fae1375b84ebff15df789436f82",
    bytes: 500_687_821,
  },
  "darwin-arm64-cpu": {
    path: "libtorch/cpu/libtorch-macos-arm64-2.13.0.zip",
    sha256: "1e10c6c4dc2764150c9fb2ad28e1889191302734e7f939108e5d2f22f21a06f8",
    bytes: 88_779_559,
  },
  "win32-x64-cpu": { path: "libtorch/cpu/libtorch-win-shared-with-deps-2.13.0%2Bcpu.zip" },
  "win32-x64-cu130": { path: "libtorch/cu130/libtorch-win-shared-with-deps-2.13.0%2Bcu130.zip" },
};

/** The official archive for a platform, at PyTorch's host or a mirror's; undefined where PyTorch publishes none. */
export function officialArchive(
  variant: Variant,
  host: string = OFFICIAL,
  platform = `${process.platform}-${process.arch}`,
): Archive | undefined {
  const pinned = PINNED[`${platform}-${variant}`];
  if (!pinned) return undefined;
  const { path, ...checks } = pinned;
  return { url: `${host.replace(/\/+$/, "")}/${path}`, ...checks };
}

/** PyTorch's index of a variant's wheels, at its own host or a mirror's. */
export function wheelIndex(variant: Variant, host: string = OFFICIAL): string {
  return `${host.replace(/\/+$/, "")}/whl/${variant}`;
}

/** Name of the folder in the cache. */
export function folderName(variant: string, version: string = PINNED_VERSION): string {
  return `libtorch-${version}-${variant}`;
}
