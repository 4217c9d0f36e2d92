/** The pinned release: where its archives are, how large they are, and their checksums. */
import { PINNED_VERSION } from "../native/locate";

export type Variant = "cpu" | "cu130";

export const VARIANTS: readonly Variant[] = ["cpu", "cu130"];

/** Index of PyTorch's own wheels, asked after the user's pip configuration. */
export const WHEEL_INDEX = "https://download.pytorch.org/whl";

/** A wheel or archive of the CPU build is a fifth of this; a CUDA build is larger than this. */
export const CPU_SIZE_LIMIT = 450e6;

export interface Archive {
  readonly url: string;
  /** Undefined where no checksum is known: such an archive is not taken without `--sha256`. */
  readonly sha256?: string;
  readonly bytes?: number;
}

const HOST = "https://download.pytorch.org/libtorch";

/** Checksums that at least two independent projects pin for the same file; others are left out. */
const PINNED: Readonly<Record<string, Archive>> = {
  "linux-x64-cpu": {
    url: `${HOST}/cpu/libtorch-shared-with-deps-2.13.0%2Bcpu.zip`,
    sha256: "edbf4cbed78433d803e90a65f1752e57783d164bce66c95c0872b2ab8f5c159e",
    bytes: 126_385_248,
  },
  "linux-x64-cu130": {
    url: `${HOST}/cu130/libtorch-shared-with-deps-2.13.0%2Bcu130.zip`,
    sha256: "945c5a3d946a28b387ad9dc9fddda7ba03e35fae1375b84ebff15df789436f82",
    bytes: 500_687_821,
  },
  "darwin-arm64-cpu": {
    url: `${HOST}/cpu/libtorch-macos-arm64-2.13.0.zip`,
    sha256: "1e10c6c4dc2764150c9fb2ad28e1889191302734e7f939108e5d2f22f21a06f8",
    bytes: 88_779_559,
  },
  "win32-x64-cpu": { url: `${HOST}/cpu/libtorch-win-shared-with-deps-2.13.0%2Bcpu.zip` },
  "win32-x64-cu130": { url: `${HOST}/cu130/libtorch-win-shared-with-deps-2.13.0%2Bcu130.zip` },
};

/** The official archive for a platform, or undefined where PyTorch publishes none. */
export function officialArchive(variant: Variant, platform = `${process.platform}-${process.arch}`): Archive | undefined {
  return PINNED[`${platform}-${variant}`];
}

/** Name of the folder in the cache. */
export function folderName(variant: string, version: string = PINNED_VERSION): string {
  return `libtorch-${version}-${variant}`;
}
